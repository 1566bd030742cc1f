//! `rssctl flow`.

use super::Context;
use crate::cli::FlowArgs;
use crate::client::Intent;
use crate::exit::Stop;
use crate::render::{self, structured};
use crate::resolve::flow_query;

/// Predicts where a flow goes.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &FlowArgs) -> Result<(), Stop> {
    c.no_names("rssctl flow", "json, jsonl or yaml, or nothing for text")?;
    let query = flow_query(&args.src, &args.dst, args.proto.as_deref())?;
    let client = c.client(Intent::Read).await?;
    let record = client.flow(&args.name, &query).await?;
    let text = match c.form() {
        Some(form) => structured::record(record, form)?,
        None => render::flow(&record),
    };
    c.terminal.print(&text)
}
