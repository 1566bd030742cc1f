//! The families that are about the daemon and the state of adapters. Those that count packets are in
//! `rssmgr_core::stats`.

use rssmgr_core::stats::{FAMILIES, Kind};

/// A metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Metric name.
    pub name: &'static str,
    /// What it says, with the unit.
    pub help: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// Names of its labels.
    pub labels: &'static [&'static str],
}

macro_rules! families {
    ($($constant:ident $name:literal $kind:ident $labels:expr, $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $constant: Family =
                Family { name: $name, help: $help, kind: Kind::$kind, labels: &$labels };
        )+

        /// The families of this table.
        pub const STATE: &[Family] = &[$($constant),+];
    };
}

families! {
    BUILD_INFO "rssmgrd_build_info" Gauge ["version"], "Version of the daemon; always 1";
    START_TIME "rssmgrd_start_time_seconds" Gauge [], "When the daemon started, in seconds since 1970";
    GENERATION "rssmgrd_generation" Gauge [], "Generation of the published state; grows with every change";
    SETTLED "rssmgrd_settled" Gauge [], "Whether no change is under way";
    RSS_ENABLED "rssmgrd_rss_enabled" Gauge [], "The machine-wide RSS switch";
    ADAPTERS "rssmgrd_adapters" Gauge ["state"], "Adapters by state";
    ADAPTER_INFO "rssmgrd_adapter_info" Gauge ["device", "driver", "profile", "state", "verified"], "What an adapter is and how it is managed; always 1";
    ADAPTER_ENABLED "rssmgrd_adapter_enabled" Gauge ["device"], "Whether the adapter spreads packets";
    ADAPTER_DEGRADED "rssmgrd_adapter_degraded" Gauge ["device"], "Whether a change failed and could not be taken back";
    ADAPTER_QUEUES "rssmgrd_adapter_queues" Gauge ["device"], "Receive queues of the adapter";
    VPORT_QUEUES "rssmgrd_vport_queues" Gauge ["device", "vport", "name"], "Queues that a VPort has; 0 is the default VPort";
    QUEUE_INFO "rssmgrd_queue_info" Gauge ["device", "queue", "cpu", "node"], "Which CPU serves a receive queue, and its NUMA node; always 1";
    EVENTS "rssmgrd_events_total" Counter ["event"], "Events told since the daemon started";
    EVENTS_LOST "rssmgrd_events_lost_total" Counter [], "Events that listeners lost because they did not keep up";
    DBUS_CALLS "rssmgrd_dbus_calls_total" Counter ["method", "outcome"], "D-Bus method calls by outcome: ok or the kind of error";
    COLLECT_SUCCESS "rssmgrd_collect_success" Gauge ["device"], "Whether the adapter's counters could be read for this page";
    COLLECT_DURATION "rssmgrd_collect_duration_seconds" Gauge [], "How long the counters of all adapters took to read for this page";
}

/// Every family there is: name, help and kind.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str, Kind)> {
    let state = STATE.iter().map(|f| (f.name, f.help, f.kind));
    state.chain(FAMILIES.iter().map(|f| (f.name, f.help, f.kind)))
}
