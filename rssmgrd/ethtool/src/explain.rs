//! What an error of the kernel means with this driver, and what to do: one table.

use std::fmt;
use std::io;

use rssmgr_core::device::BackendError;
use rssmgr_netlink::Error;

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Read,
    Channels,
    Table,
    Key,
    Fields,
    Context,
    ContextTable,
    Rule,
    Affinity,
    Steering,
}

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EIO: i32 = 5;
const EAGAIN: i32 = 11;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const EEXIST: i32 = 17;
const EINVAL: i32 = 22;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const ERANGE: i32 = 34;
const EOVERFLOW: i32 = 75;
const EOPNOTSUPP: i32 = 95;

/// A row: driver (any where empty), what was tried, error, meaning and remedy. The first that fits is used, so special
/// ones stand before general ones.
struct Row(&'static str, What, i32, &'static str);

/// Sources: the kernel's `net/ethtool/` and the drivers' `ethtool` operations in Linux 7.1; `kernel/irq/proc.c`.
const ROWS: [Row; 58] = [
    Row(
        "virtio_net",
        What::Channels,
        EINVAL,
        "virtio_net does not change queues while an XDP program is loaded: unload it (`ip link set dev NAME xdp off`)",
    ),
    Row(
        "mlx5_core",
        What::Channels,
        EINVAL,
        "mlx5 does not resize a table that was set: reset the table first (`rssctl reset`); it also refuses with HTB or mqprio in channel mode, and more queues than its hash function xor can spread over",
    ),
    Row(
        "i40e",
        What::Channels,
        EINVAL,
        "i40e does not change queues with mqprio, or with ntuple rules that point above the new count: remove them first",
    ),
    Row(
        "bnxt_en",
        What::Channels,
        EINVAL,
        "bnxt_en does not change queues when the table in use cannot be folded to the new size: reset the table first",
    ),
    Row(
        "rvu-nicpf",
        What::Channels,
        EINVAL,
        "the driver does not change queues while TC police queues are in use: remove them first",
    ),
    Row(
        "ice",
        What::Channels,
        EBUSY,
        "ice does not change queues while an RDMA driver is bound to it: unload irdma, or leave the number as it is",
    ),
    Row(
        "mana",
        What::Channels,
        EBUSY,
        "mana does not change queues while an RDMA driver is bound to it: unload it, or leave the number as it is",
    ),
    Row(
        "ice",
        What::Channels,
        EOPNOTSUPP,
        "ice does not change queues with ADQ, with flow director rules or in safe mode (no DDP package): see the kernel log",
    ),
    Row(
        "gve",
        What::Channels,
        EINVAL,
        "gve has receive and transmit queues apart, and as many of each as the host gives: ask for no more",
    ),
    Row(
        "hv_netvsc",
        What::Channels,
        EINVAL,
        "hv_netvsc has as many queues as the host offers: ask for no more",
    ),
    Row(
        "ena",
        What::Table,
        EOPNOTSUPP,
        "this instance type offers no RSS configuration: newer generations do",
    ),
    Row(
        "gve",
        What::Table,
        EOPNOTSUPP,
        "the host of this virtual machine offers no RSS configuration: other machine types do",
    ),
    Row("mana", What::Table, EOPNOTSUPP, "mana takes no table while the port is down: set the link up first"),
    Row("qede", What::Table, EOPNOTSUPP, "qede has no table in dual-engine (100G) mode"),
    Row("ena", What::Key, EOPNOTSUPP, "this instance type offers no RSS configuration: newer generations do"),
    Row(
        "gve",
        What::Key,
        EOPNOTSUPP,
        "the host of this virtual machine offers no RSS configuration: other machine types do",
    ),
    Row("mana", What::Key, EOPNOTSUPP, "mana takes no key while the port is down: set the link up first"),
    Row("qede", What::Key, EOPNOTSUPP, "qede has no key in dual-engine (100G) mode"),
    Row(
        "ixgbe",
        What::Table,
        EINVAL,
        "ixgbe hardware before X550 has no queue above 15 in its table: use 16 queues at most",
    ),
    Row(
        "ice",
        What::Table,
        EIO,
        "ice has no RSS: its firmware offers none, or refused this table: see the kernel log",
    ),
    Row(
        "ice",
        What::Key,
        EIO,
        "ice has no RSS: its firmware offers none, or refused this key: see the kernel log",
    ),
    Row(
        "bnxt_en",
        What::Table,
        EAGAIN,
        "bnxt_en answers only while the interface is up: set the link up first",
    ),
    Row(
        "cxgb4",
        What::Table,
        EPERM,
        "cxgb4 takes no table before the port was up once: set the link up first",
    ),
    Row(
        "vmxnet3",
        What::Fields,
        EOPNOTSUPP,
        "vmxnet3 has settable hash fields from device version 4 on: raise the virtual machine's hardware version",
    ),
    Row(
        "igb",
        What::Fields,
        EINVAL,
        "igb hashes TCP by addresses and ports always; only the ports of UDP can be switched",
    ),
    Row(
        "igc",
        What::Fields,
        EINVAL,
        "igc hashes TCP by addresses and ports always; only the ports of UDP can be switched",
    ),
    Row(
        "",
        What::Channels,
        EINVAL,
        "the number is above the maximum, or something still leads to a queue that would go away: the table (`rssctl table get NAME`), an RSS context or a receive rule (`ethtool -n NAME`), AF_XDP or a memory provider",
    ),
    Row(
        "",
        What::Channels,
        EBUSY,
        "something uses the queues (AF_XDP, RDMA, a memory provider): stop it, or leave the number as it is",
    ),
    Row("", What::Channels, EOPNOTSUPP, "the driver does not change the number of queues"),
    Row(
        "",
        What::Table,
        EINVAL,
        "the table does not fit the adapter, or points at a queue that it does not have: read it again (`rssctl table get NAME`)",
    ),
    Row("", What::Table, EOPNOTSUPP, "the driver has no table that can be set"),
    Row("", What::Key, EINVAL, "the key has not the length that the adapter takes, or the driver takes none"),
    Row("", What::Key, EOPNOTSUPP, "the driver takes no key"),
    Row(
        "",
        What::Fields,
        EINVAL,
        "the driver does not hash these fields of this kind of packet, or symmetric hashing forbids it",
    ),
    Row("", What::Fields, EOPNOTSUPP, "the driver does not let its hash types be set"),
    Row(
        "",
        What::Context,
        ENOSPC,
        "the driver has no room for another RSS context: delete a VPort, or contexts of others (`ethtool -X NAME context N delete`)",
    ),
    Row(
        "",
        What::Context,
        ERANGE,
        "the driver has no more RSS contexts: delete a VPort, or contexts of others (`ethtool -X NAME context N delete`)",
    ),
    Row(
        "",
        What::Context,
        EOPNOTSUPP,
        "the driver makes no RSS context in this state: that is a matter of its firmware and mode, see the kernel log",
    ),
    Row(
        "",
        What::Context,
        EINVAL,
        "the driver does not take this table for a context: the number of queues may just have changed, try again",
    ),
    Row(
        "",
        What::Context,
        EBUSY,
        "a receive rule leads to the RSS context: see `ethtool -n NAME`, and remove the rule that rssmgrd did not make",
    ),
    Row(
        "",
        What::Context,
        EAGAIN,
        "the driver makes contexts only while the interface is up: set the link up first",
    ),
    Row(
        "",
        What::ContextTable,
        EINVAL,
        "the table does not fit the RSS context: the number of queues, and with it the size of tables, may just have changed, try again",
    ),
    Row(
        "",
        What::ContextTable,
        EOPNOTSUPP,
        "the driver does not change a context that is there: delete the VPort and make it again",
    ),
    Row(
        "",
        What::ContextTable,
        ENOENT,
        "the RSS context is gone: somebody deleted it, or the driver was reset",
    ),
    Row(
        "",
        What::ContextTable,
        EAGAIN,
        "the driver changes contexts only while the interface is up: set the link up first",
    ),
    Row(
        "mlx5_core",
        What::Rule,
        EINVAL,
        "mlx5 leads IPv4 and IPv6 as a whole to RSS contexts since Linux 6.15, and never to one that is gone",
    ),
    Row(
        "",
        What::Rule,
        ENOSPC,
        "the adapter has no room for another receive rule: delete filters, or rules of others (`ethtool -n NAME`)",
    ),
    Row(
        "",
        What::Rule,
        EEXIST,
        "the same rule is there already, and rssmgrd did not make it: see `ethtool -n NAME`",
    ),
    Row(
        "",
        What::Rule,
        EINVAL,
        "the driver takes no such rule: the address, the VLAN, or an RSS context as its end",
    ),
    Row(
        "",
        What::Rule,
        EOPNOTSUPP,
        "the driver takes no receive rules in this state: the feature ntuple may be off, and rssmgrd never switches it on (`ethtool -K NAME ntuple on`)",
    ),
    Row(
        "",
        What::Affinity,
        EIO,
        "the kernel keeps this interrupt where it is (a managed interrupt): the queue stays on its CPU",
    ),
    // The same since Linux 6.2; without the privilege the file cannot even be opened (EACCES).
    Row(
        "",
        What::Affinity,
        EPERM,
        "the kernel keeps this interrupt where it is (a managed interrupt): the queue stays on its CPU",
    ),
    Row("", What::Affinity, EINVAL, "none of the CPUs is online"),
    Row(
        "",
        What::Affinity,
        ENOSPC,
        "the CPU has no interrupt vector left: use fewer queues, or spread them over more processors",
    ),
    Row("", What::Affinity, ERANGE, "the kernel has no CPU of this number"),
    Row("", What::Affinity, ENOENT, "the interrupt is gone; the driver asked for new ones meanwhile"),
    Row("", What::Steering, EINVAL, "all of the CPUs are isolated or offline"),
    Row("", What::Steering, EOVERFLOW, "the kernel has no CPU of this number"),
];

/// Errors that mean the same wherever they come from.
const ANYWHERE: [(i32, &str); 6] = [
    (EPERM, "the daemon lacks the privilege: it must run as root, or with CAP_NET_ADMIN"),
    (EACCES, "the daemon may not write there: it must run as root"),
    (
        EROFS,
        "the file system is read-only there: in a systemd unit, ProtectKernelTunables= and ReadOnlyPaths= do that",
    ),
    (EBUSY, "the device is busy with something else: try again"),
    (EAGAIN, "the device cannot answer now, or only while the interface is up: try again"),
    (ENOENT, "it is not there any more: try again"),
];

fn meaning(driver: &str, what: What, errno: i32) -> Option<&'static str> {
    let fits = |row: &&Row| (row.0.is_empty() || row.0 == driver) && row.1 == what && row.2 == errno;
    let general = || ANYWHERE.iter().find(|(e, _)| *e == errno).map(|(_, text)| *text);
    ROWS.iter().find(fits).map(|row| row.3).or_else(general)
}

fn told(driver: &str, what: What, errno: Option<i32>, said: &dyn fmt::Display) -> String {
    match errno.and_then(|errno| meaning(driver, what, errno)) {
        Some(meaning) => format!("{said}. {meaning}"),
        None => said.to_string(),
    }
}

/// A refusal of the kernel as the backend's error.
pub(crate) fn refused(driver: &str, what: What, error: &Error) -> BackendError {
    if error.is_gone() {
        return BackendError::Gone;
    }
    let errno = error.errno().map(rssmgr_netlink::Errno::raw_os_error);
    BackendError::system("kernel", told(driver, what, errno, error))
}

/// An error of an interface that is listed still: the kernel says that there is none (`ENODEV`) also of one whose device
/// the driver has put aside.
pub(crate) fn of_one_that_is_there(error: BackendError) -> BackendError {
    match error {
        BackendError::Gone => BackendError::system(
            "kernel",
            "the driver has put the device aside (ENODEV): it is suspended, being reset or, in a guest, serviced by the \
             host; try again once it is back, the kernel log says why",
        ),
        other => other,
    }
}

/// A file that could not be written as the backend's error.
pub(crate) fn unwritten(driver: &str, what: What, file: &str, error: &io::Error) -> BackendError {
    BackendError::system(file, told(driver, what, error.raw_os_error(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_reached() {
        for (i, row) in ROWS.iter().enumerate() {
            let driver = if row.0.is_empty() { "any other" } else { row.0 };
            assert_eq!(meaning(driver, row.1, row.2), Some(row.3), "row {i} is behind another one");
        }
    }

    #[test]
    fn what_looks_alike_is_told_apart() {
        let cases = [
            // A managed interrupt is EIO up to Linux 6.1 and EPERM since: no matter of privilege.
            ("igb", What::Affinity, EPERM, "managed interrupt"),
            ("igb", What::Affinity, EACCES, "must run as root"),
            ("igb", What::Table, EPERM, "CAP_NET_ADMIN"),
            // By the name that the driver gives itself, not by that of its module.
            ("rvu-nicpf", What::Channels, EINVAL, "TC police"),
            // Without RSS there is neither table nor key; such a driver takes keys elsewhere.
            ("gve", What::Key, EOPNOTSUPP, "the host"),
            ("ena", What::Key, EOPNOTSUPP, "instance type"),
            ("mana", What::Key, EOPNOTSUPP, "port is down"),
            ("qede", What::Key, EOPNOTSUPP, "dual-engine"),
            ("ice", What::Table, EIO, "firmware"),
            ("igb", What::Channels, EINVAL, "AF_XDP"),
            ("mlx5_core", What::Channels, EINVAL, "xor"),
            ("mlx5_core", What::ContextTable, EAGAIN, "interface is up"),
            ("nfp", What::Read, EAGAIN, "try again"),
        ];
        for (driver, what, errno, wanted) in cases {
            let told = meaning(driver, what, errno).unwrap_or_default();
            assert!(told.contains(wanted), "{driver} {what:?} {errno}: {told}");
        }
    }

    /// hv_netvsc answers ENODEV while its host services it, and the kernel for every device that is detached.
    #[test]
    fn one_that_is_put_aside_is_not_gone() {
        let told = of_one_that_is_there(BackendError::Gone).to_string();
        assert!(told.contains("put the device aside") && told.contains("try again"), "{told}");
        let other = BackendError::Down("anything".to_owned());
        assert_eq!(of_one_that_is_there(other.clone()), other);
    }

    #[test]
    fn the_special_meaning_goes_before_the_general_one() {
        let igb = meaning("igb", What::Fields, EINVAL).unwrap();
        assert!(igb.contains("TCP"), "{igb}");
        assert!(meaning("e1000e", What::Channels, EOPNOTSUPP).unwrap().contains("does not change"));
        assert!(meaning("igb", What::Affinity, EROFS).unwrap().contains("ProtectKernelTunables"));
        assert_eq!(meaning("igb", What::Table, 9999), None);
    }
}
