//! The command line as it is typed: clap definitions and nothing else. No value is looked at here beyond its form;
//! [`crate::resolve`] does that, so that parsing can be tested without a machine.

mod adapter;
mod daemon;
mod offline;
mod settings;
mod vport;

pub use adapter::{
    ApplyArgs, ChangeArgs, EncapsulationArgs, FlowArgs, GetArgs, PlanArgs, SetArgs, SocketArgs, StatsArgs,
    TableCommand, TableMoveArgs, TableSetArgs, VerifyArgs, WhyArgs,
};
pub use daemon::{
    CheckpointCommand, ConfigCommand, EventsArgs, GlobalCommand, SoftnicCommand, SoftnicCreateArgs, Switch,
    WaitArgs,
};
pub use offline::{DoctorArgs, GenerateArgs, GenerateKind, HashArgs};
pub use settings::SettingArgs;
pub use vport::{
    VPortArgs, VPortCommand, VPortCreateArgs, VPortFilterArgs, VPortListArgs, VPortSetArgs, VmqCommand,
    VmqGetArgs, VmqQueuesArgs, VmqSetArgs,
};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit::CODES;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "rssctl",
    version,
    about = "Receive side scaling of network adapters: see it, set it, explain it",
    long_about = "Receive side scaling of network adapters: see it, set it, explain it.\n\n\
        The daemon rssmgrd does the work; rssctl asks it. `rssctl hash` and `rssctl plan --sysroot` need no daemon. \
        PowerShell's spellings work too: `rssctl Set-NetAdapterRss -Name nic0 -Profile Closest -WhatIf`.",
    after_help = "See `rssctl COMMAND --help` for what a command does, with examples.",
    after_long_help = CODES,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 120
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// How to print: list, table and wide are for people, the others for programs and stable
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum, hide_possible_values = false)]
    pub output: Option<Output>,
    /// Where the daemon is: a socket's path, a D-Bus address, `system` or `session`
    ///
    /// Without it the system bus is tried, then the private socket of a daemon of the same user.
    #[arg(long, global = true, value_name = "ADDR", env = "RSSCTL_ADDRESS", hide_env_values = true)]
    pub address: Option<String>,
    /// When to use colours; `auto` also obeys NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,
    /// No notes, only results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Tell what is being done
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One line a property, as PowerShell's Format-List
    List,
    /// One line an adapter
    Table,
    /// The table with more columns
    Wide,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// One YAML document
    Yaml,
    /// Names only, one a line
    Name,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands, in the order of the help.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show adapters (Get-NetAdapterRss)
    ///
    /// One adapter is shown as Get-NetAdapterRss shows it, followed by what Windows does not tell; several as a table.
    Get(GetArgs),
    /// Show which encapsulated packets are looked into, and which can be (Get-NetAdapterEncapsulatedPacketTaskOffload)
    ///
    /// `rssctl set NAME --encapsulation nvgre,vxlan` changes it. Structured output is that of `rssctl get`.
    #[command(after_long_help = adapter::ENCAPSULATION_EXAMPLES)]
    Encapsulation(EncapsulationArgs),
    /// Change settings (Set-NetAdapterRss)
    ///
    /// Without NAME the change goes to every managed adapter. What is set is saved and survives a reboot, except with
    /// --runtime. No adapter is ever restarted; steps that would disturb traffic more than reordering need --allow.
    Set(SetArgs),
    /// Switch receive side scaling on (Enable-NetAdapterRss)
    #[command(after_long_help = adapter::ENABLE_EXAMPLES)]
    Enable(ChangeArgs),
    /// Switch it off: everything goes to the primary processor, the table is kept (Disable-NetAdapterRss)
    #[command(after_long_help = adapter::DISABLE_EXAMPLES)]
    Disable(ChangeArgs),
    /// Drop the saved settings and plan anew with the configuration
    #[command(after_long_help = adapter::RESET_EXAMPLES)]
    Reset(ChangeArgs),
    /// Give an adapter back as it was found, and only observe it
    #[command(after_long_help = adapter::RELEASE_EXAMPLES)]
    Release(ChangeArgs),
    /// Take the steps that `--no-restart` left pending, one adapter after the other
    ///
    /// Allows what a restart of the link costs, unless --allow says something else.
    #[command(after_long_help = adapter::RESTART_EXAMPLES)]
    Restart(ChangeArgs),
    /// Changes that wait to be confirmed (--confirm-within): list, confirm, take back, give more time
    #[command(subcommand)]
    Checkpoint(CheckpointCommand),
    /// Show what would be done, and why; nothing is changed
    ///
    /// Asks the daemon about its adapters. With --sysroot or --topology it plans an adapter of another machine, without a
    /// daemon.
    Plan(PlanArgs),
    /// Explain why a processor, an entry or a flow is where it is
    Why(WhyArgs),
    /// The indirection table: see it, set entries, move entries one by one or a processor's
    #[command(subcommand)]
    Table(TableCommand),
    /// VPorts: queues and a table of their own for the packets of an address or a VLAN
    #[command(subcommand, name = "vport")]
    VPort(VPortCommand),
    /// VMQ: what an adapter has and can have of VPorts, and the queues of those
    #[command(subcommand)]
    Vmq(VmqCommand),
    /// Predict where a flow goes: hash, entry, queue, processor
    Flow(FlowArgs),
    /// Show by which queue, processor and NUMA node the packets of connections come (SIO_QUERY_RSS_PROCESSOR_INFO)
    ///
    /// What the kernel says of a socket where it may be asked (as root, or of one's own processes): the processor of the
    /// last packet, and the queue where the driver tells. Otherwise what key, table and interrupts predict. BY says which.
    Socket(SocketArgs),
    /// Ask the traffic whether the hardware does what the table says
    ///
    /// Captures packets for a short while and compares the queue by which each came with the queue that key, hash types
    /// and table predict. No setting and no packet is touched. Exit code 6 when a table is ignored.
    Verify(VerifyArgs),
    /// Compute hashes offline: of addresses, or of every packet of a capture
    ///
    /// The key is Microsoft's public test key unless --hash-key says otherwise; the key of an adapter stays with the
    /// daemon, see `rssctl flow`.
    Hash(HashArgs),
    /// Show counters (Get-NetAdapterStatistics), also by queue, processor or table entry
    Stats(StatsArgs),
    /// Software NICs: create, delete, list, give another source
    #[command(subcommand)]
    Softnic(SoftnicCommand),
    /// Show what happened, or follow it
    Events(EventsArgs),
    /// Wait until nothing is under way
    ///
    /// And until at least the generation that is named is published. Prints the generation.
    Wait(WaitArgs),
    /// Find what is wrong with the way this machine receives, and what to do about it
    ///
    /// Reads the machine, whether or not the daemon runs, and changes nothing. Counters are looked at twice, so that load
    /// and losses of the moment show. What the daemon knows is taken in when one answers.
    Doctor(DoctorArgs),
    /// The daemon's configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The machine-wide switch, independent of the adapters' own
    #[command(subcommand)]
    Global(GlobalCommand),
    /// Write man pages, completions or JSON schemas
    #[command(hide = true)]
    Generate(GenerateArgs),
}
