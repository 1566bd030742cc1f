//! Events about VPorts: what differs between what was in force and what is.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::VPortError;
use crate::event::{EventKind, List};
use crate::ids::VPortId;
use crate::scaling::{VPort, VPortState};
use crate::vport::{AskedScaling, AskedVPort};

/// Tells what became of the VPorts of an adapter.
pub(in crate::manager) fn tell_vports(
    before: &AskedScaling,
    after: &AskedScaling,
    tell: &mut impl FnMut(EventKind),
) {
    for (id, vport) in &before.vports {
        if !after.vports.contains_key(id) {
            tell(EventKind::VPortDeleted { vport: id.0, name: vport.name.clone() });
        }
    }
    for (id, now) in &after.vports {
        match before.vports.get(id) {
            None => created(*id, now, tell),
            Some(then) => changed(*id, then, now, tell),
        }
    }
    if before.vmq_off != after.vmq_off {
        tell(EventKind::VmqSwitched { enabled: !after.vmq_off });
    }
    for (what, then, now) in
        [("primary", before.primary, after.primary), ("default", before.default, after.default)]
    {
        if then != now {
            tell(EventKind::VPortMoved {
                vport: VPortId::DEFAULT.0,
                steering: what.into(),
                old_processor: List(alloc::vec![then]),
                new_processor: List(alloc::vec![now]),
            });
        }
    }
}

/// Tells, once, that VPorts that were asked for are not there.
pub(in crate::manager) fn tell_without(
    before: &AskedScaling,
    after: &AskedScaling,
    why: &VPortError,
    tell: &mut impl FnMut(EventKind),
) {
    if before != after {
        let ids: Vec<String> = after.vports.keys().map(ToString::to_string).collect();
        let because = alloc::format!("VPort {}: {why}", ids.join(", "));
        tell(EventKind::SettingsUnsatisfiable { because });
    }
}

fn created(id: VPortId, vport: &AskedVPort, tell: &mut impl FnMut(EventKind)) {
    tell(EventKind::VPortCreated {
        vport: id.0,
        name: vport.name.clone(),
        queues_asked: vport.queues.into(),
        queues: vport.state.queues.into(),
        processors: List::of(vport.state.spread().into_iter().map(Some)),
    });
    if vport.state.state == VPortState::Activated {
        tell(EventKind::VPortActivated { vport: id.0 });
    }
    if !vport.filters.is_empty() {
        filters(id, vport, tell);
    }
}

fn changed(id: VPortId, then: &AskedVPort, now: &AskedVPort, tell: &mut impl FnMut(EventKind)) {
    let (old, new) = (&then.state, &now.state);
    if old.state != new.state && new.state == VPortState::Activated {
        tell(EventKind::VPortActivated { vport: id.0 });
    }
    for (setting, before, after) in settings(then, now) {
        if before != after {
            tell(EventKind::VPortChanged {
                vport: id.0,
                setting: setting.into(),
                old_value: before,
                value: after,
            });
        }
    }
    if old.entries.len() == new.entries.len() {
        for (i, (x, y)) in old.entries.iter().zip(&new.entries).enumerate().filter(|(_, (x, y))| x != y) {
            moved(id, i.to_string(), *x, *y, tell);
        }
    }
    for (what, x, y) in [("primary", old.primary, new.primary), ("default", old.default, new.default)] {
        if x != y {
            moved(id, what.into(), x, y, tell);
        }
    }
    if then.filters != now.filters {
        filters(id, now, tell);
    }
}

fn moved(
    id: VPortId,
    steering: String,
    from: crate::ids::CpuId,
    to: crate::ids::CpuId,
    tell: &mut impl FnMut(EventKind),
) {
    tell(EventKind::VPortMoved {
        vport: id.0,
        steering,
        old_processor: List::of([Some(from)]),
        new_processor: List::of([Some(to)]),
    });
}

fn filters(id: VPortId, vport: &AskedVPort, tell: &mut impl FnMut(EventKind)) {
    tell(EventKind::VPortFilters {
        vport: id.0,
        filters: u32::try_from(vport.filters.len()).unwrap_or(u32::MAX),
    });
}

/// What can be changed of a VPort, by name.
fn settings(then: &AskedVPort, now: &AskedVPort) -> [(&'static str, String, String); 5] {
    let both =
        |name, f: &dyn Fn(&AskedVPort, &VPort) -> String| (name, f(then, &then.state), f(now, &now.state));
    [
        both("name", &|v, _| v.name.clone()),
        both("enabled", &|_, s| s.rss_enabled.to_string()),
        both("queues", &|v, s| alloc::format!("{} of {}", s.queues, v.queues)),
        both("entries", &|_, s| s.entries.len().to_string()),
        both("hash_types", &|_, s| s.hash_types.to_string()),
    ]
}
