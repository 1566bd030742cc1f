//! The kernel's own record of who changes a card: its function tracer on every way in. Unlike a list of system calls
//! it sees which ethtool command an ioctl carried, and changes by anyone.

use crate::lab::guest::Guest;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Setter {
    Channels,
    /// Table, key, hash function.
    Rss,
    Fields,
    Affinity,
    Xps,
    Rps,
    /// Anything else.
    Other,
}

/// The kernel's functions for them: in the drivers, where a change arrives once however it was sent.
const IN_DRIVERS: &[(&str, Setter)] = &[
    ("virtnet_set_channels", Setter::Channels),
    ("igb_set_channels", Setter::Channels),
    ("virtnet_set_rxfh", Setter::Rss),
    ("igb_set_rxfh", Setter::Rss),
    ("vmxnet3_set_rss", Setter::Rss),
    ("virtnet_set_rxnfc", Setter::Fields),
    ("virtnet_set_hashflow", Setter::Fields),
    ("igb_set_rxnfc", Setter::Fields),
    ("igb_set_rxfh_fields", Setter::Fields),
    ("vmxnet3_set_rxnfc", Setter::Fields),
    ("vmxnet3_set_rss_hash_opt", Setter::Fields),
    ("irq_affinity_proc_write", Setter::Affinity),
    ("irq_affinity_list_proc_write", Setter::Affinity),
    ("xps_cpus_store", Setter::Xps),
    ("xps_rxqs_store", Setter::Xps),
    ("store_rps_map", Setter::Rps),
    ("store_rps_dev_flow_table_cnt", Setter::Rps),
    ("virtnet_set_features", Setter::Other),
    ("igb_set_features", Setter::Other),
    ("e1000_set_features", Setter::Other),
    ("vmxnet3_set_features", Setter::Other),
    ("virtnet_set_ringparam", Setter::Other),
    ("igb_set_ringparam", Setter::Other),
    ("e1000_set_ringparam", Setter::Other),
    ("vmxnet3_set_ringparam", Setter::Other),
    ("rtnl_setlink", Setter::Other),
    ("rtnl_newlink", Setter::Other),
    ("__dev_close_many", Setter::Other),
];

/// And in front of the drivers, where a change arrives that a driver refuses or has no function for.
const IN_FRONT: &[&str] = &[
    "ethtool_set_*",
    "ethnl_default_set_doit",
    "ethnl_set_rss*",
    "ethnl_set_channels",
    "ethnl_set_features",
    "ethnl_set_rings",
    "ethnl_set_coalesce",
    "ethnl_set_privflags",
    "ethnl_set_linkmodes",
    "ethnl_set_linkinfo",
    "rx_queue_attr_store",
    "netdev_queue_attr_store",
];

/// The kernel has tens of thousands of functions to look at.
const PATIENCE: Duration = Duration::from_secs(300);

const HERE: &str = "/sys/kernel/tracing";

/// Starts to record. It goes on as long as the guest runs.
pub(super) fn start(guest: &mut Guest) -> Result<()> {
    let names: Vec<&str> = IN_DRIVERS.iter().map(|(name, _)| *name).chain(IN_FRONT.iter().copied()).collect();
    // Kernels differ in which of them they have; that something is recorded at all is a check of its own. By number each
    // is found at once, by name only after all functions were looked at. Longer names come along.
    let patterns: String = names.iter().map(|name| format!(" -e {}", name.trim_end_matches('*'))).collect();
    let script = format!(
        "mountpoint -q {HERE} || mount -t tracefs tracefs {HERE}\ncd {HERE}\n\
         if [ \"$(cat current_tracer)\" != function ]; then\n\
         grep -nF{patterns} available_filter_functions | cut -d : -f 1 >/tmp/functions\n\
         cat /tmp/functions >set_ftrace_filter && echo function >current_tracer || exit\nfi\necho >trace"
    );
    let output = guest.run_within(&script, PATIENCE)?;
    ensure!(output.code == 0, "the kernel does not trace: {}", output.stderr.trim());
    Ok(())
}

/// What was changed since the last question, in the order in which it was.
pub(super) fn changes(guest: &mut Guest) -> Result<Vec<Change>> {
    Ok(parse(&guest.expect(&format!("cat {HERE}/trace && echo >{HERE}/trace"))?))
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The name and number of the thread that made it.
    pub(super) by: String,
    pub(super) function: String,
}

impl Change {
    /// None for what is recorded in front of the drivers.
    pub(super) fn setter(&self) -> Option<Setter> {
        IN_DRIVERS.iter().find(|(name, _)| *name == self.function).map(|(_, setter)| *setter)
    }
}

/// How often each thing was changed.
pub(super) type Counts = BTreeMap<Setter, usize>;

/// Each change counted once.
pub(super) fn count(changes: &[Change]) -> Counts {
    let mut counts = Counts::new();
    for setter in changes.iter().filter_map(Change::setter) {
        *counts.entry(setter).or_default() += 1;
    }
    counts
}

/// From lines `  comm-123   [004] .....   12.345678: function <-caller`.
fn parse(text: &str) -> Vec<Change> {
    let change = |line: &str| {
        let (by, rest) = line.trim().split_once(" [")?;
        let function = rest.split_once(": ")?.1.split_whitespace().next()?;
        Some(Change { by: by.trim().to_owned(), function: function.to_owned() })
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tracers_lines() {
        let text = "# tracer: function\n#\n        rssmgrd-86      [003] .....    15.1: igb_set_rxfh <-ethtool_set_rxfh\n\
                     ethtool-9       [001] .....    16.2: ethtool_set_coalesce <-dev_ethtool\n";
        let changes = parse(text);
        assert_eq!(changes.len(), 2);
        assert_eq!((&changes[0].by[..], changes[0].setter()), ("rssmgrd-86", Some(Setter::Rss)));
        assert_eq!(changes[1].setter(), None);
        assert_eq!(count(&changes), BTreeMap::from([(Setter::Rss, 1)]));
    }
}
