//! `rssctl wait`.

use rssmgr_proto::ErrorKind;
use serde::Serialize;

use super::Context;
use crate::cli::WaitArgs;
use crate::client::Intent;
use crate::exit::{Failure, Stop};
use crate::render::structured;
use crate::resolve::duration;

/// What was waited for.
#[derive(Debug, Serialize)]
struct WaitRecord {
    generation: u64,
}

/// Waits until nothing is under way.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &WaitArgs) -> Result<(), Stop> {
    let timeout = duration("timeout", &args.timeout)?;
    let client = c.client(Intent::Read).await?;
    let ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    // The daemon keeps the time; a daemon that does not is given a little longer.
    let grace = timeout + std::time::Duration::from_secs(5);
    let late = || {
        Failure::new(ErrorKind::TimedOut, format!("not settled after {}", args.timeout))
            .hint("see what is under way with `rssctl get`, or wait longer with --timeout")
    };
    let reply = match tokio::time::timeout(grace, client.manager.wait_settled(args.generation, ms)).await {
        Ok(reply) => reply?,
        Err(_) => return Err(late().into()),
    };
    let text = match c.form() {
        Some(form) => structured::record(WaitRecord { generation: reply }, form)?,
        None if c.global.quiet => return Ok(()),
        None => format!("{reply}\n"),
    };
    c.terminal.print(&text)
}
