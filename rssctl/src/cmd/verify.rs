//! `rssctl verify`.

use rssmgr_proto::ErrorKind;
use rssmgr_proto::types::{Document, VerifyOptions};

use super::Context;
use crate::cli::VerifyArgs;
use crate::client::Intent;
use crate::exit::{Failure, Stop};
use crate::render::{self, structured};
use crate::resolve::duration;

/// Asks the traffic whether the hardware does what the table says.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &VerifyArgs) -> Result<(), Stop> {
    c.no_names("rssctl verify", "json, jsonl or yaml, or nothing for text")?;
    let window = duration("for", &args.window)?;
    let window_ms = Some(u32::try_from(window.as_millis()).unwrap_or(u32::MAX));
    let options = VerifyOptions { window_ms, packets: Some(args.packets) };
    let client = c.client(Intent::Read).await?;
    let records = client.verify(&args.names, &options).await?;
    let ignored: Vec<&str> =
        records.iter().filter(|r| r.verdict == "ignored").map(|r| r.name.as_str()).collect();
    let ignored = ignored.join(", ");
    let text = match c.form() {
        Some(form) => structured::document(&Document::new(records), form)?,
        None => records.iter().map(render::verified).collect(),
    };
    c.terminal.print(&text)?;
    if ignored.is_empty() {
        return Ok(());
    }
    let what = format!("{ignored}: the hardware does not do what the table says");
    Err(Failure::new(ErrorKind::RolledBack, what).into())
}
