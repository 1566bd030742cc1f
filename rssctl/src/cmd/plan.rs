//! `rssctl plan`: a dry run of the daemon, or a plan for another machine without one.

use rssmgr_core::capability::{Capability, ChannelControl, UnhashedTarget};
use rssmgr_core::device::{Device, Queue, UserTable};
use rssmgr_core::driver::{SOFTNIC, round_robin};
use rssmgr_core::hash::{HashKey, HashTypes, KEY_BYTES};
use rssmgr_core::place::{AdapterInput, GiveBack, place};
use rssmgr_core::plan::plan;
use rssmgr_core::settings::{Layer, ManualTable, Origin, Settings};
use rssmgr_core::{AdapterId, QueueId};
use rssmgr_proto::types::ApplyOptions;
use rssmgr_proto::{ErrorKind, convert};

use super::{Context, change};
use crate::cli::PlanArgs;
use crate::client::{Change, Intent};
use crate::exit::{Failure, Stop};
use crate::render::{self, structured};
use crate::resolve::{self, AdapterSpec, OfflineMachine};

/// Asks the daemon what it would do.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &PlanArgs) -> Result<(), Stop> {
    let patch = resolve::patch(&args.settings)?;
    let change = Change::Apply(resolve::settings(&patch)?);
    let allow = args.allow.as_ref().map(|a| a.to_ascii_lowercase());
    let options = ApplyOptions { dry_run: true, allow, ..ApplyOptions::default() };
    let client = c.client(Intent::Read).await?;
    let mut names = args.names.clone();
    match change::ask_known(c, &client, &mut names, &change, &options).await? {
        Some(reply) => change::plans(c, &reply),
        None => Ok(()),
    }
}

/// Plans one adapter of another machine: as found it is round robin over its queues, which have no processors yet.
pub(super) fn offline(c: &mut Context<'_, '_>, args: &PlanArgs) -> Result<(), Stop> {
    let machine = match (&args.sysroot, &args.topology) {
        (Some(root), _) => OfflineMachine::recorded(root.clone())?,
        (None, Some(spec)) => OfflineMachine::made_up(spec)?,
        (None, None) => {
            return Err(Failure::usage("--adapter describes an adapter of another machine, and none is given")
                .hint("add --sysroot DIR for a recorded machine (`/` is this one) or --topology 2x8x2 for a made-up one")
                .into());
        }
    };
    let spec = AdapterSpec::parse(args.adapter.as_deref().unwrap_or_default(), &machine)?;
    let patch = resolve::patch(&args.settings)?;
    let settings = Settings::layered(&[Layer::of(patch, ManualTable::new(), Origin::Runtime)]);
    let boot_key = match &machine.root {
        Some(root) => rssmgr_host::boot_key(root),
        None => None,
    };
    let capability = capability(&spec);
    let device = device(&spec);
    let input = AdapterInput {
        id: AdapterId(0),
        node: spec.node,
        settings: &settings,
        capability: &capability,
        device: &device,
        driver: SOFTNIC.name,
        found_queues: spec.queues,
        assigned: None,
        replan: true,
        rss_on: true,
        boot_key: boot_key.as_ref(),
        team: None,
        give_back: GiveBack::default(),
    };
    let target = place(&[input], &machine.topology)
        .pop()
        .ok_or_else(|| Failure::new(ErrorKind::Failed, "nothing was placed"))?
        .map_err(|e| {
            let kind = if e.is_unsupported() { ErrorKind::NotSupported } else { ErrorKind::Usage };
            Failure::new(kind, format!("{}: {e}", spec.name))
        })?;
    let steps = plan(&SOFTNIC, &capability, &device, &target)
        .map_err(|e| Failure::new(ErrorKind::NotSupported, format!("{}: {e}", spec.name)))?;
    let record = convert::offline_plan(&spec.name, &device, &target, &steps, &machine.topology);
    let text = match (c.form(), c.output()) {
        (Some(form), _) => structured::record(record, form)?,
        (None, Some(crate::cli::Output::Name)) => record.name + "\n",
        (None, _) => render::plan(&record, c.terminal.paint),
    };
    c.terminal.print(&text)
}

fn capability(spec: &AdapterSpec) -> Capability {
    Capability {
        max_queues: spec.max_queues,
        channels: ChannelControl::Settable,
        table_entries: spec.entries,
        key_bytes: u16::try_from(KEY_BYTES).unwrap_or(u16::MAX),
        key_settable: true,
        hash_types: HashTypes::ALL,
        hash_types_settable: true,
        unhashed: UnhashedTarget::FirstQueue,
        independent_entry_move: false,
        serialised_moves: false,
        vectors: spec.vectors,
        msi_x: true,
        queue_affinity: true,
        link_mbps: spec.speed,
        ..Capability::default()
    }
}

fn device(spec: &AdapterSpec) -> Device {
    Device {
        enabled: true,
        queues: vec![Queue::default(); usize::from(spec.queues)],
        table: round_robin(spec.entries, spec.queues),
        key: HashKey::microsoft(),
        hash_types: HashTypes::DEFAULT,
        default_queue: QueueId(0),
        user_table: UserTable::No,
        ..Device::default()
    }
}
