//! VPorts of one adapter: what callers ask, checked, and what the core answers.

use std::sync::Arc;

use rssmgr_core::device::Test;
use rssmgr_core::hash::{HashKey, HashTypes, KEY_BYTES};
use rssmgr_core::mac;
use rssmgr_core::manager::{Command, Options, Reply, Selector, VPortChange, VPortWish};
use rssmgr_core::scaling::{Actor, Move, MoveRequest, SwitchId};
use rssmgr_core::{AdapterId, CpuId, FilterId, VPortId};
use rssmgr_proto::dict::{Dictionary, to_dict};
use rssmgr_proto::types::{ApplyRecord, MoveRequest as Asked, MovesRecord, VPortRequest};
use rssmgr_proto::{ApiError, ErrorKind, convert};
use zbus::Connection;
use zbus::message::Header;

use super::auth::Peer;
use super::{Context, input};
use crate::backend::softnic::random_key;

/// Longest name of a VPort.
const LONGEST_NAME: usize = 64;
/// Filters, processors and moves in one request.
const MOST_FILTERS: usize = 1024;
const MOST_PROCESSORS: usize = 1024;
const MOST_MOVES: usize = 1 << 16;

/// Who asks about which adapter.
pub(super) struct Ask<'a> {
    pub(super) context: &'a Arc<Context>,
    pub(super) peer: &'a Peer,
    pub(super) adapter: AdapterId,
    pub(super) header: &'a Header<'a>,
    pub(super) connection: &'a Connection,
}

impl Ask<'_> {
    /// Has VPorts changed.
    pub(super) async fn change(
        &self,
        change: VPortChange,
        options: &Dictionary,
    ) -> Result<Dictionary, ApiError> {
        let (selector, options) = self.prepared(options).await?;
        let (reply, topology) = self.ask(Command::VPorts { selector, change, options }).await?;
        let record = match reply {
            Reply::Adapters { generation, dry_run, checkpoint, results } => ApplyRecord {
                generation: generation.0,
                dry_run,
                checkpoint: checkpoint.map(|id| id.0),
                adapters: results.iter().map(|r| convert::result(r, &topology)).collect(),
            },
            Reply::Done { generation } | Reply::Moved { generation, .. } => {
                ApplyRecord { generation: generation.0, ..ApplyRecord::default() }
            }
        };
        to_dict(&record)
    }

    /// Has entries moved.
    pub(super) async fn moves(
        &self,
        moves: &[Asked],
        actor: &str,
        options: &Dictionary,
    ) -> Result<Dictionary, ApiError> {
        let request = move_request(moves, actor)?;
        let (selector, options) = self.prepared(options).await?;
        let command = Command::MoveSteering { selector, request: request.clone(), options };
        match self.ask(command).await? {
            (Reply::Moved { generation, dry_run, checkpoint, statuses, result }, topology) => {
                to_dict(&MovesRecord {
                    generation: generation.0,
                    dry_run,
                    checkpoint: checkpoint.map(|id| id.0),
                    ..convert::moves(&request, &statuses, &result, &topology)
                })
            }
            _ => Err(ApiError::new(ErrorKind::Failed, "the moves were not answered")),
        }
    }

    async fn prepared(&self, options: &Dictionary) -> Result<(Selector, Options), ApiError> {
        let mut options = input::options(options)?;
        let published = self.context.handle.published();
        let view = published.snapshot.adapters.get(&self.adapter).ok_or_else(|| self.gone())?;
        if let Some(surveyor) = published.surveyors.get(&self.adapter).cloned() {
            let id = self.adapter;
            // A survey that panics found nothing.
            let around = tokio::task::spawn_blocking(move || [(id, surveyor.survey())].into()).await;
            options.surroundings = Arc::new(around.unwrap_or_default());
        }
        Ok((Selector(vec![view.facts.name.clone()]), options))
    }

    async fn ask(&self, command: Command) -> Result<(Reply, Arc<rssmgr_core::topology::Topology>), ApiError> {
        let caller = self.peer.caller(self.header, self.connection).await?;
        let reply = self.context.handle.ask(caller, command).await?;
        let snapshot = self.context.handle.snapshot();
        let view = snapshot.adapters.get(&self.adapter).ok_or_else(|| self.gone())?;
        Ok((reply, Arc::clone(&view.topology)))
    }

    fn gone(&self) -> ApiError {
        ApiError::new(ErrorKind::NoSuchAdapter, format!("adapter {} is gone", self.adapter))
    }
}

/// What a VPort is to be; of a new one with its number.
pub(super) fn wish(request: &Dictionary) -> Result<(Option<VPortId>, VPortWish), ApiError> {
    let given: VPortRequest = input::record("request", request)?;
    let number = |field: &str, value: Option<u32>| {
        value
            .map(|n| {
                u16::try_from(n).map_err(|_| {
                    ApiError::usage(format!("{field}: {n} is not allowed; allowed: 1 to {}", u16::MAX))
                })
            })
            .transpose()
    };
    let too_many = |field: &str, n: usize, most: usize| {
        ApiError::usage(format!("{field}: {n} are too many in one request; allowed: {most}"))
    };
    let processors = given.processors.unwrap_or_default();
    if processors.len() > MOST_PROCESSORS {
        return Err(too_many("processors", processors.len(), MOST_PROCESSORS));
    }
    if given.add_filters.len() > MOST_FILTERS {
        return Err(too_many("add_filters", given.add_filters.len(), MOST_FILTERS));
    }
    let cpus = processors.iter().map(|p| input::processor("processors", p)).collect::<Result<Vec<_>, _>>()?;
    let name = given.name.map(|n| input::text("name", &n, LONGEST_NAME).map(str::to_owned)).transpose()?;
    let types = |text: String| {
        HashTypes::parse(input::text("hash_types", &text, 4096)?)
            .map_err(|e| ApiError::usage(format!("hash_types: {e}")))
    };
    let wish = VPortWish {
        name,
        activate: given.activate,
        enabled: given.enabled,
        queues: number("queues", given.queues)?,
        entries: number("entries", given.entries)?,
        processors: (!cpus.is_empty()).then_some(cpus),
        hash_types: given.hash_types.map(types).transpose()?,
        key: given.hash_key.map(|text| key(&text)).transpose()?,
        add: given.add_filters.iter().map(|f| filter(f)).collect::<Result<_, _>>()?,
        remove: given.remove_filters.into_iter().map(FilterId).collect(),
    };
    Ok((given.id.map(VPortId), wish))
}

/// A key of the length that every adapter with VPorts takes.
fn key(text: &str) -> Result<HashKey, ApiError> {
    let text = input::text("hash_key", text, 4096)?;
    match text.to_ascii_lowercase().as_str() {
        "random" => random_key(KEY_BYTES)
            .map_err(|e| ApiError::new(ErrorKind::Failed, format!("no random bytes for a hash key: {e}"))),
        "symmetric" => Ok(HashKey::symmetric(KEY_BYTES)),
        _ => HashKey::parse(text, KEY_BYTES)
            .map_err(|e| ApiError::usage(format!("hash_key: {e}; allowed beside it: random, symmetric"))),
    }
}

/// `MAC`, `MAC/VLAN` or `any/VLAN`.
fn filter(text: &str) -> Result<Test, ApiError> {
    let wrong = |what: &str| {
        ApiError::usage(format!(
            "filter: `{}` has {what}; write MAC, MAC/VLAN or any/VLAN, such as 02:00:00:00:00:07/100, VLAN 0 being a packet without a tag",
            text.escape_debug()
        ))
    };
    let (mac, vlan) = match text.split_once('/') {
        Some((mac, vlan)) => (mac, Some(vlan)),
        None => (text, None),
    };
    let digits = |v: &str| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit());
    let vlan = vlan
        .map(|v| v.parse::<u16>().ok().filter(|_| digits(v)).ok_or_else(|| wrong("no VLAN of 0 to 4094")))
        .transpose()?;
    if mac.eq_ignore_ascii_case("any") {
        return vlan.map(|v| Test { mac: None, vlan: Some(v) }).ok_or_else(|| wrong("nothing to test"));
    }
    Ok(Test { mac: Some(mac::parse(mac).ok_or_else(|| wrong("no Ethernet address"))?), vlan })
}

fn move_request(moves: &[Asked], actor: &str) -> Result<MoveRequest, ApiError> {
    if moves.is_empty() || moves.len() > MOST_MOVES {
        return Err(ApiError::usage(format!("moves: {} moves; allowed: 1 to {MOST_MOVES}", moves.len())));
    }
    let actor = match actor {
        "" => Actor::Owner,
        text => Actor::Processor(CpuId::from(input::processor("actor", text)?)),
    };
    let one = |(switch, vport, flags, index, to): &Asked| {
        Ok(Move {
            switch: SwitchId(*switch),
            vport: VPortId(*vport),
            flags: *flags,
            index: *index,
            target: CpuId::from(input::processor("moves", to)?),
        })
    };
    let moves = moves.iter().map(one).collect::<Result<_, ApiError>>()?;
    Ok(MoveRequest { flags: 0, actor, moves })
}
