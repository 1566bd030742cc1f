//! What is fetched: one folder a group under `target/lab`, made again only when its pins change.

use super::apt::{self, Apt};
use super::pins::{Group, Pins};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The lab's folder, with everything that the pins name.
pub(crate) struct Store {
    folder: PathBuf,
    kernels: Vec<String>,
}

impl Store {
    /// Fetches what is not there yet.
    pub(crate) fn open(folder: &Path, pins: &Pins) -> Result<Self> {
        for group in &pins.groups {
            fetch(folder, group).with_context(|| format!("cannot fetch the packages of {}", group.name))?;
        }
        let kernels = pins.groups.iter().map(|g| g.name.clone()).filter(|name| name.starts_with("linux-"));
        Ok(Self { folder: folder.to_owned(), kernels: kernels.collect() })
    }

    /// The unpacked packages of a group.
    pub(crate) fn group(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A place for what is derived from the packages of a group and goes when they change.
    pub(crate) fn derived(&self, group: &str) -> PathBuf {
        self.group(group).join(".derived")
    }

    /// The names of the kernel groups, oldest first.
    pub(crate) fn kernels(&self) -> &[String] {
        &self.kernels
    }
}

fn fetch(folder: &Path, group: &Group) -> Result<()> {
    let root = folder.join(&group.name);
    let stamp = root.join(".pins");
    let pins = group.pins.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == pins) {
        return Ok(());
    }
    let started = Instant::now();
    println!("{}: fetching {} packages", group.name, group.pins.len());
    let apt = Apt::new(&folder.join("apt"), &group.name, &group.suites)?;
    let packages = folder.join("packages").join(&group.name);
    if packages.exists() {
        fs::remove_dir_all(&packages)?;
    }
    apt.download(&group.pins, &packages)?;
    let files: Vec<PathBuf> =
        fs::read_dir(&packages)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    ensure!(files.len() == group.pins.len(), "{} of {} packages came", files.len(), group.pins.len());
    // A run that is cut short leaves no stamp, and so no half-unpacked group counts as whole.
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    apt::unpack(&files, &root)?;
    fs::remove_dir_all(&packages)?;
    fs::write(stamp, pins)?;
    println!("{}: ready after {:.1} s", group.name, started.elapsed().as_secs_f64());
    Ok(())
}
