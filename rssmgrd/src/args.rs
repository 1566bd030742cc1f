//! The command line of the daemon.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::store::config::MetricsAddress;

/// Manages receive side scaling of network adapters.
///
/// The daemon owns the RSS state of the adapters that configuration or `rssctl set` names, and leaves all others alone.
/// It is asked over D-Bus: on a private socket always, on a bus when told.
#[derive(Clone, Debug, Parser)]
#[command(name = "rssmgrd", version, max_term_width = 100)]
pub struct Args {
    /// Run a demonstration: a software NIC on a pretended machine, and nothing left behind
    #[arg(long)]
    pub demo: bool,

    /// Read this file, or this folder with rssmgrd.toml and rssmgrd.toml.d, instead of the system's configuration
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,

    /// Read the configuration, say what is wrong with it, and end
    #[arg(long)]
    pub check_config: bool,

    /// Folder for saved settings and events [default: /var/lib/rssmgrd for root, else ~/.local/state/rssmgrd]
    #[arg(long, value_name = "DIR", conflicts_with = "demo")]
    pub state: Option<PathBuf>,

    /// Look for kill switches and the boot's id below this folder; for tests
    #[arg(long, value_name = "DIR", hide = true)]
    pub root: Option<PathBuf>,

    /// Private socket [default: bus.sock in /run/rssmgrd for root, else in $XDG_RUNTIME_DIR/rssmgrd]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// Manage software NICs only, and do not even look at the machine's network interfaces
    #[arg(long)]
    pub software_only: bool,

    /// Be on this bus too, as org.rssmgr1
    #[arg(long, value_name = "BUS")]
    pub bus: Option<BusName>,

    /// Serve Prometheus metrics here, or `off` [default: 127.0.0.1:9758]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics: Option<MetricsAddress>,
}

/// A bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BusName {
    /// The system bus
    System,
    /// The session bus
    Session,
}

impl std::fmt::Display for BusName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "system",
            Self::Session => "session",
        })
    }
}
