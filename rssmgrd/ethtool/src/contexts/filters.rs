//! Filters of a VPort: the receive rules that stand for them.

use std::collections::BTreeSet;

use rssmgr_core::VPortId;
use rssmgr_core::device::{BackendError, Filter};
use rssmgr_core::driver::ContextRules;
use rssmgr_core::ids::FilterId;
use rssmgr_netlink::ethtool::legacy::{MacRule, Packets};

use super::{ContextKernel, OwnedRule, Seen, VPorts};
use crate::explain::What;

impl VPorts {
    /// The rules that stand for filters.
    fn rules_of(&self, filters: &[Filter], context: u32) -> Vec<(FilterId, MacRule)> {
        let kinds: &[Packets] = match self.facts.rules {
            ContextRules::None => &[],
            ContextRules::Whole => &[Packets::All],
            ContextRules::PerProtocol => &Packets::PROTOCOLS,
        };
        let rule = |filter: &Filter, packets| {
            let (id, vlan) = (filter.id, filter.vlan);
            filter.mac.map(|mac| (id, MacRule { mac, vlan, packets, context }))
        };
        filters.iter().flat_map(|filter| kinds.iter().filter_map(move |kind| rule(filter, *kind))).collect()
    }

    /// Replaces the rules that lead to a VPort: what is new comes before what is old goes. Rules that stay are not touched,
    /// those of others never.
    pub(super) fn set_filters(
        &mut self,
        kernel: &mut dyn ContextKernel,
        seen: &Seen,
        id: VPortId,
        filters: &[Filter],
    ) -> Result<(), BackendError> {
        let Some(owned) = self.ledger.vports.get(&id).cloned() else { return Ok(()) };
        let wanted = self.rules_of(filters, owned.context);
        self.clear_way(kernel, id, &wanted)?;
        let mut taken: BTreeSet<u32> = seen.rules.rules.iter().map(|r| r.location).collect();
        let mut after: Vec<OwnedRule> = Vec::new();
        let mut inserted: Vec<u32> = Vec::new();
        for (filter, rule) in wanted {
            let there = after.iter().chain(&owned.rules).find(|r| r.rule == rule).map(|r| r.location);
            let placed = match there {
                Some(location) => Ok(location),
                None => self.insert(kernel, seen, &rule, &mut taken).inspect(|at| inserted.push(*at)),
            };
            let recorded = placed.and_then(|location| {
                after.push(OwnedRule { filter, location, rule });
                let is_old = |r: &&OwnedRule| !after.iter().any(|a| (a.filter, a.rule) == (r.filter, r.rule));
                let both = owned.rules.iter().filter(is_old).chain(&after).copied().collect();
                self.record(id, |owned| owned.rules = both)
            });
            if let Err(e) = recorded {
                self.take_back(kernel, id, &inserted, &owned.rules);
                return Err(e);
            }
        }
        let stays = |location| after.iter().any(|r: &OwnedRule| r.location == location);
        let gone: BTreeSet<u32> =
            owned.rules.iter().map(|r| r.location).filter(|location| !stays(*location)).collect();
        for location in &gone {
            match kernel.remove(*location) {
                Err(e) if !e.is_missing() => {
                    let refused = self.refused(What::Rule, &e);
                    self.take_back(kernel, id, &inserted, &owned.rules);
                    self.put_back(kernel, id, &owned.rules);
                    return Err(refused);
                }
                _ => self.record(id, |owned| owned.rules.retain(|r| r.location != *location))?,
            }
        }
        self.record(id, |owned| owned.rules = after)
    }

    /// Removes rules that are ours and lead to another VPort the packets that these rules take, and are no filter there: a
    /// daemon killed between the rules of one filter leaves some, and the kernel takes no second rule for the same packets.
    /// Nobody sees them as a filter, so that removing them changes no VPort, whatever becomes of the rest.
    fn clear_way(
        &mut self,
        kernel: &mut dyn ContextKernel,
        id: VPortId,
        wanted: &[(FilterId, MacRule)],
    ) -> Result<(), BackendError> {
        let mut leftovers: Vec<(VPortId, u32)> = Vec::new();
        for (other, owned) in self.ledger.vports.iter().filter(|(other, _)| **other != id) {
            let whole: BTreeSet<FilterId> = self.filters(owned).iter().map(|filter| filter.id).collect();
            let in_the_way = |r: &&OwnedRule| {
                let same =
                    |w: &MacRule| (w.mac, w.vlan, w.packets) == (r.rule.mac, r.rule.vlan, r.rule.packets);
                !whole.contains(&r.filter) && wanted.iter().any(|(_, rule)| same(rule))
            };
            leftovers.extend(owned.rules.iter().filter(in_the_way).map(|r| (*other, r.location)));
        }
        for (other, location) in leftovers {
            match kernel.remove(location) {
                Err(e) if !e.is_missing() => return Err(self.refused(What::Rule, &e)),
                _ => self.record(other, |owned| owned.rules.retain(|r| r.location != location))?,
            }
        }
        Ok(())
    }

    /// Adds a rule at a place where none is. Where places are chosen here, rules with a VLAN come before those without:
    /// hardware that goes by the place takes the first that fits.
    fn insert(
        &self,
        kernel: &mut dyn ContextKernel,
        seen: &Seen,
        rule: &MacRule,
        taken: &mut BTreeSet<u32>,
    ) -> Result<u32, BackendError> {
        let at = if seen.rules.by_driver {
            None
        } else {
            let mut free = (0..seen.rules.places).filter(|place| !taken.contains(place));
            let place = if rule.vlan.is_some() { free.next() } else { free.next_back() };
            Some(place.ok_or_else(|| {
                let reason = format!("all {} places are taken: delete filters first", seen.rules.places);
                BackendError::system("receive rules", reason)
            })?)
        };
        let location = kernel.insert(rule, at).map_err(|e| self.refused(What::Rule, &e))?;
        taken.insert(location);
        Ok(location)
    }

    /// Removes what an operation inserted before it failed; the ledger has what was then.
    fn take_back(
        &mut self,
        kernel: &mut dyn ContextKernel,
        id: VPortId,
        inserted: &[u32],
        before: &[OwnedRule],
    ) {
        // What cannot be removed stays in the ledger, as ours.
        let stays: Vec<u32> = inserted.iter().copied().filter(|at| kernel.remove(*at).is_err()).collect();
        let _ = self.record(id, |owned| {
            let rules = owned.rules.clone();
            owned.rules = before.to_vec();
            owned.rules.extend(rules.into_iter().filter(|r| stays.contains(&r.location)));
        });
    }

    /// Adds rules again that an operation removed before it failed.
    pub(super) fn put_back(&mut self, kernel: &mut dyn ContextKernel, id: VPortId, before: &[OwnedRule]) {
        let Ok(seen) = Seen::read(kernel, &self.facts) else { return };
        let mut taken: BTreeSet<u32> = seen.rules.rules.iter().map(|r| r.location).collect();
        let mut after: Vec<OwnedRule> = Vec::new();
        for old in before {
            let there = after.iter().find(|r| r.rule == old.rule).map(|r| r.location);
            let location = there
                .or_else(|| seen.has(old).then_some(old.location))
                .or_else(|| self.insert(kernel, &seen, &old.rule, &mut taken).ok());
            // One that does not come back is seen as missing, and made again by the next plan.
            after.extend(location.map(|location| OwnedRule { location, ..*old }));
        }
        let _ = self.record(id, |owned| owned.rules = after);
    }
}
