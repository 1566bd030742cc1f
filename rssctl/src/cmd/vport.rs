//! `rssctl vport`.

use rssmgr_core::manager::is_glob;
use rssmgr_proto::types::{AdapterRecord, ListOptions, VPortRecord, VPortRequest};

use super::{Context, adapters, change};
use crate::cli::{
    ApplyArgs, Output, VPortArgs, VPortCommand, VPortCreateArgs, VPortFilterArgs, VPortListArgs, VPortSetArgs,
};
use crate::client::{Change, Client, Intent};
use crate::exit::{Failure, Stop};
use crate::render::{self, structured};
use crate::resolve;

/// Lists, makes, changes and deletes VPorts.
pub(super) async fn run(c: &mut Context<'_, '_>, command: &VPortCommand) -> Result<(), Stop> {
    match command {
        VPortCommand::List(args) => list(c, args).await,
        VPortCommand::Create(args) => create(c, args).await,
        VPortCommand::Delete(args) => request(c, &args.name, &args.apply, Change::DeleteVPort(args.id)).await,
        VPortCommand::Set(args) => set(c, args).await,
        VPortCommand::Filter(args) => filter(c, args).await,
    }
}

async fn request(c: &mut Context<'_, '_>, name: &str, apply: &ApplyArgs, change: Change) -> Result<(), Stop> {
    change::request(c, &[name.to_owned()], false, apply, &change).await
}

async fn create(c: &mut Context<'_, '_>, args: &VPortCreateArgs) -> Result<(), Stop> {
    let wish = VPortRequest {
        id: args.id,
        activate: args.inactive.then_some(false),
        add_filters: args.mac.clone(),
        ..wish(&args.vport)?
    };
    request(c, &args.name, &args.apply, Change::CreateVPort(wish)).await
}

async fn set(c: &mut Context<'_, '_>, args: &VPortSetArgs) -> Result<(), Stop> {
    let wish = VPortRequest { activate: args.activate.then_some(true), ..wish(&args.vport)? };
    if wish == VPortRequest::default() {
        return Err(Failure::usage("nothing to set")
            .hint(
                "give at least one of --label, --queues, --entries, --processors, --enabled, --hash-types, --hash-key, --activate",
            )
            .into());
    }
    request(c, &args.name, &args.apply, Change::SetVPort(args.id, wish)).await
}

async fn filter(c: &mut Context<'_, '_>, args: &VPortFilterArgs) -> Result<(), Stop> {
    let wish = VPortRequest {
        add_filters: args.add.clone(),
        remove_filters: args.remove.clone(),
        ..VPortRequest::default()
    };
    request(c, &args.name, &args.apply, Change::SetVPort(args.id, wish)).await
}

fn wish(args: &VPortArgs) -> Result<VPortRequest, Failure> {
    let cpus = args.processors.iter().map(|p| Ok(resolve::processor(p)?.to_string()));
    let cpus: Vec<String> = cpus.collect::<Result<_, Failure>>()?;
    Ok(VPortRequest {
        name: args.label.clone(),
        enabled: args.enabled,
        queues: args.queues,
        entries: args.entries,
        processors: (!cpus.is_empty()).then_some(cpus),
        hash_types: args.hash_types.clone(),
        hash_key: args.hash_key.clone(),
        ..VPortRequest::default()
    })
}

/// The adapters that are meant: names that do not exist are told, the others are answered.
pub(super) async fn meant(
    c: &mut Context<'_, '_>,
    client: &Client,
    names: &[String],
    descriptions: &[String],
    include_hidden: bool,
) -> Result<Vec<AdapterRecord>, Stop> {
    let options = ListOptions { include_hidden };
    let mut names = names.to_vec();
    if !descriptions.is_empty() {
        names = adapters::described(c, client, descriptions, &options).await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
    }
    let ask = async |names: &[String]| client.adapters(names, &options).await;
    adapters::each(c, &names, |a: &AdapterRecord| &a.name, ask).await
}

async fn list(c: &mut Context<'_, '_>, args: &VPortListArgs) -> Result<(), Stop> {
    let client = c.client(Intent::Read).await?;
    let found = meant(c, &client, &args.names, &args.interface_description, args.include_hidden).await?;
    let wanted = |v: &VPortRecord| {
        (args.id.is_empty() || args.id.contains(&v.vport_id))
            && (args.switch.is_empty() || args.switch.contains(&v.switch_id))
            && (args.function.is_empty()
                || args.function.iter().any(|f| f.eq_ignore_ascii_case(&v.function_id)))
    };
    let mut vports = Vec::new();
    for adapter in &found {
        vports.extend(client.vports(&adapter.name).await?.into_iter().filter(wanted));
    }
    if let (Some(id), [name]) = (args.id.first(), args.names.as_slice())
        && vports.is_empty()
        && !found.is_empty()
        && !is_glob(name)
    {
        return Err(Failure::usage(format!("{name}: VPort {id} does not exist"))
            .hint(format!("`rssctl vport list {name}` shows those there are"))
            .into());
    }
    let people = if vports.len() == 1 { Output::List } else { Output::Table };
    let paint = c.terminal.paint;
    let text = match (c.form(), c.output().unwrap_or(people)) {
        (Some(form), _) => structured::list("vports", vports, form)?,
        (None, Output::Name) => {
            vports.iter().fold(String::new(), |out, v| format!("{out}{}/{}\n", v.name, v.vport_id))
        }
        (None, Output::List) => vports.iter().map(render::vport).collect::<Vec<_>>().join("\n"),
        (None, output) => render::vports(&vports, output == Output::Wide, paint),
    };
    c.terminal.print(&text)
}
