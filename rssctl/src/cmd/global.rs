//! `rssctl global`.

use super::Context;
use crate::cli::Switch;
use crate::client::Intent;
use crate::exit::Stop;
use crate::render::structured;

/// Shows the machine-wide switch, in the layout of `Get-NetOffloadGlobalSetting`.
pub(super) async fn get(c: &mut Context<'_, '_>) -> Result<(), Stop> {
    let client = c.client(Intent::Read).await?;
    let record = client.global().await?;
    let text = match c.form() {
        Some(form) => structured::record(record, form)?,
        None => format!("ReceiveSideScaling : {}\n", if record.rss { "Enabled" } else { "Disabled" }),
    };
    c.terminal.print(&text)
}

/// Turns it.
pub(super) async fn set(c: &mut Context<'_, '_>, rss: Switch) -> Result<(), Stop> {
    let client = c.client(Intent::Change).await?;
    client.manager.set_global(rss == Switch::On).await?;
    let Some(form) = c.form() else { return Ok(()) };
    let text = structured::record(client.global().await?, form)?;
    c.terminal.print(&text)
}
