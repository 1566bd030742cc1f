//! How drivers name the interrupts of their queues: one table.
//!
//! A name is matched only among the interrupts of the adapter's own device, so the part of it that names the interface
//! (often by a name that it had before) or the device may be anything.
//!
//! Source: the `request_irq` calls of each driver in Linux 7.1; virtio-net, igb, e1000e and vmxnet3 seen in a guest.

/// What an interrupt serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Serves {
    /// A receive queue and the transmit queue of the same number.
    Both(u16),
    /// A receive queue.
    Receive(u16),
    /// A transmit queue.
    Transmit(u16),
}

/// A pattern: text in front that must not be empty where `*` stands, the queue's number where `#` stands.
struct Name {
    pattern: &'static str,
    make: fn(u16) -> Serves,
}

const fn both(pattern: &'static str) -> Name {
    Name { pattern, make: Serves::Both }
}
const fn rx(pattern: &'static str) -> Name {
    Name { pattern, make: Serves::Receive }
}
const fn tx(pattern: &'static str) -> Name {
    Name { pattern, make: Serves::Transmit }
}

/// Intel's, and whoever copied them: `IF-TxRx-Q`, or apart when there are vectors enough.
const INTEL: [Name; 3] = [both("*-TxRx-#"), rx("*-rx-#"), tx("*-tx-#")];

/// The names of each driver. A driver that is not here has no names that are certain.
const DRIVERS: [(&str, &[Name]); 17] = [
    ("virtio_net", &[rx("*-input.#"), tx("*-output.#")]),
    ("igb", &INTEL),
    ("igc", &INTEL),
    ("ixgbe", &INTEL),
    ("ixgbevf", &INTEL),
    ("i40e", &INTEL),
    ("ice", &INTEL),
    ("iavf", &INTEL),
    ("idpf", &INTEL),
    ("e1000e", &[rx("*-rx-#"), tx("*-tx-#")]),
    ("bnxt_en", &[both("*-TxRx-#"), rx("*-rx-#"), tx("*-tx-#")]),
    ("ena", &[both("*-Tx-Rx-#")]),
    ("mlx5_core", &[both("mlx5_comp#@pci:*")]),
    ("vmxnet3", &[both("*-rxtx-#"), rx("*-rx-#"), tx("*-tx-#")]),
    ("nfp", &[both("*-rxtx-#"), rx("*-rx-#"), tx("*-tx-#")]),
    ("qede", &[both("*-fp-#")]),
    ("mana", &[both("mana_q#@pci:*")]),
];

/// What the interrupt of this name serves, with this driver; `None` for other interrupts and other drivers.
pub(crate) fn serves(driver: &str, name: &str) -> Option<Serves> {
    let (_, names) = DRIVERS.iter().find(|(d, _)| *d == driver)?;
    names.iter().find_map(|n| Some((n.make)(matches(n.pattern, name)?)))
}

/// Whether it is known how a driver names the interrupts of its queues.
pub(crate) fn are_known(driver: &str) -> bool {
    DRIVERS.iter().any(|(d, _)| *d == driver)
}

/// Whether the numbers in a driver's names are those of its queues. Where they count completion vectors, a queue has that
/// of its own number as a rule only; bnxt's transmit queues come after its receive queues where they have rings of their own.
pub(crate) fn count_queues(driver: &str) -> bool {
    are_known(driver) && !matches!(driver, "mlx5_core" | "mana" | "bnxt_en")
}

/// The number that stands in a name where the pattern has `#`.
fn matches(pattern: &str, name: &str) -> Option<u16> {
    let (front, back) = pattern.split_once('#')?;
    let rest = match front.strip_prefix('*') {
        // The last occurrence: an interface may be called anything.
        Some(middle) => {
            let at = name.rfind(middle).filter(|at| *at > 0)?;
            &name[at + middle.len()..]
        }
        None => name.strip_prefix(front)?,
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, rest) = rest.split_at(digits);
    let ends = match back.strip_suffix('*') {
        Some(middle) => rest.starts_with(middle),
        None => rest == back,
    };
    if ends { number.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_real_drivers_are_read() {
        let seen = [
            ("virtio_net", "virtio0-input.7", Some(Serves::Receive(7))),
            ("virtio_net", "virtio12-output.0", Some(Serves::Transmit(0))),
            ("virtio_net", "virtio0-config", None),
            ("igb", "eth1-TxRx-3", Some(Serves::Both(3))),
            ("igb", "eth1-rx-0", Some(Serves::Receive(0))),
            ("igb", "eth1-tx-1", Some(Serves::Transmit(1))),
            ("igb", "eth1", None),
            ("i40e", "i40e-ens1f0np0-TxRx-63", Some(Serves::Both(63))),
            ("ixgbevf", "ens4v1-TxRx-1", Some(Serves::Both(1))),
            ("ixgbevf", "ens4v1", None),
            ("mlx5_core", "mlx5_comp14@pci:0000:3b:00.0", Some(Serves::Both(14))),
            ("mlx5_core", "mlx5_async0@pci:0000:3b:00.0", None),
            ("ena", "ens5-Tx-Rx-1", Some(Serves::Both(1))),
            ("vmxnet3", "ens192-rxtx-2", Some(Serves::Both(2))),
            ("vmxnet3", "ens192-event-8", None),
            // All of its vectors have the interface's name and nothing else.
            ("atlantic", "enp1s0", None),
            // An interface with a misleading name.
            ("igb", "a-rx-1-TxRx-2", Some(Serves::Both(2))),
            ("igb", "-rx-1", None),
            ("igb", "eth0-rx-70000", None),
            ("igb", "eth0-rx-1x", None),
            ("igb", "eth0-rx-", None),
            ("unheard_of", "eth0-TxRx-0", None),
        ];
        for (driver, name, wanted) in seen {
            assert_eq!(serves(driver, name), wanted, "{driver} {name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_panics(name in ".{0,24}") {
            for (driver, _) in DRIVERS {
                serves(driver, &name);
            }
        }
    }
}
