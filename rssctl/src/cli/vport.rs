//! `rssctl vport` and `rssctl vmq`.

use clap::{Args, Subcommand};

use super::adapter::{ApplyArgs, ChangeArgs};

const NAMES: &str = "Names or globs such as 'eth*'; none is all adapters";

/// `rssctl vport`.
#[derive(Debug, Subcommand)]
pub enum VPortCommand {
    /// Show VPorts: queues asked for and granted, processors, filters (Get-NetAdapterVPort)
    List(VPortListArgs),
    /// Make a VPort: queues of its own, a table of its own, and filters that lead there
    ///
    /// It spreads over processors of the adapter's RSS set, those first that nothing uses. Hash types and key are the
    /// adapter's unless given, and are fixed for its life. Of more queues than there are it gets fewer, and is told why.
    Create(VPortCreateArgs),
    /// Delete a VPort: its queues are free, its packets are the adapter's
    Delete(VPortDeleteArgs),
    /// Change a VPort: queues, table, processors, on and off
    Set(VPortSetArgs),
    /// Add filters to a VPort or take them away
    ///
    /// A filter tests the destination address, the VLAN or both for equality. A VPort takes what one of its filters takes;
    /// what none takes is the adapter's. VLAN 0 is a packet without a tag.
    Filter(VPortFilterArgs),
}

/// `rssctl vport list`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl vport list\n  \
        rssctl vport list nic0 --id 1 -o json\n  \
        rssctl Get-NetAdapterVPort -Name nic0 -VPortID 1")]
pub struct VPortListArgs {
    #[arg(value_name = "NAME", help = NAMES)]
    /// Adapters.
    pub names: Vec<String>,
    /// Only the VPorts with these numbers; 0 is the adapter itself
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub id: Vec<u32>,
    /// Only those of these switches; there is only 0
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub switch: Vec<u32>,
    /// Only those of these functions; there is only PF
    #[arg(long, value_name = "ID", value_delimiter = ',', ignore_case = true)]
    pub function: Vec<String>,
    /// Only those of the physical function, which all are
    #[arg(long)]
    pub physical_function: bool,
    /// Only adapters whose description matches this glob; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with = "names")]
    pub interface_description: Vec<String>,
    /// Also adapters that are left out otherwise
    #[arg(long)]
    pub include_hidden: bool,
}

/// What a VPort is to be.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "VPort")]
pub struct VPortArgs {
    /// A name for people
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// Queues
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub queues: Option<u32>,
    /// Entries of its table, a power of two
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub entries: Option<u32>,
    /// Processors to spread over, of which the first takes what has no hash; chosen without it
    #[arg(long, value_name = "[G:]N,..", value_delimiter = ',')]
    pub processors: Vec<String>,
    /// Whether it spreads; everything goes to its primary processor otherwise
    #[arg(long, value_name = "BOOL")]
    pub enabled: Option<bool>,
    /// Hash types, as in `rssctl set`
    #[arg(long, value_name = "LIST")]
    pub hash_types: Option<String>,
    /// Hash key: random, symmetric or hex
    #[arg(long, value_name = "KEY")]
    pub hash_key: Option<String>,
}

/// `rssctl vport create`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl vport create nic0 --label web --queues 4 --mac 02:00:00:00:00:07\n  \
        rssctl vport create nic0 --id 5 --queues 2 --processors 0:4,0:5 --mac 02:00:00:00:00:08/100\n  \
        rssctl vport create nic0 --mac any/200 --inactive\n  \
        rssctl vport create nic0 --queues 16 --what-if")]
pub struct VPortCreateArgs {
    /// The adapter
    #[arg(value_name = "NAME", id = "names")]
    pub name: String,
    /// Its number; without it the lowest that is free
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub id: Option<u32>,
    /// What it is to be.
    #[command(flatten)]
    pub vport: VPortArgs,
    /// A filter that leads there: MAC, MAC/VLAN or any/VLAN; may be repeated
    #[arg(long, value_name = "FILTER")]
    pub mac: Vec<String>,
    /// Only make it: it takes packets after `vport set --activate`
    #[arg(long)]
    pub inactive: bool,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// `rssctl vport delete`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  rssctl vport delete nic0 1")]
pub struct VPortDeleteArgs {
    /// The adapter
    #[arg(value_name = "NAME", id = "names")]
    pub name: String,
    /// The VPort
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: u32,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// `rssctl vport set`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl vport set nic0 1 --queues 8 --processors 0:0,0:1,0:2,0:3\n  \
        rssctl vport set nic0 1 --enabled false\n  \
        rssctl vport set nic0 5 --activate")]
pub struct VPortSetArgs {
    /// The adapter
    #[arg(value_name = "NAME", id = "names")]
    pub name: String,
    /// The VPort
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: u32,
    /// What it is to be.
    #[command(flatten)]
    pub vport: VPortArgs,
    /// Take it into use
    #[arg(long)]
    pub activate: bool,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// `rssctl vport filter`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl vport filter nic0 1 --add 02:00:00:00:00:09\n  \
        rssctl vport filter nic0 1 --add 02:00:00:00:00:09/100 --remove 1")]
pub struct VPortFilterArgs {
    /// The adapter
    #[arg(value_name = "NAME", id = "names")]
    pub name: String,
    /// The VPort
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: u32,
    /// A filter to add: MAC, MAC/VLAN or any/VLAN; may be repeated
    #[arg(long, value_name = "FILTER", required_unless_present = "remove")]
    pub add: Vec<String>,
    /// The number of a filter to take away; may be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub remove: Vec<u32>,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// `rssctl vmq`.
#[derive(Debug, Subcommand)]
pub enum VmqCommand {
    /// Show VMQ of adapters: on or off, what they can, processors (Get-NetAdapterVmq)
    Get(VmqGetArgs),
    /// Change VMQ of adapters (Set-NetAdapterVmq)
    ///
    /// As on Windows the processors of VMQ are those of RSS: this and `rssctl set` change the same settings.
    Set(VmqSetArgs),
    /// Switch VMQ on: the VPorts that were made are there again (Enable-NetAdapterVmq)
    #[command(
        after_long_help = "Examples:\n  rssctl vmq enable nic0\n  rssctl Enable-NetAdapterVmq -Name nic0"
    )]
    Enable(ChangeArgs),
    /// Switch VMQ off: VPorts are kept, and every packet is the adapter's (Disable-NetAdapterVmq)
    #[command(
        after_long_help = "Examples:\n  rssctl vmq disable nic0 --what-if\n  rssctl Disable-NetAdapterVmq -Name nic0"
    )]
    Disable(ChangeArgs),
    /// Show the queues of VPorts and what leads there (Get-NetAdapterVmqQueue)
    Queues(VmqQueuesArgs),
}

/// `rssctl vmq get`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  rssctl vmq get\n  rssctl vmq get nic0 -o json\n  rssctl Get-NetAdapterVmq -Name nic0"
)]
pub struct VmqGetArgs {
    #[arg(value_name = "NAME", help = NAMES)]
    /// Adapters.
    pub names: Vec<String>,
    /// Only adapters whose description matches this glob; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with = "names")]
    pub interface_description: Vec<String>,
    /// Also adapters that are left out otherwise
    #[arg(long)]
    pub include_hidden: bool,
}

/// `rssctl vmq set`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl vmq set nic0 --base-processor 0:2 --max-processors 4\n  \
        rssctl Set-NetAdapterVmq -Name nic0 -BaseProcessorNumber 2 -WhatIf")]
pub struct VmqSetArgs {
    #[arg(
        value_name = "NAME",
        required_unless_present = "interface_description",
        help = "Names or globs such as 'eth*'"
    )]
    /// Adapters.
    pub names: Vec<String>,
    /// Whether VMQ is on
    #[arg(long, value_name = "BOOL")]
    pub enabled: Option<String>,
    /// Lowest processor that may be used
    #[arg(long, value_name = "[G:]N", allow_negative_numbers = true)]
    pub base_processor: Option<String>,
    /// Highest processor that may be used
    #[arg(long, value_name = "[G:]N", allow_negative_numbers = true)]
    pub max_processor: Option<String>,
    /// Most processors at once
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_processors: Option<String>,
    /// Preferred NUMA node
    #[arg(long, value_name = "N|any", allow_negative_numbers = true)]
    pub numa_node: Option<String>,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// `rssctl vmq queues`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  rssctl vmq queues\n  rssctl vmq queues nic0 --id 6,7\n  rssctl Get-NetAdapterVmqQueue -Name nic0 -Id 6"
)]
pub struct VmqQueuesArgs {
    #[arg(value_name = "NAME", help = NAMES)]
    /// Adapters.
    pub names: Vec<String>,
    /// Only the queues with these numbers
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub id: Vec<u32>,
    /// Only adapters whose description matches this glob; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with = "names")]
    pub interface_description: Vec<String>,
    /// Also adapters that are left out otherwise
    #[arg(long)]
    pub include_hidden: bool,
}
