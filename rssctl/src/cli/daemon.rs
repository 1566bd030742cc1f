//! Commands about the daemon and the machine.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `rssctl softnic`.
#[derive(Debug, Subcommand)]
pub enum SoftnicCommand {
    /// Create a software NIC
    Create(SoftnicCreateArgs),
    /// Delete a software NIC
    #[command(after_long_help = "Examples:\n  rssctl softnic delete nic1")]
    Delete {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the software NICs
    #[command(after_long_help = "Examples:\n  rssctl softnic list\n  rssctl softnic list -o json")]
    List,
    /// Give a software NIC another source of packets
    #[command(after_long_help = "Examples:\n  \
        rssctl softnic source nic1 synthetic:flows=1000,rate=50000\n  \
        rssctl softnic source nic1 synthetic:nvgre=50,vxlan=50\n  \
        rssctl softnic source nic1 pcap:traffic.pcap")]
    Source {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Where packets come from
        #[arg(value_name = "SOURCE")]
        source: String,
    },
    /// Switch a software NIC off or on, to rehearse what a loss of power does
    ///
    /// Without power a NIC has no queues: what arrives is dropped and counted, nothing is changed, and every setting of
    /// the hardware is lost. When it is on again everything is put in force again, VPorts included, in the order of
    /// homes, key, whole table and enable; after three tries that fail RSS is revoked and the adapter is degraded. Power
    /// is on after every start of the daemon.
    #[command(after_long_help = "Examples:\n  rssctl softnic power nic1 off\n  rssctl softnic power nic1 on")]
    Power {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Off or on
        #[arg(value_name = "off|on", value_enum)]
        power: Switch,
    },
    /// Reset the hardware of a software NIC: power off and on at once
    #[command(after_long_help = "Examples:\n  rssctl softnic reset nic1")]
    Reset {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// `rssctl softnic create`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl softnic create nic1 --queues 16 --topology 2x8x2 --source pcap:traffic.pcap\n  \
        rssctl softnic create nic2 --queues 4 --entries 256 --node 1 --source synthetic")]
pub struct SoftnicCreateArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Receive queues at the start
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub queues: Option<String>,
    /// The most receive queues it can have
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_queues: Option<String>,
    /// Entries of its indirection table, a power of two
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub entries: Option<String>,
    /// The machine it is in: `host`, NODESxCORESxTHREADS, or path:DIR of a recorded one
    #[arg(long, value_name = "SPEC")]
    pub topology: Option<String>,
    /// The NUMA node it is near to
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub node: Option<String>,
    /// Descriptors in each queue's ring
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub ring: Option<String>,
    /// Where packets come from: `none`, `synthetic[:OPTIONS]`, `pcap:FILE[,OPTIONS]`, `interface:NAME`
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// The most VPorts it can have, the default one included
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub vports: Option<String>,
    /// Link speed to report, in Mbit/s
    #[arg(long, value_name = "MBPS")]
    pub speed: Option<String>,
}

/// `rssctl checkpoint`.
#[derive(Debug, Subcommand)]
pub enum CheckpointCommand {
    /// List the changes that wait to be confirmed
    #[command(after_long_help = "Examples:\n  rssctl checkpoint list\n  rssctl checkpoint list -o json")]
    List,
    /// Confirm a change: it stays
    #[command(after_long_help = "Examples:\n  rssctl checkpoint commit\n  rssctl checkpoint commit 3")]
    Commit {
        /// Its number; without it the latest
        #[arg(value_name = "ID")]
        id: Option<std::num::NonZeroU64>,
    },
    /// Take a change back now
    #[command(after_long_help = "Examples:\n  rssctl checkpoint rollback\n  rssctl checkpoint rollback 3")]
    Rollback {
        /// Its number; without it the latest
        #[arg(value_name = "ID")]
        id: Option<std::num::NonZeroU64>,
    },
    /// Give a change more time, counted from now
    #[command(after_long_help = "Examples:\n  rssctl checkpoint extend 3 5m")]
    Extend {
        /// Its number
        #[arg(value_name = "ID")]
        id: std::num::NonZeroU64,
        /// How long: 1s to 1d
        #[arg(value_name = "TIME")]
        time: String,
    },
}

/// `rssctl events`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl events\n  \
        rssctl events --since 10m --id 1230,2001\n  \
        rssctl events --follow -o jsonl\n  \
        rssctl events --rundown")]
pub struct EventsArgs {
    /// Go on with what happens next
    #[arg(short, long)]
    pub follow: bool,
    /// Only since then: 30s, 10m, 2h or 1d ago, 2026-01-31T08:00:00Z, or @SECONDS since 1970
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only these event ids
    #[arg(long, value_name = "ID", value_delimiter = ',', allow_negative_numbers = true)]
    pub id: Vec<u32>,
    /// Only events of this adapter
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// At most the newest N of the past
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    pub limit: Option<u32>,
    /// The whole state as events, now
    #[arg(long, conflicts_with_all = ["follow", "since", "limit"])]
    pub rundown: bool,
}

/// `rssctl wait`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  rssctl wait\n  rssctl wait --generation 12 --timeout 5s")]
pub struct WaitArgs {
    /// The generation to wait for
    #[arg(long, value_name = "N", default_value_t, allow_negative_numbers = true)]
    pub generation: u64,
    /// How long at most: 500ms, 30s, 2m
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub timeout: String,
}

/// `rssctl config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the settings in force, and with --origin where each comes from
    #[command(after_long_help = "Examples:\n  rssctl config show\n  rssctl config show --origin")]
    Show {
        /// With the file and line, or the command, that each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Check the configuration files without applying them
    #[command(after_long_help = "Examples:\n  rssctl config check\n  rssctl config check ./rssmgrd.toml")]
    Check {
        /// A file, or a folder with rssmgrd.toml and rssmgrd.toml.d; without it the system's
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
    },
}

/// `rssctl global`.
#[derive(Debug, Subcommand)]
pub enum GlobalCommand {
    /// Show the switch
    #[command(after_long_help = "Examples:\n  rssctl global get\n  rssctl Get-NetOffloadGlobalSetting")]
    Get,
    /// Turn the switch
    #[command(after_long_help = "Examples:\n  \
        rssctl global set --rss off\n  \
        rssctl Set-NetOffloadGlobalSetting -ReceiveSideScaling Enabled")]
    Set {
        /// Receive side scaling of the whole machine
        #[arg(long, value_name = "on|off", value_enum, ignore_case = true, hide_possible_values = true)]
        rss: Switch,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    #[value(alias = "enabled", alias = "true")]
    On,
    /// Off
    #[value(alias = "disabled", alias = "false")]
    Off,
}
