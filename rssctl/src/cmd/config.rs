//! `rssctl config`.

use std::path::{Path, PathBuf};
use std::process::Command;

use rssmgr_proto::ErrorKind;

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

/// Has the daemon's program check the files: only it knows where they are and what they may hold.
pub(super) fn check(c: &mut Context<'_, '_>, path: Option<&Path>) -> Result<(), Stop> {
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
    c.terminal.print(&String::from_utf8_lossy(&output.stdout))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().trim_start_matches("rssmgrd: ").trim_start_matches("error: ");
    let said = if said.is_empty() { "the configuration is wrong" } else { said };
    Err(Failure::new(ErrorKind::BadFile, said).into())
}

/// rssmgrd beside this program, else by name.
fn daemon() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|me| me.with_file_name("rssmgrd")).filter(|p| p.is_file());
    beside.unwrap_or_else(|| PathBuf::from("rssmgrd"))
}
