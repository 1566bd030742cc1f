//! Which VPort a packet is for, and how that steers it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rssmgr_core::VPortId;
use rssmgr_core::device::Filters;
use rssmgr_core::packet::Headers;
use rssmgr_core::steer::Steering;

/// The counters of a VPort beside the default one: an index into them, from 1. 0 is the default VPort, which has none.
pub(crate) type Slot = u8;

/// The slot of the default VPort.
pub(crate) const DEFAULT: Slot = 0;

/// How the port steers. Immutable: a change makes a new one, which shares what did not change.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    /// The default VPort.
    pub(crate) default: Arc<Steering>,
    /// The others; `None` while no filter leads to one of them, so that a NIC without VPorts pays one question a packet.
    pub(crate) others: Option<Arc<Others>>,
}

/// The VPorts beside the default one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Others {
    pub(crate) filters: Arc<Filters>,
    pub(crate) vports: BTreeMap<VPortId, (Slot, Arc<Steering>)>,
}

impl Ports {
    /// The VPort that a packet with these headers is for.
    #[inline]
    pub(crate) fn pick(&self, headers: &Headers) -> (Slot, &Steering) {
        match &self.others {
            None => (DEFAULT, &self.default),
            Some(others) => others.pick(headers).unwrap_or((DEFAULT, &self.default)),
        }
    }
}

impl Others {
    #[inline(never)]
    fn pick(&self, headers: &Headers) -> Option<(Slot, &Steering)> {
        let (slot, steering) = self.vports.get(&self.filters.pick(headers))?;
        Some((*slot, steering))
    }
}
