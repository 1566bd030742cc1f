//! `rssctl config`.

use std::path::PathBuf;
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
pub(super) async fn check(c: &mut Context<'_, '_>) -> Result<(), Stop> {
    let program = daemon();
    c.terminal.detail(&format!("running {} --check-config", program.display()));
    c.terminal.flush()?;
    let output = tokio::task::spawn_blocking({
        let program = program.clone();
        move || Command::new(program).arg("--check-config").output()
    })
    .await
    .map_err(|e| Failure::new(ErrorKind::Failed, e.to_string()))?
    .map_err(|e| {
        Failure::new(ErrorKind::Failed, format!("cannot run {}: {e}", program.display()))
            .hint("rssmgrd must be beside rssctl or in PATH")
    })?;
    c.terminal.print(&String::from_utf8_lossy(&output.stdout))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.trim().trim_start_matches("rssmgrd: ").trim_start_matches("error: ");
    Err(Failure::new(ErrorKind::BadFile, if message.is_empty() { "the configuration is wrong" } else { message }).into())
}

/// rssmgrd beside this program, else by name.
fn daemon() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|me| me.with_file_name("rssmgrd")).filter(|p| p.is_file());
    beside.unwrap_or_else(|| PathBuf::from("rssmgrd"))
}
