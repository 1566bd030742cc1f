//! From intents to a group: all adapters are placed together, each is planned, and what cannot be done is known before
//! anything is.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Manager;
use super::adapter::{Adapter, basis, settings};
use super::command::{CommandError, CommandId, Options};
use super::group::{Draft, Group, Member, Planned};
use super::saved::{GivenUp, SavedAdapter};
use super::start::Intent;
use super::vport;
use crate::capability::{Capability, ChannelControl};
use crate::defer::harmless;
use crate::device::{Device, Op};
use crate::driver::{Impact, Nic};
use crate::ids::{AdapterId, CpuId};
use crate::place::{AdapterInput, GiveBack, Path, PlaceError, Target, place};
use crate::plan::{Step, impact, plan_nic};
use crate::preflight::{Finding, findings, refusing};
use crate::settings::{Auto, KeySetting, Queues, Settings, Xps};
use crate::topology::Topology;

impl Manager {
    /// Places and plans all intents together and begins the group, or answers at once when nothing is to be done.
    pub(super) fn build(
        &mut self,
        asked: Option<CommandId>,
        uid: u32,
        intents: Vec<Intent>,
        options: &Options,
        rss_after: Option<bool>,
    ) {
        let members = self.assemble(asked, intents, options, rss_after.unwrap_or(self.saved.rss_on));
        if let (true, Some(id)) = (options.dry_run, asked) {
            let results = members.iter().map(|m| m.result(true)).collect();
            return self.answer(id, results, true, None);
        }
        self.begin(Group::new(asked, uid, options, members, rss_after));
    }

    /// Places and plans all intents together.
    pub(super) fn assemble(
        &self,
        asked: Option<CommandId>,
        intents: Vec<Intent>,
        options: &Options,
        rss_on: bool,
    ) -> Vec<Member> {
        let intents: BTreeMap<AdapterId, (Intent, Settings)> = intents
            .into_iter()
            .filter_map(|i| {
                let a = self.adapters.get(&i.id)?;
                let after = settings(&a.facts, &self.config, i.saved.as_ref(), &i.runtime);
                Some((i.id, (i, after)))
            })
            .collect();
        let wanted: BTreeMap<AdapterId, Result<Device, CommandError>> = intents
            .iter()
            .filter(|(_, (i, _))| i.managed && i.restore.is_none())
            .filter_map(|(id, (i, after))| {
                Some((*id, vport::wanted(self.adapters.get(id)?, i.saved.as_ref(), after, i.named, rss_on)))
            })
            .collect();
        let mut targets = self.targets(&intents, &wanted, rss_on);
        let mut members: Vec<Member> = intents
            .into_iter()
            .filter_map(|(id, (intent, after))| {
                let target = targets.remove(&id).map(|t| t.map_err(CommandError::from));
                let a = self.adapters.get(&id)?;
                let held = asked.and_then(|_| self.held(&a.facts.key));
                let short = wanted.get(&id).and_then(|w| w.as_ref().err()).cloned();
                let target = short.map_or(target, |e| Some(Err(e)));
                let target = held.map_or(target, |e| Some(Err(e)));
                let down = asked.filter(|_| a.power.is_down());
                let refused = |_| Some(Err(CommandError::PoweredDown { name: a.facts.name.clone() }));
                let target = down.map_or(target, refused);
                let unread = |because: &str| CommandError::Unread {
                    name: a.facts.name.clone(),
                    because: because.into(),
                };
                let target = a.unread().map_or(target, |because| Some(Err(unread(because))));
                Some(self.draft(a, intent, after, target, options))
            })
            .collect();
        if options.atomic && members.iter().any(|m| m.has_failed() || m.is_refused()) {
            let some_failed = members.iter().any(Member::has_failed);
            for m in members.iter_mut().filter(|m| !m.has_failed()) {
                if some_failed {
                    m.fail(CommandError::Atomic);
                } else {
                    m.would_be_refused(CommandError::Atomic);
                }
            }
        }
        members
    }

    /// Places and plans all intents together, for what nobody asked for just now.
    pub(super) fn draw(
        &self,
        intents: Vec<Intent>,
        options: &Options,
        rss_after: Option<bool>,
    ) -> Vec<Member> {
        self.assemble(None, intents, options, rss_after.unwrap_or(self.saved.rss_on))
    }

    fn draft(
        &self,
        a: &Adapter,
        mut intent: Intent,
        settings_after: Settings,
        placed: Option<Result<Target, CommandError>>,
        options: &Options,
    ) -> Member {
        let target = match (&intent.restore, placed) {
            (_, Some(Err(e))) => Err(e),
            (Some(device), _) => Ok(Target::snapshot(device.clone())),
            (None, Some(Ok(mut placed))) => {
                vport::steer_default(a, intent.saved.as_ref(), &mut placed);
                vport::limits(a, intent.saved.as_ref(), &mut placed);
                Ok(placed)
            }
            (None, None) => Ok(Target::snapshot(a.whole().clone())),
        };
        let allow = intent.limit.map_or(options.allow, |limit| limit.min(options.allow));
        // What is given back is given back whole, and what is half done is not left so for later.
        let defers = options.no_restart && intent.restore.is_none() && a.back.is_none();
        let around = options.surroundings.get(&intent.id);
        let findings = around.map(|s| findings(s, options.login)).unwrap_or_default();
        let steps_to = |mut t: Target| -> Result<Planned, CommandError> {
            t.device = as_shown(a, t.device);
            let nic = Nic { table: a.drift.table, ..Nic::from(a.device.clone()) };
            // One without queues is replayed as a whole when it has them again.
            let steps =
                if a.power.is_down() { Vec::new() } else { plan_nic(a.driver(), &a.capability, &nic, &t)? };
            let assigned = chosen(&t).to_vec();
            let mut planned =
                Planned { target: t, assigned, steps, pending: Vec::new(), refusals: Vec::new() };
            if defers && impact(&planned.steps) > allow {
                let (now, steps) = harmless(a.driver(), &a.capability, &a.device, &planned.target, allow);
                let then = Nic::from(now.device.clone());
                planned.pending = plan_nic(a.driver(), &a.capability, &then, &planned.target)?;
                (planned.target, planned.steps) = (now, steps);
            }
            planned.refusals = refusals(&planned.steps, allow, &findings, options);
            match planned.refusals.first() {
                Some(e) if !options.dry_run => Err(e.clone()),
                _ => Ok(planned),
            }
        };
        let mut planned = target.and_then(steps_to);
        let mut instead = None;
        if let (true, Some(back), Err(_)) = (a.recovering, &a.back, &planned) {
            // What an earlier run left half done is taken back even where its settings are of no use.
            instead = planned.err();
            planned = steps_to(Target::snapshot(back.clone()));
            intent.saved = self.effective(&a.facts.key).cloned();
            intent.managed = a.managed;
        }
        // Processors that run-time settings chose are not to be found again after a restart.
        if let (Ok(p), true, Some(entry)) = (&planned, intent.managed, &mut intent.saved)
            && instead.is_none()
            && (intent.named || !a.drift.leaves_channels())
        {
            entry.pending = (!p.pending.is_empty()).then_some(allow);
            entry.gives_back = given_up(a, &settings_after, p);
            if !intent.runtime.patch.replans() && intent.restore.is_none() {
                entry.assigned.clone_from(&p.assigned);
                entry.basis = basis(&settings_after);
            }
        }
        let saved = self.effective(&a.facts.key);
        let asked =
            |s: &SavedAdapter| (s.patch.clone(), s.table.clone(), s.managed, s.released, s.scaling.clone());
        let resolves =
            saved.map(asked).unwrap_or_default() != intent.saved.as_ref().map(asked).unwrap_or_default();
        Member::new(Draft {
            id: intent.id,
            key: a.facts.key.clone(),
            name: a.facts.name.clone(),
            team: a.facts.team.as_ref().map(|t| t.name.clone()),
            before: a.device.clone(),
            whole: as_shown(a, a.whole().clone()),
            doubtful: a.degraded.is_some() || a.recovering && a.back.is_some(),
            named: intent.named,
            instead,
            changed: resolves || a.managed != intent.managed,
            settings_before: a.settings.clone(),
            settings_after,
            saved_after: intent.saved,
            runtime_after: intent.runtime,
            managed_after: intent.managed,
            findings,
            planned,
        })
    }

    /// Where everything goes: per machine, all managed adapters together.
    fn targets(
        &self,
        intents: &BTreeMap<AdapterId, (Intent, Settings)>,
        wanted: &BTreeMap<AdapterId, Result<Device, CommandError>>,
        rss_on: bool,
    ) -> BTreeMap<AdapterId, Result<Target, PlaceError>> {
        let mut out = BTreeMap::new();
        let mut machines: Vec<(&Arc<Topology>, Vec<AdapterId>)> = Vec::new();
        for (id, a) in &self.adapters {
            let managed = match intents.get(id) {
                Some((i, _)) => i.managed && i.restore.is_none(),
                None => self.under_way(*id).map_or(a.managed, |m| m.managed_after),
            };
            if !managed {
                continue;
            }
            match machines.iter_mut().find(|(t, _)| same_machine(t, &a.topology)) {
                Some((_, ids)) => ids.push(*id),
                None => machines.push((&a.topology, alloc::vec![*id])),
            }
        }
        for (topology, ids) in machines {
            if !ids.iter().any(|id| intents.contains_key(id)) {
                continue;
            }
            let given_up: BTreeMap<AdapterId, Settings> = ids
                .iter()
                .filter_map(|id| {
                    let a = self.adapters.get(id)?;
                    Some((*id, as_found(a, &intents.get(id)?.1, |part| self.gives_back(a, part))))
                })
                .collect();
            // Nobody allowed to change these channels, so the rest is made to fit them.
            let left: BTreeMap<AdapterId, Capability> = ids
                .iter()
                .filter_map(|id| Some((*id, self.adapters.get(id)?)))
                .filter(|(id, a)| a.drift.leaves_channels() && !intents.get(id).is_some_and(|(i, _)| i.named))
                .map(|(id, a)| (id, Capability { channels: ChannelControl::Fixed, ..a.capability.clone() }))
                .collect();
            let inputs: Vec<AdapterInput<'_>> = ids
                .iter()
                .filter_map(|id| {
                    let a = self.adapters.get(id)?;
                    let after = given_up.get(id);
                    let given = intents.get(id).and_then(|(i, _)| i.processors.as_deref());
                    let asked = intents.get(id).map(|(_, s)| s);
                    let device = wanted.get(id).and_then(|w| w.as_ref().ok()).unwrap_or_else(|| a.whole());
                    let replan = given.is_none()
                        && (asked.is_some_and(|s| !a.managed || basis(&a.settings) != basis(s))
                            || fewer_held(a.whole(), device));
                    Some(AdapterInput {
                        id: *id,
                        node: a.facts.node,
                        driver: &a.facts.driver,
                        settings: after.unwrap_or(&a.settings),
                        capability: left.get(id).unwrap_or(&a.capability),
                        device,
                        found_queues: a.found_queues,
                        assigned: given.or(self.present(*id, a)),
                        replan,
                        rss_on,
                        boot_key: self.boot_key.as_ref(),
                        team: a.facts.team.as_ref(),
                        give_back: after
                            .map(|s| given_back(a, s, |part| self.gives_back(a, part)))
                            .unwrap_or_default(),
                    })
                })
                .collect();
            let placed = place(&inputs, topology);
            out.extend(inputs.iter().map(|i| i.id).zip(placed).filter(|(id, _)| intents.contains_key(id)));
        }
        out
    }

    /// Whether a part of an adapter waits for a restart to be as it was found again.
    fn gives_back(&self, a: &Adapter, part: GivenUp) -> bool {
        let waits = |s: &SavedAdapter| s.gives_back.contains(&part);
        a.managed && self.effective(&a.facts.key).is_some_and(waits)
    }

    /// The change of an adapter that is under way and has not failed.
    fn under_way(&self, id: AdapterId) -> Option<&Member> {
        self.groups.values().flat_map(|g| &g.members).find(|m| m.id == id && !m.has_failed())
    }

    /// The processors an adapter runs on, or will when the change under way is through.
    fn present<'a>(&'a self, id: AdapterId, a: &'a Adapter) -> Option<&'a [CpuId]> {
        let under_way = self.under_way(id).filter(|m| m.target.is_some());
        under_way.map(|m| m.assigned.as_slice()).or(a.assigned.as_deref())
    }
}

/// What of the steps that wait for a restart only gives back what was found. Settings that gave up what we wrote do not say
/// any more that it was ours, as long as it has not gone back.
fn given_up(a: &Adapter, after: &Settings, planned: &Planned) -> BTreeSet<GivenUp> {
    let found = &a.original;
    let part = |op: &Op| match op {
        Op::Channels(_) if after.queues.value == Queues::Auto => Some(GivenUp::Queues),
        Op::SetKey(key) if after.hash_key.value == KeySetting::Keep && *key == found.key => {
            Some(GivenUp::HashKey)
        }
        Op::HashTypes(types) if after.hash_types.value == Auto::Auto && *types == found.hash_types => {
            Some(GivenUp::HashTypes)
        }
        Op::Xps { .. } if after.xps.value == Xps::Off => Some(GivenUp::Xps),
        Op::XpsRxqs { .. } if after.xps.value != Xps::Rxqs => Some(GivenUp::XpsRxqs),
        Op::Rps { .. } if planned.target.path != Path::Rps => Some(GivenUp::Rps),
        _ => None,
    };
    planned.pending.iter().filter_map(|step| part(&step.op)).collect()
}

/// The settings to place by: where we wrote a key, hash types or a number of queues and nobody asks for them any more,
/// what was found goes back. `keep` alone would keep what we wrote, until a restart finds something else.
fn as_found(a: &Adapter, after: &Settings, waits: impl Fn(GivenUp) -> bool) -> Settings {
    let mut s = after.clone();
    let found = &a.original;
    let wrote_types = a.managed && a.settings.hash_types.value != Auto::Auto || waits(GivenUp::HashTypes);
    if wrote_types && s.hash_types.value == Auto::Auto {
        s.hash_types.value = Auto::Is(found.hash_types);
    }
    let wrote_queues = a.managed && a.settings.queues.value != Queues::Auto || waits(GivenUp::Queues);
    if wrote_queues && s.queues.value == Queues::Auto && a.capability.channels == ChannelControl::Settable {
        s.queues.value = Queues::Count(a.found_queues);
    }
    let wrote_key = a.managed && a.settings.hash_key.value != KeySetting::Keep || waits(GivenUp::HashKey);
    if wrote_key && s.hash_key.value == KeySetting::Keep && !found.key.is_empty() {
        s.hash_key.value = KeySetting::Given(found.key.clone());
    }
    s
}

/// Steering that was ours and is not asked for any more: what was found goes back. Whether packet steering is asked for
/// any more is for placement to say.
fn given_back<'a>(a: &'a Adapter, after: &Settings, waits: impl Fn(GivenUp) -> bool) -> GiveBack<'a> {
    let (before, after) = (a.settings.xps.value, after.xps.value);
    let was_xps = a.managed && before != Xps::Off || waits(GivenUp::Xps);
    let answered = a.managed && before == Xps::Rxqs || waits(GivenUp::XpsRxqs);
    let was_rps =
        a.managed && a.target.as_ref().map_or(a.found_spread, |t| t.path == Path::Rps) || waits(GivenUp::Rps);
    let (xps, answering) = (was_xps && after == Xps::Off, answered && after != Xps::Rxqs);
    GiveBack {
        xps: xps.then_some(a.original.xps.as_slice()),
        xps_rxqs: answering.then_some(a.original.xps_rxqs.as_slice()),
        rps: was_rps.then_some(a.original.rps.as_slice()),
    }
}

/// A state to be reached: what an interface does not show before it is opened stays as it is, and is the driver's own then.
fn as_shown(a: &Adapter, mut device: Device) -> Device {
    if a.capability.table_unseen {
        device.take_unseen(&a.device);
    }
    device
}

/// Whether VPorts give queues back: the default one chooses its processors anew.
fn fewer_held(before: &Device, after: &Device) -> bool {
    let held = |d: &Device| d.vports.values().map(|v| v.queues.len()).sum::<usize>();
    held(after) < held(before)
}

/// The processors that the profile chose.
pub(super) fn chosen(target: &Target) -> &[CpuId] {
    &target.processors[..target.active.min(target.processors.len())]
}

/// Whether two topologies describe the same machine.
fn same_machine(a: &Arc<Topology>, b: &Arc<Topology>) -> bool {
    Arc::ptr_eq(a, b) || a == b
}

/// Why these steps may not be taken: the worst of them disturbs more than is allowed, or something stands in its way.
fn refusals(steps: &[Step], allowed: Impact, findings: &[Finding], options: &Options) -> Vec<CommandError> {
    let Some(worst) = steps.iter().max_by_key(|s| s.impact) else { return Vec::new() };
    let (step, impact) = (worst.op.to_string(), worst.impact);
    let too_much = (impact > allowed).then(|| CommandError::Impact { step: step.clone(), impact, allowed });
    let in_the_way = refusing(findings, impact, options.force, options.confirm_within.is_some())
        .into_iter()
        .map(|finding| CommandError::Preflight { step: step.clone(), impact, finding });
    too_much.into_iter().chain(in_the_way).collect()
}
