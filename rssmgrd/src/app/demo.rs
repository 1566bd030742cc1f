//! The demonstration: a software NIC on a machine that is not this one, and words on what to type next.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use rssmgr_core::manager::{Caller, Command};
use rssmgr_proto::names;

use super::paths::typed;
use crate::owner::Handle;

const NIC: &str = "nic0";

/// Two nodes, 16 cores, and two threads in each core, so that one can see which threads are skipped.
const OPTIONS: [(&str, &str); 4] = [
    ("queues", "16"),
    ("topology", "2x8x2"),
    ("node", "0"),
    ("source", "synthetic:loss=lossless,rate=50000"),
];

/// How long a bus may take to say whether a daemon is on it.
const BUS: Duration = Duration::from_millis(200);

/// A demonstration. Dropping it removes everything that it has written.
#[derive(Debug)]
pub(super) struct Demo {
    folder: PathBuf,
}

impl Demo {
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = env::temp_dir().join(format!("rssmgrd-demo-{}", std::process::id()));
        // It must be new: what somebody else has put there is not ours.
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("making the demonstration's folder {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// The folder for everything that is written.
    pub(super) fn state(&self) -> &Path {
        &self.folder
    }

    /// Makes the software NIC.
    pub(super) async fn create(&self, handle: &Handle, uid: u32) -> anyhow::Result<()> {
        let options: BTreeMap<String, String> =
            OPTIONS.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let caller = Caller { uid, pid: Some(std::process::id()), bus_name: None };
        let command = Command::CreateSoftnic { name: NIC.to_owned(), options };
        handle.ask(caller, command).await.context("making the software NIC")?;
        Ok(())
    }

    /// Says what is served and what to type. `plain` tells that `rssctl` finds this daemon without an address.
    pub(super) fn print(&self, address: &str, plain: bool, metrics: Option<&str>) -> io::Result<()> {
        let option = if plain { String::new() } else { format!(" --address {address}") };
        let (rssctl, built) = rssctl();
        let mut text = format!(
            "\nThis is rssmgrd's demonstration. The software NIC {NIC} receives synthetic traffic without loss, on 16 queues\n\
             of a pretended machine with 2 NUMA nodes, 16 cores and 32 CPUs. Nothing of this machine is changed.\n\n  \
             D-Bus    {address}\n  metrics  {}\n\n",
            metrics.unwrap_or("off"),
        );
        text += "Type this next, in another terminal:\n\n";
        if !built {
            text += &format!("  {}   # once: the command line is not built yet\n", build());
        }
        for command in [
            "get",
            "set --profile NUMAStatic --queues 8",
            "stats nic0 --per cpu",
            "set --profile Closest",
            "why nic0",
            "events --follow",
        ] {
            text += &format!("  {rssctl}{option} {command}\n");
        }
        if let Some(url) = metrics {
            text += &format!("  curl {url}\n");
        }
        text += "\nCtrl-C ends it and leaves nothing behind.\n";
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.folder) {
            eprintln!("rssmgrd: {} could not be removed: {e}", self.folder.display());
        }
    }
}

/// The command line beside this program, as it is typed from here, and whether it is there.
fn rssctl() -> (String, bool) {
    let beside = env::current_exe().ok().map(|exe| exe.with_file_name("rssctl"));
    match beside {
        Some(path) => (typed(&path), path.is_file()),
        None => ("rssctl".to_owned(), true),
    }
}

/// What builds it, in the profile of this program.
fn build() -> &'static str {
    if cfg!(debug_assertions) { "cargo build --bin rssctl" } else { "cargo build --release --bin rssctl" }
}

/// Whether a daemon is on the system bus, which `rssctl` without an address would ask before this one.
pub(super) async fn system_daemon() -> bool {
    let asked = async {
        let bus = zbus::connection::Builder::system().build().await?;
        let dbus = "org.freedesktop.DBus";
        let reply = bus
            .call_method(Some(dbus), "/org/freedesktop/DBus", Some(dbus), "NameHasOwner", &(names::BUS,))
            .await?;
        reply.body().deserialize::<bool>()
    };
    matches!(tokio::time::timeout(BUS, asked).await, Ok(Ok(true)))
}
