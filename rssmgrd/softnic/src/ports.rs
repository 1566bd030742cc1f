//! Which VPort a packet is for, and how that steers it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rssmgr_core::VPortId;
use rssmgr_core::device::Filters;
use rssmgr_core::packet::{Headers, encap};
use rssmgr_core::steer::{Steering, Verdict};

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

    /// The VPort of a packet that may carry another one, by the inner Ethernet address where there is one, and where it
    /// goes there. What is looked into is the same for all VPorts.
    #[inline(never)]
    pub(crate) fn steer_inside(&self, frame: &[u8], outer: &Headers) -> (Slot, Verdict) {
        let config = self.default.encapsulation();
        let inner = encap::find(frame, outer, config);
        let (mac, vlan) = encap::vmq_target(outer, inner.as_ref(), config);
        let of = self.others.as_ref().and_then(|others| others.of(others.filters.pick_by(mac, vlan)));
        let (slot, steering) = of.unwrap_or((DEFAULT, &self.default));
        (slot, steering.steer_layers(outer, inner.as_ref()))
    }
}

impl Others {
    #[inline(never)]
    fn pick(&self, headers: &Headers) -> Option<(Slot, &Steering)> {
        self.of(self.filters.pick(headers))
    }

    fn of(&self, vport: VPortId) -> Option<(Slot, &Steering)> {
        let (slot, steering) = self.vports.get(&vport)?;
        Some((*slot, steering))
    }
}
