//! Operations on VPorts, each whole or not at all.

use rssmgr_core::VPortId;
use rssmgr_core::capability::Capability;
use rssmgr_core::device::{BackendError, Device, Op, Outcome, Refusal, VPortDevice, VPortOp};
use rssmgr_core::driver;
use rssmgr_core::hash::HashTypes;
use rssmgr_netlink::ethtool::{HashKey as KernelKey, RssChange, Table};

use super::{ContextKernel, Form, Owned, Seen, VPorts};
use crate::explain::{self, What};
use crate::fields;

impl VPorts {
    /// Does one operation. `adapter` is the adapter's state as just read, VPorts included: core's model of it says whether
    /// the operation is right before anything is done.
    ///
    /// # Errors
    /// What the adapter or the kernel refuses; nothing has changed then, as far as the kernel let it be taken back.
    pub fn execute(
        &mut self,
        kernel: &mut dyn ContextKernel,
        cap: &Capability,
        adapter: &Device,
        id: VPortId,
        op: &VPortOp,
    ) -> Result<Outcome, BackendError> {
        let whole = Op::VPort { id, op: op.clone() };
        let after = driver::apply(cap, adapter, &whole)?;
        if after.vports == adapter.vports {
            return Ok(Outcome::Unchanged);
        }
        let seen = Seen::read(kernel, &self.facts).map_err(|e| self.refused(What::Read, &e))?;
        self.believe(&seen);
        let Some(next) = after.vports.get(&id) else {
            return self.delete(kernel, &seen, id).map(|()| Outcome::Changed);
        };
        if let VPortOp::Create { .. } = op {
            self.create(kernel, &seen, id, next)?;
            return Ok(Outcome::Changed);
        }
        let Some(owned) = self.ledger.vports.get(&id).cloned() else {
            return Err(self.lost(id));
        };
        let form =
            Form { enabled: next.enabled, table: next.table.clone(), default_queue: next.default_queue };
        match op {
            VPortOp::Create { .. } | VPortOp::Delete => {}
            VPortOp::Queues(_) => self.record(id, |owned| owned.queues.clone_from(&next.queues))?,
            VPortOp::SetKey(key) => {
                let change = RssChange { key: Some(KernelKey::from(key.bytes())), ..RssChange::default() };
                kernel.change(owned.context, &change).map_err(|e| self.refused(What::Key, &e))?;
                self.record(id, |owned| owned.keyed = true)?;
            }
            VPortOp::Enable(types) => self.enable(kernel, &seen, id, form, *types)?,
            VPortOp::Disable | VPortOp::SetEntries(_) | VPortOp::WriteTable(_) | VPortOp::DefaultQueue(_) => {
                self.write(kernel, &seen, id, form)?;
            }
            VPortOp::Filters(filters) => self.set_filters(kernel, &seen, id, filters)?,
        }
        Ok(Outcome::Changed)
    }

    pub(super) fn refused(&self, what: What, error: &rssmgr_netlink::Error) -> BackendError {
        explain::refused(&self.driver, what, error)
    }

    fn lost(&self, id: VPortId) -> BackendError {
        let reason = "its RSS context is gone: somebody deleted it, or the driver was reset";
        BackendError::system(&format!("VPort {id} of {}", self.driver), reason)
    }

    /// Changes the ledger, in memory and on disk, or neither.
    pub(super) fn record(
        &mut self,
        id: VPortId,
        change: impl FnOnce(&mut Owned),
    ) -> Result<(), BackendError> {
        let before = self.ledger.vports.get(&id).cloned();
        if let Some(owned) = self.ledger.vports.get_mut(&id) {
            change(owned);
        }
        if let Err(e) = self.ledger.keep() {
            match before {
                Some(before) => drop(self.ledger.vports.insert(id, before)),
                None => drop(self.ledger.vports.remove(&id)),
            }
            return Err(unkept(&e));
        }
        self.tell_ours();
        Ok(())
    }

    fn create(
        &mut self,
        kernel: &mut dyn ContextKernel,
        seen: &Seen,
        id: VPortId,
        next: &VPortDevice,
    ) -> Result<(), BackendError> {
        if self.ledger.vports.contains_key(&id) {
            let reason = "it is there already, and could not be seen a moment ago: try again";
            return Err(BackendError::system(&format!("creating VPort {id}"), reason));
        }
        let form = Form { enabled: false, table: next.table.clone(), default_queue: next.default_queue };
        let table = Some(Table::Entries(form.table(seen.default.table.len())));
        let context = kernel
            .create(&RssChange { table, ..RssChange::default() })
            .map_err(|e| self.refused(What::Context, &e))?;
        let owned = Owned { context, queues: next.queues.clone(), form, ..Owned::default() };
        self.ledger.vports.insert(id, owned);
        if let Err(e) = self.ledger.keep() {
            // What is in no ledger would be somebody else's from the next start on.
            let _ = kernel.delete(context);
            self.ledger.vports.remove(&id);
            return Err(unkept(&e));
        }
        self.tell_ours();
        Ok(())
    }

    fn delete(
        &mut self,
        kernel: &mut dyn ContextKernel,
        seen: &Seen,
        id: VPortId,
    ) -> Result<(), BackendError> {
        let Some(owned) = self.ledger.vports.get(&id).cloned() else { return Ok(()) };
        let ours = |location| owned.rules.iter().any(|rule| rule.location == location);
        let leads = |rule: &&rssmgr_netlink::ethtool::legacy::PlacedRule| {
            rule.context == Some(owned.context) && !ours(rule.location)
        };
        // Some drivers would take the rule along.
        if let Some(foreign) = seen.rules.rules.iter().find(leads) {
            let (context, location) = (owned.context, foreign.location);
            let reason = format!(
                "receive rule {location}, which somebody else made, leads to its RSS context {context}: remove it first (`ethtool -N NAME delete {location}`)"
            );
            return Err(BackendError::system(&format!("deleting VPort {id}"), reason));
        }
        self.set_filters(kernel, seen, id, &[])?;
        match kernel.delete(owned.context) {
            Err(e) if !e.is_missing() => {
                let refused = self.refused(What::Context, &e);
                self.put_back(kernel, id, &owned.rules);
                return Err(refused);
            }
            _ => {}
        }
        self.ledger.vports.remove(&id);
        // A ledger that still has it is put right by what is there.
        let _ = self.ledger.keep();
        self.tell_ours();
        Ok(())
    }

    fn enable(
        &mut self,
        kernel: &mut dyn ContextKernel,
        seen: &Seen,
        id: VPortId,
        form: Form,
        types: HashTypes,
    ) -> Result<(), BackendError> {
        let Some(there) = self.ledger.vports.get(&id).and_then(|owned| seen.context(owned.context)).cloned()
        else {
            return Err(self.lost(id));
        };
        let before = match self.facts.own_fields {
            true => kernel.fields(&there).map_err(|e| self.refused(What::Read, &e))?,
            false => fields::Fields::new(),
        };
        let changes = fields::changes(&before, types);
        let back: Vec<_> = changes.iter().filter_map(|(flow, _)| Some((*flow, *before.get(flow)?))).collect();
        let mut done = Ok(());
        if !changes.is_empty() {
            let set = kernel.set_fields(there.context, &changes);
            done = set.map_err(|e| self.refused(What::Fields, &e));
        }
        let done = done
            .and_then(|()| self.write(kernel, seen, id, form))
            .and_then(|()| self.record(id, |owned| owned.hash_types = types));
        if done.is_err() && !back.is_empty() {
            // As far as it went; what cannot be taken back is seen as a difference.
            let _ = kernel.set_fields(there.context, &back);
        }
        done
    }

    /// Writes the context's table where the form asks for another one. The ledger has it before, so that whenever the
    /// daemon is killed one of both is there.
    fn write(
        &mut self,
        kernel: &mut dyn ContextKernel,
        seen: &Seen,
        id: VPortId,
        form: Form,
    ) -> Result<(), BackendError> {
        let context = self.ledger.vports.get(&id).map(|owned| owned.context);
        let Some(there) = context.and_then(|number| seen.context(number)) else {
            return Err(self.lost(id));
        };
        let entries = there.table.len();
        if form.enabled && !entries.is_multiple_of(form.table.len().max(1)) {
            let reason = Refusal::TableLength { got: form.table.len(), want: entries };
            return Err(reason.into());
        }
        let table = form.table(entries);
        if table == there.table {
            return self.record(id, |owned| (owned.form, owned.other) = (form, None));
        }
        self.record(id, |owned| owned.next = Some(form.clone()))?;
        let change = RssChange { table: Some(Table::Entries(table)), ..RssChange::default() };
        if let Err(e) = kernel.change(there.context, &change) {
            let refused = self.refused(What::ContextTable, &e);
            // The mark does no harm where it stays.
            let _ = self.record(id, |owned| owned.next = None);
            return Err(refused);
        }
        if let Some(owned) = self.ledger.vports.get_mut(&id) {
            (owned.form, owned.next, owned.other) = (form, None, None);
        }
        // Where this cannot be kept, the mark on disk says the same.
        let _ = self.ledger.keep();
        Ok(())
    }
}

pub(super) fn unkept(e: &std::io::Error) -> BackendError {
    BackendError::system("keeping what is ours of the RSS contexts", e)
}
