//! `rssctl config`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rssmgr_proto::ErrorKind;
use serde::Serialize;

use super::Context;
use crate::cli::Output;
use crate::client::Intent;
use crate::exit::{Failure, Stop};
use crate::render::{self, structured};

/// Shows the settings in force.
pub(super) async fn show(c: &mut Context<'_, '_>, origin: bool) -> Result<(), Stop> {
    let client = c.client(Intent::Read).await?;
    let config = client.config().await?;
    let text = match (c.form(), c.output()) {
        (Some(form), _) => structured::record(config, form)?,
        (None, Some(Output::Name)) => {
            config.adapters.iter().fold(String::new(), |out, a| out + &a.name + "\n")
        }
        (None, _) => render::config(&config, origin, c.terminal.paint),
    };
    c.terminal.print(&text)
}

/// What was checked, and what a daemon that runs uses.
#[derive(Debug, Serialize)]
struct CheckRecord {
    /// What was named; without it the system's folders were searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    /// The files, weakest first. All are right, or this would not be told.
    files: Vec<String>,
    /// The files that the daemon uses; none when no daemon answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    daemon_files: Option<Vec<String>>,
}

/// Has the daemon's program check the files: only it knows where they are and what they may hold. A daemon that runs with
/// other files is told of, since those are not checked.
pub(super) async fn check(c: &mut Context<'_, '_>, path: Option<&Path>) -> Result<(), Stop> {
    let program = daemon();
    c.terminal.detail(&format!("running {} --check-config", program.display()));
    let mut command = Command::new(&program);
    command.arg("--check-config");
    if let Some(path) = path {
        command.arg("--config").arg(path);
    }
    let output = command.output().map_err(|e| {
        Failure::new(ErrorKind::Failed, format!("cannot run {}: {e}", program.display()))
            .hint("rssmgrd must be beside rssctl or in PATH")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("rssmgrd: ").trim_start_matches("error: ");
        let said = if said.is_empty() { "the configuration is wrong" } else { said };
        return Err(Failure::new(ErrorKind::BadFile, said).into());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let files: Vec<String> = said.lines().filter_map(|l| l.strip_suffix(": ok")).map(Into::into).collect();
    let running = match c.client(Intent::Read).await {
        Ok(client) => Some((client.config().await?.files, client.place)),
        Err(_) => None,
    };
    if let Some(form) = c.form() {
        let daemon_files = running.map(|(files, _)| files);
        let record = CheckRecord { path: path.map(Into::into), files, daemon_files };
        return c.terminal.print(&structured::record(record, form)?);
    }
    let place = path.map_or(SYSTEM.into(), |p| p.display().to_string());
    c.terminal.print(&format!("checked {place}\n{said}"))?;
    match running {
        Some((used, place)) if !same(&used, &files) => {
            let used = if used.is_empty() { "no files".into() } else { used.join(", ") };
            c.terminal.note(&format!("the daemon at {place} runs with {used}: that was not checked"));
        }
        _ => {}
    }
    Ok(())
}

/// Where a daemon that was not told anything else finds its files.
const SYSTEM: &str =
    "the files of the system, in /etc/rssmgrd, /run/rssmgrd, /usr/local/lib/rssmgrd and /usr/lib/rssmgrd";

/// Whether two lists mean the same files, however they are written.
fn same(a: &[String], b: &[String]) -> bool {
    let real = |list: &[String]| -> Vec<PathBuf> {
        list.iter().map(|f| fs::canonicalize(f).unwrap_or_else(|_| f.into())).collect()
    };
    real(a) == real(b)
}

/// rssmgrd beside this program, else by name.
fn daemon() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|me| me.with_file_name("rssmgrd")).filter(|p| p.is_file());
    beside.unwrap_or_else(|| PathBuf::from("rssmgrd"))
}
