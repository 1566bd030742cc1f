//! The administrator's configuration: TOML files in layers, read whole or refused whole.

mod error;
mod parse;
mod search;

use std::net::SocketAddr;

use rssmgr_core::manager::Config;

pub use error::ConfigError;
pub use search::{MAIN, Search};

/// Where metrics are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAddress {
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

impl std::str::FromStr for MetricsAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            text => text.parse().map(Self::At).map_err(|_| {
                format!("`{text}` is no address; write ADDRESS:PORT such as 127.0.0.1:9758, or off")
            }),
        }
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Failures that need a person.
    Error,
    /// And what is not as it should be.
    Warn,
    /// And changes.
    Info,
    /// And detail.
    Debug,
}

impl LogLevel {
    /// All levels with their names, quietest first.
    pub const ALL: [(&'static str, Self); 4] =
        [("error", Self::Error), ("warn", Self::Warn), ("info", Self::Info), ("debug", Self::Debug)];

    /// The level of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, level)| *level)
    }
}

/// The `[daemon]` table: what concerns no adapter. Takes effect at start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaemonConfig {
    /// `metrics`.
    pub metrics: Option<MetricsAddress>,
    /// `metrics_entries`: series for each table entry too.
    pub metrics_entries: Option<bool>,
    /// `log`.
    pub log: Option<LogLevel>,
    /// `max_clients`: private connections at the same time.
    pub max_clients: Option<u32>,
    /// `poll_interval`: seconds between readings of managed interfaces of which nothing was told; 0 is never.
    pub poll_interval: Option<u32>,
}

/// A configuration that was read.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What the manager uses.
    pub adapters: Config,
    /// What the daemon uses.
    pub daemon: DaemonConfig,
}

/// Reads the files of a search and what is in them.
///
/// # Errors
/// The first mistake, with file, line, column and remedy. Nothing of the configuration is to be used then.
pub fn load(search: &Search) -> Result<Loaded, ConfigError> {
    let mut loaded = Loaded::default();
    for path in search.files()? {
        let text = search::read(&path)?;
        let file = path.display().to_string();
        parse::file(&file, &text, &mut loaded)?;
        loaded.adapters.files.push(file);
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests;
