//! `rssctl table`.

use rssmgr_proto::types::{EntryRecord, ListOptions, MoveRequest};
use rssmgr_proto::{ErrorKind, text};
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

/// Moves entries: one by one with a status each, or all of a processor.
pub(super) async fn shift(c: &mut Context<'_, '_>, args: &TableMoveArgs) -> Result<(), Stop> {
    let actor = args.actor.as_deref().map(resolve::processor).transpose()?.map(|p| p.to_string());
    if let (Some(from), Some(to)) = (&args.from, &args.to) {
        let (from, to) = (resolve::processor(from)?.to_string(), resolve::processor(to)?.to_string());
        if args.vport == 0 && actor.is_none() {
            let change = Change::MoveEntries { from, to };
            return change::request(c, std::slice::from_ref(&args.name), false, &args.apply, &change).await;
        }
        let client = c.client(Intent::Read).await?;
        let vports = client.vports(&args.name).await?;
        let Some(vport) = vports.iter().find(|v| v.vport_id == args.vport) else {
            return Err(Failure::usage(format!("{}: VPort {} does not exist", args.name, args.vport))
                .hint(format!("`rssctl vport list {}` shows those there are", args.name))
                .into());
        };
        let of = vport.indirection_table.iter().filter(|e| e.processor == from);
        let moves: Vec<MoveRequest> =
            of.map(|e| (0, args.vport, 0, u16::try_from(e.entry).unwrap_or(u16::MAX), to.clone())).collect();
        if moves.is_empty() {
            return Err(Failure::usage(format!(
                "{}: no entry of VPort {} points at processor {from}",
                args.name, args.vport
            ))
            .hint(format!("`rssctl vport list {} --id {}` shows where they point", args.name, args.vport))
            .into());
        }
        return moved(c, args, &moves, actor.as_deref()).await;
    }
    let moves = args.moves.iter().map(|m| resolve::steering(m, args.vport)).collect::<Result<Vec<_>, _>>()?;
    moved(c, args, &moves, actor.as_deref()).await
}

/// Sends moves and shows what came of each.
async fn moved(
    c: &mut Context<'_, '_>,
    args: &TableMoveArgs,
    moves: &[MoveRequest],
    actor: Option<&str>,
) -> Result<(), Stop> {
    if args.apply.confirm == Some(true) && !args.apply.what_if {
        return Err(Failure::usage("--confirm asks before settings are changed, and these are moves")
            .hint("see what they would do with --what-if")
            .into());
    }
    let intent = if args.apply.what_if { Intent::Read } else { Intent::Change };
    let client = c.client(intent).await?;
    let options = resolve::options(&args.apply)?;
    let said = client.moves(&args.name, moves, actor.unwrap_or_default(), &options).await?;
    let text = match c.form() {
        Some(form) => structured::record(said.clone(), form)?,
        None if c.global.quiet => String::new(),
        None => render::moves(&said, c.terminal.paint),
    };
    c.terminal.print(&text)?;
    change::waits(c, said.checkpoint, &args.apply);
    if let Some(error) = &said.adapter.error {
        c.note(&Failure::new(error.kind, text::about(&args.name, &error.message)));
    }
    let mut told: Vec<&str> = Vec::new();
    for m in &said.moves {
        let Some(meaning) = m.meaning.as_deref().filter(|_| !told.contains(&m.status.as_str())) else {
            continue;
        };
        told.push(&m.status);
        let kind =
            if m.status == "NDIS_STATUS_NOT_SUPPORTED" { ErrorKind::NotSupported } else { ErrorKind::Failed };
        let what = format!("{}: VPort {}, {}: {}", args.name, m.vport_id, m.steering, m.status);
        c.note(&Failure::new(kind, what).hint(meaning.to_owned()));
    }
    Ok(())
}
