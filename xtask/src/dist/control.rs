//! What the package says of itself.

use super::output;
use anyhow::{Context as _, Result};
use std::process::Command;

/// The package's name.
pub(super) const NAME: &str = "rssmgr";

const MAINTAINER: &str = "The rssmgr authors <rssmgr@rssmgr.invalid>";

/// Debian's names of architectures, by Rust's.
const ARCHITECTURES: &[(&str, &str)] = &[("x86_64", "amd64"), ("aarch64", "arm64")];

/// This machine's architecture, which is that of the programs.
pub(super) fn architecture() -> Result<&'static str> {
    let ours = std::env::consts::ARCH;
    let found = ARCHITECTURES.iter().find(|(rust, _)| *rust == ours);
    found.map(|(_, debian)| *debian).with_context(|| format!("no package is made for {ours}"))
}

/// Our version with Debian's revision.
pub(super) fn version(revision: u32) -> String {
    format!("{}-{revision}", env!("CARGO_PKG_VERSION"))
}

/// The file `control`; `size` in KiB.
pub(super) fn control(version: &str, architecture: &str, needs: &str, size: u64) -> String {
    format!(
        "\
Package: {NAME}
Version: {version}
Architecture: {architecture}
Maintainer: {MAINTAINER}
Installed-Size: {size}
Depends: {needs}, default-dbus-system-bus | dbus-system-bus
Section: net
Priority: optional
Description: receive side scaling of network adapters
 The daemon rssmgrd chooses the processors that take received packets, by
 profile and NUMA topology, for the adapters that configuration or rssctl
 names. It applies the choice as channels, indirection table and interrupt
 affinity, and keeps it over reboots and driver reloads. Adapters that nobody
 named are only observed.
 .
 rssctl shows and changes settings as PowerShell's Get-, Set-, Enable- and
 Disable-NetAdapterRss do, plans a change before it is made, and explains each
 number.
"
    )
}

/// Debian's changelog: what changed is in ours beside it.
pub(super) fn changelog(version: &str, epoch: u64) -> Result<String> {
    let date = output(
        Command::new("date").args(["--utc", "--rfc-email", "--date"]).arg(format!("@{epoch}")),
        "coreutils",
    )?;
    Ok(format!(
        "{NAME} ({version}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- {MAINTAINER}  {}\n",
        date.trim()
    ))
}
