//! Does the traffic obey the table? Packets that really arrived, each with the queue by which it came, are compared
//! with the queue that key, hash types and table predict.
//!
//! Reading a table back proves nothing: drivers keep a copy of what was written (virtio-net after a change of channels,
//! vmxnet3 without RSS in the device). A packet proves what the hardware did with it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use crate::device::{Device, Filters, VPortDevice};
use crate::driver::Driver;
use crate::hash::{HashKey, HashTypes};
use crate::ids::{QueueId, VPortId};
use crate::packet::encap::{self, EncapCapability, EncapConfig, Encapsulations};
use crate::packet::{self, LinkType};
use crate::steer::Steering;
use crate::toeplitz::Toeplitz;

/// Packets that must have been seen before anything is said. With two queues alike in size, so many would agree by chance
/// once in a million times.
pub const ENOUGH: u64 = 20;

/// Packets of a thousand that may disagree: those under way while something changed, or that the parser reads another
/// way than the hardware (a rare header).
const TOLERATED_PER_MILLE: u64 = 10;

/// Packets of a thousand that must disagree before the table is said to be ignored; between the two nothing is said.
const REFUTED_PER_MILLE: u64 = 200;

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Packets whose queue could be predicted.
    pub packets: u64,
    /// Of those, packets that came by the predicted queue.
    pub agreeing: u64,
    /// Packets without a prediction: not hashed, encapsulated, or by a key that is not known.
    pub unpredicted: u64,
    /// Packets by a queue that neither table nor default queue names, of their own VPort where they are for one.
    pub astray: u64,
    /// Packets by the queue by which they came.
    pub arrived: BTreeMap<QueueId, u64>,
    /// Packets by the queue that was predicted.
    pub predicted: BTreeMap<QueueId, u64>,
}

/// What the evidence says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The traffic obeys the table.
    Obeyed,
    /// It does not.
    Ignored {
        /// What was seen, as a sentence.
        because: String,
    },
    /// It cannot be said.
    Unclear {
        /// Why not, as a sentence.
        because: String,
    },
}

impl Verdict {
    /// The name in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Obeyed => "obeyed",
            Self::Ignored { .. } => "ignored",
            Self::Unclear { .. } => "unclear",
        }
    }
}

/// Where packets of a VPort, of the default one as of any other, come in.
#[derive(Debug)]
struct Way {
    /// `None` where nothing can be predicted: no table, no key, or no spreading.
    steering: Option<Steering>,
    /// The queues that it names.
    used: BTreeSet<QueueId>,
}

impl Way {
    fn new(
        on: bool,
        key: &HashKey,
        types: HashTypes,
        table: &[QueueId],
        default: QueueId,
        encapsulation: EncapConfig,
    ) -> Self {
        let used = if on { table } else { &[] };
        let steering = (on && !key.is_empty()).then(|| {
            let steering = Steering::new(Arc::new(Toeplitz::new(key)), types, table.into(), default).ok()?;
            Some(steering.with_encapsulation(encapsulation))
        });
        Self { steering: steering.flatten(), used: used.iter().copied().chain([default]).collect() }
    }

    fn spreads(&self) -> bool {
        self.steering.as_ref().is_some_and(|s| s.table().iter().any(|q| Some(q) != s.table().first()))
    }
}

/// Collects evidence about one adapter in one state.
#[derive(Debug)]
pub struct Check {
    default: Way,
    /// The VPorts beside it: each packet is compared with the table of its own.
    others: BTreeMap<VPortId, Way>,
    filters: Filters,
    /// Encapsulations of which it is known whether the hardware looks into them.
    known: Encapsulations,
    /// Finds all of them.
    any: EncapConfig,
    /// Why nothing is predicted, whatever the adapter shows.
    unpredictable: Option<&'static str>,
    evidence: Evidence,
}

impl Check {
    /// A check of this state. Where it cannot be chosen which encapsulated packets are looked into, it is not known
    /// either, so that such packets prove nothing.
    #[must_use]
    pub fn new(device: &Device, encapsulation: &EncapCapability) -> Self {
        let config = encapsulation.config(device.encapsulation);
        let Device { enabled, key, hash_types, table, default_queue, vports, .. } = device;
        let other = |(id, v): (&VPortId, &VPortDevice)| {
            (*id, Way::new(v.enabled, &v.key, v.hash_types, &v.table, v.default_queue, config))
        };
        let vxlan_port = device.encapsulation.vxlan_port;
        Self {
            default: Way::new(*enabled, key, *hash_types, table, *default_queue, config),
            others: vports.iter().map(other).collect(),
            filters: Filters::new(vports),
            known: encapsulation.kinds,
            any: EncapConfig { vxlan_port, ..EncapConfig::new(Encapsulations::ALL) },
            unpredictable: None,
            evidence: Evidence::default(),
        }
    }

    /// [`Check::new`] of a card of this driver. Where the hardware hashes in a way that is not known, nothing is predicted:
    /// only queues that the table does not name tell of one that ignores it.
    #[must_use]
    pub fn of(driver: &Driver, device: &Device, encapsulation: &EncapCapability) -> Self {
        let mut check = Self::new(device, encapsulation);
        check.unpredictable = driver.unpredictable();
        if check.unpredictable.is_some() {
            let ways = core::iter::once(&mut check.default).chain(check.others.values_mut());
            ways.for_each(|way| way.steering = None);
        }
        check
    }

    /// Takes a packet that came by this queue.
    pub fn take(&mut self, queue: QueueId, frame: &[u8]) {
        let outer = packet::parse(frame, LinkType::Ethernet);
        let way = self.others.get(&self.filters.pick(&outer)).unwrap_or(&self.default);
        let e = &mut self.evidence;
        *e.arrived.entry(queue).or_default() += 1;
        // What is no IP stays with the adapter where rules lead to VPorts by protocol.
        let by_adapter = outer.net.is_none() && self.default.used.contains(&queue);
        if !way.used.contains(&queue) && !by_adapter {
            e.astray += 1;
        }
        // The hardware may read fragments by their first part.
        let certain = !outer.net.is_some_and(|net| net.fragment)
            && encap::find(frame, &outer, &self.any).is_none_or(|inner| self.known.has(inner.kind));
        let verdict = way.steering.as_ref().filter(|_| certain).map(|s| s.steer_frame(frame, &outer));
        match verdict.filter(|v| v.hash.is_some()) {
            Some(v) => {
                e.packets += 1;
                e.agreeing += u64::from(v.queue == queue);
                *e.predicted.entry(v.queue).or_default() += 1;
            }
            _ => e.unpredicted += 1,
        }
    }

    /// What was seen so far.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What it says.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let e = &self.evidence;
        let seen = e.packets + e.unpredicted;
        if e.astray >= ENOUGH && e.astray * 1000 >= seen * TOLERATED_PER_MILLE {
            let because = format!(
                "{} of {seen} packets came by queues that the table does not name: {}",
                e.astray,
                shares(&e.arrived)
            );
            return Verdict::Ignored { because };
        }
        if e.packets < ENOUGH {
            return Verdict::Unclear { because: self.too_few(seen) };
        }
        let disagreeing = e.packets - e.agreeing;
        if disagreeing * 1000 >= e.packets * REFUTED_PER_MILLE {
            let because = format!(
                "{disagreeing} of {} packets came by another queue than the table says: seen {}, predicted {}",
                e.packets,
                shares(&e.arrived),
                shares(&e.predicted)
            );
            return Verdict::Ignored { because };
        }
        if disagreeing * 1000 > e.packets * TOLERATED_PER_MILLE {
            let because = format!(
                "{disagreeing} of {} packets came by another queue than the table says, too many to be chance and too \
                 few to say that it is ignored",
                e.packets
            );
            return Verdict::Unclear { because };
        }
        // Traffic of one flow proves nothing about a table that spreads.
        if e.predicted.len() < 2 && self.spreads() {
            let because =
                format!("all {} packets belong on one queue: no spreading was to be seen", e.packets);
            return Verdict::Unclear { because };
        }
        Verdict::Obeyed
    }

    fn spreads(&self) -> bool {
        self.default.spreads() || self.others.values().any(Way::spreads)
    }

    fn too_few(&self, seen: u64) -> String {
        match (&self.default.steering, seen) {
            (_, 0) => "no packet was seen: is there traffic, and does the driver note the queue?".into(),
            (None, _) => match self.unpredictable {
                Some(why) => format!("no queue can be predicted: {why}"),
                None => "the adapter shows no table or no key, or does not tell how it hashes, so no queue can be predicted"
                    .to_string(),
            },
            (Some(_), _) => format!(
                "only {} of {seen} packets are of a kind whose queue can be predicted, {ENOUGH} are needed",
                self.evidence.packets
            ),
        }
    }
}

/// `0: 12, 1: 30` for each queue.
fn shares(queues: &BTreeMap<QueueId, u64>) -> String {
    let mut text = String::new();
    for (queue, packets) in queues {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&format!("{packets} on queue {queue}"));
    }
    text
}

#[cfg(test)]
mod tests;
