//! `rssctl table`.

use rssmgr_proto::types::{EntryRecord, ListOptions};
use serde::Serialize;

use super::{Context, change};
use crate::cli::{TableMoveArgs, TableSetArgs};
use crate::client::{Change, Intent};
use crate::exit::{Failure, Stop};
use crate::render::structured::Form;
use crate::render::{self, structured};
use crate::resolve;

/// The table of one adapter.
#[derive(Clone, Debug, Serialize)]
struct TableRecord {
    name: String,
    indirection_table: Vec<EntryRecord>,
}

/// Shows a table.
pub(super) async fn get(c: &mut Context<'_, '_>, name: &str) -> Result<(), Stop> {
    c.no_names("rssctl table get", "table, json, jsonl or yaml")?;
    let client = c.client(Intent::Read).await?;
    let found = client.adapters(&[name.to_string()], &ListOptions::default()).await?;
    let [adapter] = found.as_slice() else {
        let names: Vec<&str> = found.iter().map(|a| a.name.as_str()).collect();
        return Err(Failure::usage(format!("`{name}` means several adapters: {}", names.join(", ")))
            .hint("name one of them")
            .into());
    };
    let table = adapter.indirection_table.clone();
    let text = match c.form() {
        Some(Form::Jsonl) => structured::list("indirection_table", table, Form::Jsonl)?,
        Some(form) => {
            structured::record(TableRecord { name: adapter.name.clone(), indirection_table: table }, form)?
        }
        None => render::entries(&table, c.terminal.paint),
    };
    c.terminal.print(&text)
}

/// Sets entries by hand.
pub(super) async fn set(c: &mut Context<'_, '_>, args: &TableSetArgs) -> Result<(), Stop> {
    let entries = args.entries.iter().map(|e| resolve::entry(e)).collect::<Result<Vec<_>, _>>()?;
    change::request(c, std::slice::from_ref(&args.name), false, &args.apply, &Change::SetEntries(entries))
        .await
}

/// Moves all entries of a processor.
pub(super) async fn shift(c: &mut Context<'_, '_>, args: &TableMoveArgs) -> Result<(), Stop> {
    let change = Change::MoveEntries {
        from: resolve::processor(&args.from)?.to_string(),
        to: resolve::processor(&args.to)?.to_string(),
    };
    change::request(c, std::slice::from_ref(&args.name), false, &args.apply, &change).await
}
