//! `rssctl softnic`.

use std::path::Path;

use rssmgr_proto::ErrorKind;
use serde::Serialize;

use super::Context;
use crate::cli::{Output, SoftnicCommand, SoftnicCreateArgs, Switch};
use crate::client::{Client, Intent};
use crate::exit::{Failure, Stop};
use crate::render::{self, structured};

/// A software NIC that is no more.
#[derive(Debug, Serialize)]
struct DeletedRecord<'a> {
    name: &'a str,
    deleted: bool,
}

/// Creates, deletes, lists, gives another source, or switches the power.
pub(super) async fn run(c: &mut Context<'_, '_>, command: &SoftnicCommand) -> Result<(), Stop> {
    match command {
        SoftnicCommand::Create(args) => {
            let options = options(args)?;
            let client = c.client(Intent::Change).await?;
            let created = client.create_softnic(&args.name, &options).await?;
            let text = match c.form() {
                Some(form) => structured::record(created, form)?,
                None if c.global.quiet => return Ok(()),
                None => format!("{}: created; see `rssctl get {}`\n", created.name, created.name),
            };
            c.terminal.print(&text)
        }
        SoftnicCommand::Delete { name } => {
            let client = c.client(Intent::Change).await?;
            client.manager.delete_softnic(name).await?;
            let Some(form) = c.form() else { return Ok(()) };
            let text = structured::record(DeletedRecord { name, deleted: true }, form)?;
            c.terminal.print(&text)
        }
        SoftnicCommand::Source { name, source } => {
            let source = absolute(source)?;
            let client = c.client(Intent::Change).await?;
            client.manager.set_softnic_source(name, &source).await?;
            show(c, &client, name, "").await
        }
        SoftnicCommand::Power { name, power } => {
            let client = c.client(Intent::Change).await?;
            client.manager.set_softnic_power(name, *power == Switch::On).await?;
            let said = match power {
                Switch::On => format!("{name}: powered on; see `rssctl get {name}`\n"),
                Switch::Off => {
                    format!("{name}: powered off, it has no queues until `rssctl softnic power {name} on`\n")
                }
            };
            show(c, &client, name, &said).await
        }
        SoftnicCommand::Reset { name } => {
            let client = c.client(Intent::Change).await?;
            client.manager.reset_softnic(name).await?;
            show(c, &client, name, &format!("{name}: reset; see `rssctl get {name}`\n")).await
        }
        SoftnicCommand::List => {
            let client = c.client(Intent::Read).await?;
            let nics = client.softnics().await?;
            let text = match (c.form(), c.output()) {
                (Some(form), _) => structured::list("softnics", nics, form)?,
                (None, Some(Output::Name)) => nics.iter().fold(String::new(), |out, n| out + &n.name + "\n"),
                (None, _) => render::softnics(&nics, c.terminal.paint),
            };
            c.terminal.print(&text)
        }
    }
}

/// Prints the record, where a form for it was asked for, or says what was done.
async fn show(c: &mut Context<'_, '_>, client: &Client, name: &str, said: &str) -> Result<(), Stop> {
    let Some(form) = c.form() else {
        return if c.global.quiet { Ok(()) } else { c.terminal.print(said) };
    };
    match client.softnics().await?.into_iter().find(|n| n.name == name) {
        Some(nic) => c.terminal.print(&structured::record(nic, form)?),
        // Somebody has deleted it since.
        None => Ok(()),
    }
}

/// The options by key; the daemon knows what each takes.
fn options(args: &SoftnicCreateArgs) -> Result<Vec<(&'static str, String)>, Failure> {
    let source = args.source.as_deref().map(absolute).transpose()?;
    let topology = args.topology.as_deref().map(absolute).transpose()?;
    let all = [
        ("queues", args.queues.clone()),
        ("max_queues", args.max_queues.clone()),
        ("entries", args.entries.clone()),
        ("topology", topology),
        ("node", args.node.clone()),
        ("ring", args.ring.clone()),
        ("source", source),
        ("vports", args.vports.clone()),
        ("speed", args.speed.clone()),
    ];
    Ok(all.into_iter().filter_map(|(k, v)| Some((k, v?))).collect())
}

/// `pcap:FILE` and `path:DIR` with an absolute path: the daemon has another working folder.
fn absolute(text: &str) -> Result<String, Failure> {
    match text.split_once(':') {
        Some((kind @ ("pcap" | "path"), rest)) if !rest.is_empty() && Path::new(rest).is_relative() => {
            let here = std::env::current_dir()
                .map_err(|e| Failure::new(ErrorKind::Failed, format!("{text}: no working folder: {e}")))?;
            let here = here.to_str().ok_or_else(|| {
                Failure::usage(format!("{text}: the working folder is not UTF-8; write an absolute path"))
            })?;
            // Behind `pcap:` a comma starts the options, unless a backslash is before it.
            let here =
                if kind == "pcap" { here.replace('\\', "\\\\").replace(',', "\\,") } else { here.into() };
            Ok(format!("{kind}:{here}/{rest}"))
        }
        _ => Ok(text.into()),
    }
}
