//! Commands that take adapters.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, Subcommand};
use rssmgr_core::driver::Impact;

use super::settings::SettingArgs;

fn impacts() -> PossibleValuesParser {
    PossibleValuesParser::new(Impact::ALL.map(Impact::name))
}

const NAMES: &str = "Names or globs such as 'eth*'";

/// `rssctl get`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl get\n  \
        rssctl get nic0\n  \
        rssctl get 'nic*' -o wide\n  \
        rssctl get nic0 -o json\n  \
        rssctl Get-NetAdapterRss -Name nic0")]
pub struct GetArgs {
    #[arg(value_name = "NAME", help = NAMES, long_help = "Names or globs such as 'eth*'; none is all adapters")]
    /// Adapters.
    pub names: Vec<String>,
    /// Only adapters whose description matches this glob; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with = "names")]
    pub interface_description: Vec<String>,
    /// Also network interfaces that are no adapters, and why they are none
    #[arg(long)]
    pub include_hidden: bool,
}

pub(super) const ENCAPSULATION_EXAMPLES: &str = "Examples:\n  \
    rssctl encapsulation\n  \
    rssctl encapsulation nic0\n  \
    rssctl Get-NetAdapterEncapsulatedPacketTaskOffload -Name nic0";

/// `rssctl encapsulation`.
#[derive(Debug, Args)]
pub struct EncapsulationArgs {
    #[arg(value_name = "NAME", help = NAMES, long_help = "Names or globs such as 'eth*'; none is all adapters")]
    /// Adapters.
    pub names: Vec<String>,
    /// Only adapters whose description matches this glob; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with = "names")]
    pub interface_description: Vec<String>,
    /// Also adapters that are left out otherwise
    #[arg(long)]
    pub include_hidden: bool,
}

/// How a change is applied.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "How to apply")]
pub struct ApplyArgs {
    /// Show what would be done, and do nothing
    #[arg(long, visible_alias = "dry-run")]
    pub what_if: bool,
    /// Show the plan and ask before applying exactly that
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        action = ArgAction::Set
    )]
    pub confirm: Option<bool>,
    /// Print the adapters as they are afterwards
    #[arg(long)]
    pub pass_thru: bool,
    /// In force until reboot or the next plan; not saved
    #[arg(long)]
    pub runtime: bool,
    /// The worst that may happen to traffic; without it up to `reorder`
    #[arg(long, value_name = "CLASS", value_parser = impacts(), ignore_case = true)]
    pub allow: Option<String>,
    /// Take harmless steps now and leave the rest for `rssctl restart`
    ///
    /// Harmless is what --allow allows; without it up to `reorder`. What is left is shown as pending and survives a
    /// restart of the daemon; the next change of the same adapter replaces it.
    #[arg(long)]
    pub no_restart: bool,
    /// Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d
    ///
    /// It goes back also when the daemon is killed meanwhile, and after a reboot. Nothing unconfirmed is saved. Until it
    /// is confirmed or has gone back, other changes of the same adapters are refused.
    #[arg(long, value_name = "TIME")]
    pub confirm_within: Option<String>,
    /// Whatever is found in the way of a change that stops traffic
    ///
    /// Such as an XDP program, virtual functions in use, or an iSCSI session; `rssctl plan` shows what is found.
    #[arg(long)]
    pub force: bool,
    /// Change all adapters or none
    #[arg(long)]
    pub atomic: bool,
    /// Apply only while the published state still has this generation
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub if_generation: Option<u64>,
    /// Only adapters whose description matches this glob; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with = "names")]
    pub interface_description: Vec<String>,
    /// Also adapters that are left out otherwise
    #[arg(long)]
    pub include_hidden: bool,
}

/// `rssctl set`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl set nic0 --profile NUMAStatic --queues 8\n  \
        rssctl set nic0 --base-processor 0:2 --max-processors 4 --what-if\n  \
        rssctl set --profile Closest --confirm\n  \
        rssctl set nic0 --queues 8 --allow link --confirm-within 60s\n  \
        rssctl set nic0 --queues 8 --no-restart\n  \
        rssctl set nic0 --hash-key symmetric --runtime\n  \
        rssctl set nic0 --encapsulation nvgre,vxlan --vxlan-port 4789\n  \
        rssctl Set-NetAdapterRss -Name nic0 -BaseProcessorNumber 2 -MaxProcessors 4 -WhatIf")]
pub struct SetArgs {
    #[arg(value_name = "NAME", help = NAMES, long_help = "Names or globs such as 'eth*'; none is every managed adapter")]
    /// Adapters.
    pub names: Vec<String>,
    /// Settings.
    #[command(flatten)]
    pub settings: SettingArgs,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

pub(super) const ENABLE_EXAMPLES: &str = "Examples:\n  \
    rssctl enable nic0\n  \
    rssctl enable --all --what-if\n  \
    rssctl Enable-NetAdapterRss -Name nic0";
pub(super) const DISABLE_EXAMPLES: &str = "Examples:\n  \
    rssctl disable nic0\n  \
    rssctl disable nic0 --runtime --pass-thru\n  \
    rssctl Disable-NetAdapterRss -Name nic0 -Confirm:'$false'";
pub(super) const RESET_EXAMPLES: &str = "Examples:\n  \
    rssctl reset nic0\n  \
    rssctl reset --all --confirm";
pub(super) const RELEASE_EXAMPLES: &str = "Examples:\n  \
    rssctl release nic0 --what-if\n  \
    rssctl release nic0";

pub(super) const RESTART_EXAMPLES: &str = "Examples:\n  \
    rssctl restart nic0 --what-if\n  \
    rssctl restart --all";

/// `rssctl enable`, `disable`, `reset`, `release` and `restart`.
#[derive(Clone, Debug, Args)]
pub struct ChangeArgs {
    #[arg(value_name = "NAME", help = NAMES)]
    /// Adapters.
    pub names: Vec<String>,
    /// Every managed adapter
    #[arg(long, conflicts_with_all = ["names", "interface_description"])]
    pub all: bool,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// `rssctl plan`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl plan nic0 --profile Closest\n  \
        rssctl plan --queues 4 -o json\n  \
        rssctl plan --topology 2x8x2 --adapter queues=8,node=1 --profile NUMAStatic\n  \
        rssctl plan --sysroot / --adapter queues=2,entries=128 -o json\n\n\
        The adapter of another machine is described by KEY=VALUE pairs: queues, max_queues (as queues), entries (128), \
        vectors (as max_queues), node (unknown), speed in Mbit/s, name (offline0). With --sysroot, name=eth0 takes node \
        and queues from the recorded interface, where there is one of that name.")]
pub struct PlanArgs {
    #[arg(value_name = "NAME", help = NAMES, long_help = "Names or globs such as 'eth*'; none is every managed adapter")]
    /// Adapters.
    pub names: Vec<String>,
    /// A recorded machine: the folder that holds its `sys` and, if recorded, `proc`; `/` is this one
    #[arg(long, value_name = "DIR", conflicts_with_all = ["names", "topology"], requires = "adapter")]
    pub sysroot: Option<PathBuf>,
    /// A made-up machine: NODESxCORESxTHREADS
    #[arg(long, value_name = "SPEC", conflicts_with = "names", requires = "adapter")]
    pub topology: Option<String>,
    /// The adapter in that machine, such as queues=8,node=1,entries=128
    #[arg(long, value_name = "SPEC")]
    pub adapter: Option<String>,
    /// Settings.
    #[command(flatten)]
    pub settings: SettingArgs,
    /// The worst that may happen to traffic; without it up to `reorder`
    #[arg(long, value_name = "CLASS", value_parser = impacts(), ignore_case = true)]
    pub allow: Option<String>,
}

/// `rssctl why`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl why nic0\n  \
        rssctl why nic0 --cpu 0:8\n  \
        rssctl why nic0 --entry 17\n  \
        rssctl why nic0 --flow 192.0.2.1:4242 198.51.100.7:443 tcp")]
pub struct WhyArgs {
    /// The adapter
    #[arg(value_name = "NAME")]
    pub name: String,
    /// A processor: 8 or 1:3
    #[arg(long, value_name = "[G:]N", conflicts_with_all = ["entry", "flow"])]
    pub cpu: Option<String>,
    /// An entry of the indirection table, from 0
    #[arg(long, value_name = "N", conflicts_with = "flow", allow_negative_numbers = true)]
    pub entry: Option<u32>,
    /// A flow: `SRC DST [PROTO]`, as `rssctl flow` takes it
    #[arg(long, value_names = ["SRC", "DST", "PROTO"], num_args = 2..=3)]
    pub flow: Vec<String>,
}

/// `rssctl table`.
#[derive(Debug, Subcommand)]
pub enum TableCommand {
    /// Show the table: entry, queue, processor
    #[command(after_long_help = "Examples:\n  rssctl table get nic0\n  rssctl table get nic0 -o jsonl")]
    Get {
        /// The adapter
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Set entries by hand; they hold until the next profile or queue change
    Set(TableSetArgs),
    /// Move entries as RSSv2 does, each with a status; or all entries of one processor to another
    ///
    /// Moves of one VPort that stand together are all made or none. The processor that owns an entry is the one that pushes
    /// it away; --actor says which one asks, and an entry that it does not own is then refused.
    Move(TableMoveArgs),
}

/// `rssctl table set`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl table set nic0 0=0:2 1=0:4\n  \
        rssctl table set nic0 5=3 --what-if")]
pub struct TableSetArgs {
    /// The adapter
    #[arg(value_name = "NAME", id = "names")]
    pub name: String,
    /// Entries with their processor
    #[arg(value_name = "ENTRY=PROCESSOR", required = true)]
    pub entries: Vec<String>,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// `rssctl table move`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl table move nic0 --from 0:2 --to 0:6\n  \
        rssctl table move nic0 3=0:4 7=0:4\n  \
        rssctl table move nic0 --vport 1 0=0:5 default=0:5 --actor 0:4\n  \
        rssctl table move nic0 1/0=0:5 2/0=0:6 -o json")]
pub struct TableMoveArgs {
    /// The adapter
    #[arg(value_name = "NAME", id = "names")]
    pub name: String,
    /// Moves: ENTRY=PROCESSOR, `primary=PROCESSOR` or `default=PROCESSOR`; `VPORT/` before one names its VPort
    #[arg(value_name = "MOVE", required_unless_present = "from", conflicts_with_all = ["from", "to"])]
    pub moves: Vec<String>,
    /// The processor to empty
    #[arg(long, value_name = "[G:]N", requires = "to")]
    pub from: Option<String>,
    /// The processor that takes over
    #[arg(long, value_name = "[G:]N", requires = "from")]
    pub to: Option<String>,
    /// The VPort; 0 is the adapter itself
    #[arg(long, value_name = "ID", default_value_t, allow_negative_numbers = true)]
    pub vport: u32,
    /// The processor that asks; without it whichever owns what is moved
    #[arg(long, value_name = "[G:]N")]
    pub actor: Option<String>,
    /// How.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// `rssctl flow`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl flow nic0 192.0.2.1:4242 198.51.100.7:443\n  \
        rssctl flow nic0 [2001:db8::1]:53 [2001:db8::2]:3333 udp\n  \
        rssctl flow nic0 192.0.2.1 198.51.100.7\n  \
        rssctl flow nic0 10.0.0.1 10.0.0.7 --encapsulation gre --outer-src 10.9.0.1 --outer-dst 10.9.0.2\n  \
        rssctl flow nic0 --file flows.txt -o jsonl")]
pub struct FlowArgs {
    /// The adapter
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Source: ADDRESS, ADDRESS:PORT or `[ADDRESS]:PORT`
    #[arg(value_name = "SRC", required_unless_present = "file")]
    pub src: Option<String>,
    /// Destination, likewise
    #[arg(value_name = "DST", required_unless_present = "file")]
    pub dst: Option<String>,
    /// tcp, udp or ip; with ports tcp unless said otherwise
    #[arg(value_name = "PROTO")]
    pub proto: Option<String>,
    /// Many flows: a file with `SRC DST [PROTO]` on each line, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["src", "dst", "proto"])]
    pub file: Option<PathBuf>,
    /// How the flow is carried: nvgre, gre or vxlan
    #[arg(
        long,
        value_name = "KIND",
        requires = "outer_src",
        requires = "outer_dst",
        conflicts_with = "file"
    )]
    pub encapsulation: Option<String>,
    /// Outer source, likewise; for vxlan with its port, which stands for the inner flow
    #[arg(long, value_name = "ADDRESS", requires = "encapsulation")]
    pub outer_src: Option<String>,
    /// Outer destination
    #[arg(long, value_name = "ADDRESS", requires = "encapsulation")]
    pub outer_dst: Option<String>,
}

/// `rssctl socket`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl socket 192.0.2.1:443 198.51.100.7:4242 --adapter nic0\n  \
        rssctl socket [2001:db8::1]:53 [2001:db8::2]:3333 udp --adapter nic0 -o json\n\n\
        `rssctl socket PID` lists all connections of a process; `rssctl socket LOCAL REMOTE` finds one.")]
pub struct SocketArgs {
    /// A process id, or the near end of a connection: ADDRESS:PORT or `[ADDRESS]:PORT`
    #[arg(value_name = "PID|LOCAL")]
    pub what: String,
    /// The far end
    #[arg(value_name = "REMOTE")]
    pub remote: Option<String>,
    /// tcp or udp; tcp unless said otherwise
    #[arg(value_name = "PROTO", requires = "remote")]
    pub proto: Option<String>,
    /// Predict for a connection by this adapter, whether or not there is one
    #[arg(long, value_name = "NAME", requires = "remote")]
    pub adapter: Option<String>,
}

/// `rssctl verify`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl verify\n  \
        rssctl verify eth0 --for 10s\n  \
        rssctl verify 'eth*' --packets 20000 -o json")]
pub struct VerifyArgs {
    #[arg(value_name = "NAME", help = NAMES, long_help = "Names or globs such as 'eth*'; none is all network interfaces with a table")]
    /// Adapters.
    pub names: Vec<String>,
    /// How long to look at each adapter, at most
    #[arg(long = "for", value_name = "TIME", default_value = "5s")]
    pub window: String,
    /// How many packets to look at, at most
    #[arg(long, value_name = "N", default_value_t = 5000)]
    pub packets: u32,
}

/// `rssctl stats`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl stats\n  \
        rssctl stats nic0 --per cpu\n  \
        rssctl stats nic0 --per queue --watch\n  \
        rssctl stats nic0 --per entry -o json\n  \
        rssctl stats nic0 --per vport\n  \
        rssctl stats nic0 --watch=5 --count 3 -o jsonl\n\n\
        As JSON one named adapter is one object; globs, several names or none give {\"version\", \"adapters\": [..]}.")]
pub struct StatsArgs {
    #[arg(value_name = "NAME", help = NAMES, long_help = "Names or globs such as 'eth*'; none is all adapters")]
    /// Adapters.
    pub names: Vec<String>,
    /// By what: queue, cpu, entry or vport
    #[arg(long, value_name = "WHAT", value_parser = PossibleValuesParser::new(["adapter", "queue", "cpu", "entry", "vport"]))]
    pub per: Option<String>,
    /// Show rates again every SECONDS (1)
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    pub watch: Option<String>,
    /// With --watch: stop after N times
    #[arg(long, value_name = "N", requires = "watch", allow_negative_numbers = true)]
    pub count: Option<u64>,
    /// Only adapters whose description matches this glob; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with = "names")]
    pub interface_description: Vec<String>,
}
