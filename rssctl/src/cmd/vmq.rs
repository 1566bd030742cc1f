//! `rssctl vmq`.

use rssmgr_core::field::{Field, Raw};
use rssmgr_core::settings::SettingsPatch;
use rssmgr_proto::types::{AdapterRecord, AdapterVmqRecord, QueueRecord, VPortRecord, VmqQueueRecord};

use super::vport::meant;
use super::{Context, change};
use crate::cli::{ChangeArgs, Output, SettingArgs, VmqCommand, VmqGetArgs, VmqQueuesArgs, VmqSetArgs};
use crate::client::{Change, Intent};
use crate::exit::{Failure, Stop};
use crate::render::{self, structured};
use crate::resolve;

/// Shows and changes VMQ.
pub(super) async fn run(c: &mut Context<'_, '_>, command: &VmqCommand) -> Result<(), Stop> {
    match command {
        VmqCommand::Get(args) => get(c, args).await,
        VmqCommand::Set(args) => set(c, args).await,
        VmqCommand::Enable(args) => switch(c, args, true).await,
        VmqCommand::Disable(args) => switch(c, args, false).await,
        VmqCommand::Queues(args) => queues(c, args).await,
    }
}

async fn switch(c: &mut Context<'_, '_>, args: &ChangeArgs, on: bool) -> Result<(), Stop> {
    change::named(c, args, &Change::Vmq(on)).await
}

async fn set(c: &mut Context<'_, '_>, args: &VmqSetArgs) -> Result<(), Stop> {
    let given: Vec<(Field, String)> = [
        (Field::BaseProcessor, &args.base_processor),
        (Field::MaxProcessor, &args.max_processor),
        (Field::MaxProcessors, &args.max_processors),
        (Field::NumaNode, &args.numa_node),
    ]
    .into_iter()
    .filter_map(|(field, text)| Some((field, text.clone()?)))
    .collect();
    let on = args.enabled.as_deref().map(enabled).transpose()?;
    if given.is_empty() && on.is_none() {
        return Err(Failure::usage("nothing to set")
            .hint("give at least one of --enabled, --base-processor, --max-processor, --max-processors, --numa-node")
            .into());
    }
    if !given.is_empty() {
        let patch = resolve::patch(&SettingArgs { given })?;
        let change = Change::Apply(resolve::settings(&patch)?);
        change::request(c, &args.names, false, &args.apply, &change).await?;
    }
    match on {
        Some(on) => change::request(c, &args.names, false, &args.apply, &Change::Vmq(on)).await,
        None => Ok(()),
    }
}

/// As the setting of the same name is read.
fn enabled(text: &str) -> Result<bool, Failure> {
    let mut patch = SettingsPatch::default();
    let set = patch.set(Field::Enabled, &Raw::Text(text.to_owned()));
    set.map_err(|e| Failure::usage(e.to_string()).hint("this is the value of --enabled"))?;
    Ok(patch.enabled.unwrap_or_default())
}

fn record(a: AdapterRecord) -> AdapterVmqRecord {
    AdapterVmqRecord {
        name: a.name,
        interface_description: a.interface_description,
        base_processor: a.base_processor,
        max_processor: a.max_processor,
        max_processors: a.max_processors,
        numa_node: a.numa_node,
        vmq: a.vmq,
    }
}

async fn get(c: &mut Context<'_, '_>, args: &VmqGetArgs) -> Result<(), Stop> {
    let client = c.client(Intent::Read).await?;
    let found = meant(c, &client, &args.names, &args.interface_description, args.include_hidden).await?;
    let records: Vec<AdapterVmqRecord> = found.into_iter().map(record).collect();
    let people = if records.len() == 1 { Output::List } else { Output::Table };
    let text = match (c.form(), c.output().unwrap_or(people)) {
        (Some(form), _) => structured::adapters(records, form)?,
        (None, Output::Name) => records.iter().fold(String::new(), |out, r| out + &r.name + "\n"),
        (None, Output::List) => records.iter().map(render::vmq).collect::<Vec<_>>().join("\n"),
        (None, output) => render::vmqs(&records, output == Output::Wide, c.terminal.paint),
    };
    c.terminal.print(&text)
}

/// The queues of an adapter that a VPort has for itself.
fn queues_of(vports: &[VPortRecord], queues: &[QueueRecord]) -> Vec<VmqQueueRecord> {
    let of = |v: &VPortRecord, queue: u32| VmqQueueRecord {
        name: v.name.clone(),
        queue_id: queue,
        state: if v.state == "activated" { "running" } else { "paused" }.into(),
        vport_id: v.vport_id,
        queue_name: v.vport_name.clone(),
        processor: queues.iter().find(|q| q.queue == queue).and_then(|q| q.processor.clone()),
        filters: v.filters.clone(),
    };
    let mut out: Vec<VmqQueueRecord> = vports
        .iter()
        .filter(|v| v.vport_id != 0)
        .flat_map(|v| v.queues.iter().map(move |q| of(v, *q)))
        .collect();
    out.sort_by_key(|q| q.queue_id);
    out
}

async fn queues(c: &mut Context<'_, '_>, args: &VmqQueuesArgs) -> Result<(), Stop> {
    let client = c.client(Intent::Read).await?;
    let found = meant(c, &client, &args.names, &args.interface_description, args.include_hidden).await?;
    let mut list = Vec::new();
    for adapter in &found {
        let vports = client.vports(&adapter.name).await?;
        let queues = queues_of(&vports, &adapter.queues);
        list.extend(queues.into_iter().filter(|q| args.id.is_empty() || args.id.contains(&q.queue_id)));
    }
    let text = match (c.form(), c.output().unwrap_or(Output::Table)) {
        (Some(form), _) => structured::list("vmq_queues", list, form)?,
        (None, Output::Name) => {
            list.iter().fold(String::new(), |out, q| format!("{out}{}/{}\n", q.name, q.queue_id))
        }
        (None, Output::List) => list.iter().map(render::vmq_queue).collect::<Vec<_>>().join("\n"),
        (None, _) => render::vmq_queues(&list, c.terminal.paint),
    };
    c.terminal.print(&text)
}
