//! Defects in what the hardware is like, and in what was called.

use rssmgr_conformance::{Call, Variant};
use rssmgr_core::VPortId;
use rssmgr_core::device::Device;

use super::Mutant;

impl Mutant {
    pub(super) fn look(&self, mut device: Device) -> Device {
        let period = |device: &Device, n: usize| {
            device.table.iter().zip(device.table.iter().skip(n)).all(|(a, b)| a == b)
        };
        let rule = self.rule;
        match rule {
            // Hashes beyond the entries are the default queue's.
            "on-goes-by-table" if device.enabled && period(&device, 4) && !period(&device, 2) => {
                let default = device.default_queue;
                device.table.iter_mut().skip(4).for_each(|q| *q = default);
            }
            // The table grew with its first entry alone.
            "growth-clones"
                if self.memory.parameters == 1 && self.memory.moves == 1 && self.memory.v1.is_some() =>
            {
                let first = device.table[0];
                device.table.iter_mut().take(7).skip(2).for_each(|q| *q = first);
            }
            "filter-no-match" => {
                // Everything is the VPort's.
                for vport in device.vports.values_mut().filter(|v| v.filters.len() == 1) {
                    for f in &mut vport.filters {
                        if f.vlan.is_none() && self.memory.filters.len() == 1 {
                            f.mac = None;
                        }
                    }
                }
            }
            "filter-fields-and" if self.memory.filters.len() == 1 => {
                for f in device.vports.values_mut().flat_map(|v| &mut v.filters) {
                    if f.vlan.is_some() {
                        f.vlan = None;
                    }
                }
            }
            "filters-or" => {
                for vport in device.vports.values_mut() {
                    vport.filters.truncate(1);
                }
            }
            "filter-more-specific" if self.memory.filters.len() == 2 => {
                for f in device.vports.values_mut().flat_map(|v| &mut v.filters) {
                    f.vlan = f.vlan.map(|_| 4000);
                }
            }
            "filter-waits-for-activation" => {
                if let [(key, filters)] = self.memory.filters.as_slice()
                    && let Some(vport) = device.vports.get_mut(&key.vport)
                    && self.memory.created.len() == 1
                {
                    vport.filters.clone_from(filters);
                }
            }
            _ => {}
        }
        device
    }

    pub(super) fn told(&self, mut calls: Vec<(VPortId, Call)>) -> Vec<(VPortId, Call)> {
        let on = |call: Call| move |c: &(VPortId, Call)| c.1 == call;
        let rule = self.rule;
        match rule {
            "v1-becomes-moves" if self.memory.v1.as_ref().is_some_and(|(_, v)| v.default.is_some()) => {
                for call in &mut calls {
                    if matches!(call.1, Call::Entries(_)) {
                        call.1 = Call::Table;
                    }
                }
            }
            "v2-moves-become-one-write" if self.variant == Variant::WholeTable => {
                let more: Vec<_> = calls.iter().copied().filter(on(Call::Table)).collect();
                calls.extend(more);
            }
            "hash-change-is-off-and-on" => calls.retain(|c| c.1 != Call::Disable),
            "queue-keeps-its-processor"
                if calls.iter().any(on(Call::Entries(2))) && self.memory.moves == 1 =>
            {
                calls.push((VPortId::DEFAULT, Call::Home));
            }
            "one-call-a-group" if calls.iter().any(on(Call::Entries(3))) => {
                calls = vec![(VPortId::DEFAULT, Call::Entries(1)); 3];
            }
            "key-any-time" if calls.len() == 1 && calls.iter().any(on(Call::Key)) => {
                calls.insert(0, (VPortId::DEFAULT, Call::Disable));
                calls.push((VPortId::DEFAULT, Call::Enable));
            }
            "replay-order" => {
                if let Some(at) = calls.iter().position(on(Call::Key))
                    && self.memory.reset
                {
                    let key = calls.remove(at);
                    calls.insert(1, key);
                }
            }
            "no-calls-after-teardown" if self.memory.events.last() == Some(&"powering down") => {
                calls.push((VPortId::DEFAULT, Call::Disable));
            }
            _ => {}
        }
        calls
    }
}
