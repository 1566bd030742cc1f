//! What the kernel says of a card, read in one go with programs and files that are not the product's.

use crate::lab::cells::ethtool::{fields_of, parse_channels, parse_rss};
use crate::lab::guest::{Guest, cpu_list};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// The flow types of `ethtool -n` that RSS on Windows has, too.
pub(super) const FLOWS: [&str; 4] = ["tcp4", "udp4", "tcp6", "udp6"];

/// A set of CPU numbers.
pub(super) type Cpus = BTreeSet<u32>;

/// One interrupt vector of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vector {
    pub(super) number: u32,
    pub(super) name: String,
    /// Where it may run.
    pub(super) cpus: Cpus,
}

/// Over how many kernels is shared what depends on none of them.
pub(super) const TURNS: usize = 3;

/// Whose turn it is in the guest that runs.
pub(super) fn turn(guest: &mut Guest) -> Result<usize> {
    let release = guest.expect("uname -r")?;
    Ok(["6.1.", "6.12."].iter().position(|of| release.starts_with(of)).unwrap_or(TURNS - 1))
}

/// The state of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kernel {
    /// Combined channels: the most, and now. None where the driver has no such request.
    pub(super) channels: Option<(u32, u32)>,
    /// Empty where the driver has none.
    pub(super) table: Vec<u32>,
    /// In hexadecimal with colons, where the driver shows it.
    pub(super) key: Option<String>,
    /// Letters of `ethtool -N` by flow type; without those that cannot be read.
    pub(super) fields: BTreeMap<&'static str, String>,
    pub(super) vectors: Vec<Vector>,
    /// By transmit queue; empty sets where there is none.
    pub(super) xps: Vec<Cpus>,
    /// The receive queues of each transmit queue.
    pub(super) xps_rxqs: Vec<BTreeSet<u32>>,
    /// By receive queue.
    pub(super) rps: Vec<Cpus>,
    /// Whether the link is up.
    pub(super) carrier: bool,
    /// Addresses and routes, as iproute2 prints them.
    pub(super) addresses: String,
}

impl Kernel {
    /// Reads an interface that is up.
    pub(super) fn read(guest: &mut Guest, interface: &str) -> Result<Self> {
        let flows = FLOWS.join(" ");
        let script = format!(
            "n={interface}; d=/sys/class/net/$n/device; [ -d $d/msi_irqs ] || d=$d/..\n\
             exec 2>/dev/null\n\
             echo '@channels'; ethtool -l $n; echo '@rss'; ethtool -x $n\n\
             for f in {flows}; do echo \"@fields $f\"; ethtool -n $n rx-flow-hash $f; done\n\
             for i in $d/msi_irqs/*; do i=${{i##*/}}; for a in /proc/irq/$i/*/; do a=${{a%/}}\n\
               c=; read -r c </proc/irq/$i/smp_affinity_list; echo \"@vector $i ${{a##*/}} $c\"; done; done\n\
             for kind in tx rx; do q=0; while [ -d /sys/class/net/$n/queues/$kind-$q ]; do\n\
               f=xps_cpus; [ $kind = tx ] || f=rps_cpus\n\
               c=; read -r c </sys/class/net/$n/queues/$kind-$q/$f; echo \"@$kind $q $c\"\n\
               [ $kind = rx ] || {{ c=; read -r c </sys/class/net/$n/queues/tx-$q/xps_rxqs; echo \"@answers $q $c\"; }}\n\
               q=$((q+1)); done; done\n\
             read -r c </sys/class/net/$n/carrier; echo \"@carrier $c\"\n\
             echo '@addresses'; ip -o address show dev $n; ip route show dev $n; ip -6 route show dev $n\n:"
        );
        Ok(Self::parse(&guest.expect(&script)?))
    }

    fn parse(text: &str) -> Self {
        let mut kernel = Self::default();
        for section in text.split('@').filter(|section| !section.is_empty()) {
            let (head, body) = section.split_once('\n').unwrap_or((section, ""));
            let words: Vec<&str> = head.split_whitespace().collect();
            match words[..] {
                ["channels"] => kernel.channels = parse_channels(body),
                ["rss"] => {
                    let rss = parse_rss(body);
                    (kernel.table, kernel.key) = (rss.table, rss.key);
                }
                ["fields", flow] => {
                    let flow = FLOWS.into_iter().find(|known| *known == flow);
                    if let Some(flow) = flow.filter(|_| !body.trim().is_empty()) {
                        kernel.fields.insert(flow, fields_of(body));
                    }
                }
                ["vector", number, name, ref cpus @ ..] => {
                    let cpus = cpu_list(cpus.first().unwrap_or(&""));
                    let number = number.parse().unwrap_or_default();
                    kernel.vectors.push(Vector { number, name: name.to_owned(), cpus });
                }
                ["tx", _, ref mask @ ..] => kernel.xps.push(cpu_mask(mask.first().unwrap_or(&""))),
                ["answers", _, ref mask @ ..] => {
                    kernel.xps_rxqs.push(cpu_mask(mask.first().unwrap_or(&"")));
                }
                ["rx", _, ref mask @ ..] => kernel.rps.push(cpu_mask(mask.first().unwrap_or(&""))),
                ["carrier", carrier] => kernel.carrier = carrier == "1",
                ["addresses"] => body.clone_into(&mut kernel.addresses),
                _ => {}
            }
        }
        kernel.vectors.sort_by_key(|vector| vector.number);
        kernel
    }

    /// The vector that serves a receive queue, by the names that the four drivers give.
    pub(super) fn vector(&self, queue: u32) -> Option<&Vector> {
        let ends = ["-input.", "-TxRx-", "-rx-", "-rxtx-"].map(|name| format!("{name}{queue}"));
        self.vectors.iter().find(|vector| ends.iter().any(|end| vector.name.ends_with(end)))
    }

    /// What differs in what RSS is made of: not the numbers of vectors, which drivers change at will.
    pub(super) fn differences(&self, after: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, before: String, after: String| {
            if before != after {
                differences.push(format!("{what}: {before} became {after}"));
            }
        };
        compare("channels", format!("{:?}", self.channels), format!("{:?}", after.channels));
        compare("table", format!("{:?}", self.table), format!("{:?}", after.table));
        compare("key", format!("{:?}", self.key), format!("{:?}", after.key));
        compare("fields", format!("{:?}", self.fields), format!("{:?}", after.fields));
        let homes = |of: &Self| -> BTreeMap<String, Cpus> {
            of.vectors.iter().map(|vector| (vector.name.clone(), vector.cpus.clone())).collect()
        };
        compare("affinity", format!("{:?}", homes(self)), format!("{:?}", homes(after)));
        compare("xps_cpus", format!("{:?}", self.xps), format!("{:?}", after.xps));
        compare("xps_rxqs", format!("{:?}", self.xps_rxqs), format!("{:?}", after.xps_rxqs));
        compare("rps_cpus", format!("{:?}", self.rps), format!("{:?}", after.rps));
        differences
    }
}

/// The CPUs of a mask such as `00000001,000000ff`.
fn cpu_mask(text: &str) -> Cpus {
    let digits = text.trim().replace(',', "");
    let digit = |(place, digit): (u32, char)| {
        let bits = digit.to_digit(16).unwrap_or_default();
        (0..4).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| place * 4 + bit)
    };
    (0..).zip(digits.chars().rev()).flat_map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_read_from_their_end() {
        assert_eq!(cpu_mask("00000001,80000005"), [0, 2, 31, 32].into());
        assert_eq!(cpu_mask(""), Cpus::new());
    }

    #[test]
    fn sections_are_told_apart() {
        let text = "@channels\nCombined:\t8\nCombined:\t4\n@rss\n    0:      0     3\nRSS hash key:\n0a:1b\n\
                    @fields udp4\nIP SA\nIP DA\n@fields tcp4\n@vector 30 x-rx-1 0-1\n@vector 29 x-rx-0 5\n@tx 0 3\n\
                    @answers 0 2\n@tx 1\n@answers 1 0\n@rx 0 00\n@carrier 1\n@addresses\na\n";
        let kernel = Kernel::parse(text);
        assert_eq!(kernel.channels, Some((8, 4)));
        assert_eq!((&kernel.table[..], kernel.key.as_deref()), (&[0, 3][..], Some("0a:1b")));
        assert_eq!(kernel.fields, BTreeMap::from([("udp4", "sd".to_owned())]));
        assert_eq!(kernel.vector(1).map(|v| (v.number, &v.cpus)), Some((30, &[0, 1].into())));
        assert_eq!(kernel.vectors[0].number, 29);
        assert_eq!(kernel.xps_rxqs, [[1].into(), [].into()]);
        assert_eq!((kernel.xps, kernel.rps), (vec![[0, 1].into(), [].into()], vec![[].into()]));
        assert!(kernel.carrier);
        assert_eq!(kernel.addresses, "a\n");
    }
}
