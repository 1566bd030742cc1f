//! What became of the contexts that are ours, for somebody who only looks: nothing is changed, the ledger neither.

use std::collections::BTreeMap;

use rssmgr_core::VPortId;
use rssmgr_core::doctor::{Astray, ContextFault};
use rssmgr_core::driver::Contexts;
use rssmgr_netlink::Error;

use super::{ContextKernel, Ledger, Owned, Seen};

/// The VPorts of a ledger whose contexts are not as they were made, or whose rules are not all there.
///
/// # Errors
/// What the kernel refuses.
pub fn astray(
    ledger: &Ledger,
    facts: &Contexts,
    kernel: &mut dyn ContextKernel,
) -> Result<BTreeMap<VPortId, Astray>, Error> {
    if ledger.vports.is_empty() {
        return Ok(BTreeMap::new());
    }
    let seen = Seen::read(kernel, facts)?;
    let look = |(id, owned): (&VPortId, &Owned)| {
        let astray = seen.astray(owned);
        (astray.fault.is_some() || astray.rules.0 > 0).then_some((*id, astray))
    };
    Ok(ledger.vports.iter().filter_map(look).collect())
}

impl Seen {
    fn astray(&self, owned: &Owned) -> Astray {
        let there = owned.rules.iter().filter(|rule| self.has(rule)).count();
        let fault = match self.context(owned.context) {
            None => Some(ContextFault::Gone),
            Some(_) if !self.bears_out(owned) => Some(ContextFault::Replaced),
            Some(context) => {
                // Whoever writes the table has the new one in the ledger before.
                let mut written = [Some(&owned.form), owned.next.as_ref()].into_iter().flatten();
                let as_written = written.any(|form| form.table(context.table.len()) == context.table);
                (!as_written).then_some(ContextFault::Table)
            }
        };
        Astray { context: owned.context, fault, rules: (owned.rules.len() - there, owned.rules.len()) }
    }
}
