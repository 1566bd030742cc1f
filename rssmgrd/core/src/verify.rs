//! Does the traffic obey the table? Packets that really arrived, each with the queue by which it came, are compared
//! with the queue that key, hash types and table predict.
//!
//! Reading a table back proves nothing: drivers keep a copy of what was written (virtio-net after a change of channels,
//! vmxnet3 without RSS in the device). A packet proves what the hardware did with it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use crate::device::Device;
use crate::ids::QueueId;
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
    /// Packets by a queue that neither table nor default queue names.
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

/// Collects evidence about one adapter in one state.
#[derive(Debug)]
pub struct Check {
    /// `None` where nothing can be predicted: no table, or no key.
    steering: Option<Steering>,
    /// Encapsulations of which it is known whether the hardware looks into them.
    known: Encapsulations,
    /// Finds all of them.
    any: EncapConfig,
    used: BTreeMap<QueueId, ()>,
    evidence: Evidence,
}

impl Check {
    /// A check of this state. Where it cannot be chosen which encapsulated packets are looked into, it is not known
    /// either, so that such packets prove nothing.
    #[must_use]
    pub fn new(device: &Device, encapsulation: &EncapCapability) -> Self {
        let predicts = !device.key.is_empty() && device.enabled;
        let steering = predicts.then(|| {
            let table: Box<[QueueId]> = device.table.clone().into();
            let toeplitz = Arc::new(Toeplitz::new(&device.key));
            let steering = Steering::new(toeplitz, device.hash_types, table, device.default_queue).ok()?;
            Some(steering.with_encapsulation(encapsulation.config(device.encapsulation)))
        });
        let table = if device.enabled { device.table.as_slice() } else { &[] };
        let used = table.iter().copied().chain([device.default_queue]).map(|q| (q, ())).collect();
        let vxlan_port = device.encapsulation.vxlan_port;
        let any = EncapConfig { vxlan_port, ..EncapConfig::new(Encapsulations::ALL) };
        Self {
            steering: steering.flatten(),
            known: encapsulation.kinds,
            any,
            used,
            evidence: Evidence::default(),
        }
    }

    /// Takes a packet that came by this queue.
    pub fn take(&mut self, queue: QueueId, frame: &[u8]) {
        let e = &mut self.evidence;
        *e.arrived.entry(queue).or_default() += 1;
        if !self.used.contains_key(&queue) {
            e.astray += 1;
        }
        let outer = packet::parse(frame, LinkType::Ethernet);
        // The hardware may read fragments by their first part.
        let certain = !outer.net.is_some_and(|net| net.fragment)
            && encap::find(frame, &outer, &self.any).is_none_or(|inner| self.known.has(inner.kind));
        let verdict = self.steering.as_ref().filter(|_| certain).map(|s| s.steer_frame(frame, &outer));
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
        self.steering.as_ref().is_some_and(|s| s.table().iter().any(|q| Some(q) != s.table().first()))
    }

    fn too_few(&self, seen: u64) -> String {
        match (&self.steering, seen) {
            (_, 0) => "no packet was seen: is there traffic, and does the driver note the queue?".into(),
            (None, _) => "the adapter shows no table or no key, so no queue can be predicted".to_string(),
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
mod tests {
    use super::*;
    use crate::device::Queue;
    use crate::driver::round_robin;
    use crate::hash::{HashKey, HashTypes};
    use alloc::vec::Vec;

    fn device(queues: u16) -> Device {
        Device {
            enabled: true,
            queues: alloc::vec![Queue::default(); usize::from(queues)],
            table: round_robin(128, queues),
            key: HashKey::microsoft(),
            hash_types: HashTypes::DEFAULT,
            ..Device::default()
        }
    }

    /// A UDP-less TCP SYN over IPv4 between two ports.
    fn frame(sport: u16, dport: u16) -> Vec<u8> {
        let mut f = alloc::vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        f.extend([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        f.extend(sport.to_be_bytes());
        f.extend(dport.to_be_bytes());
        f.extend([0; 16]);
        f
    }

    /// What a NIC does that obeys.
    fn right(device: &Device, frame: &[u8]) -> QueueId {
        let toeplitz = Arc::new(Toeplitz::new(&device.key));
        let table = device.table.clone().into();
        Steering::new(toeplitz, device.hash_types, table, QueueId(0))
            .unwrap()
            .classify(frame, LinkType::Ethernet)
            .queue
    }

    fn judge(device: &Device, n: u16, deliver: impl Fn(u16, QueueId) -> QueueId) -> Verdict {
        let mut check = Check::new(device, &EncapCapability::default());
        for i in 0..n {
            let f = frame(1000 + i, 80);
            check.take(deliver(i, right(device, &f)), &f);
        }
        check.verdict()
    }

    #[test]
    fn a_nic_that_obeys_is_believed() {
        assert_eq!(judge(&device(8), 200, |_, q| q), Verdict::Obeyed);
        let mut one = device(8);
        one.table = alloc::vec![QueueId(3); 128];
        assert_eq!(judge(&one, 200, |_, q| q), Verdict::Obeyed, "a table of one queue");
    }

    #[test]
    fn a_nic_that_sends_all_to_one_queue_is_caught() {
        let Verdict::Ignored { because } = judge(&device(8), 200, |_, _| QueueId(0)) else { panic!() };
        assert!(
            because.contains("packets came by another queue than the table says: seen 200 on queue 0"),
            "{because}"
        );
    }

    #[test]
    fn a_nic_that_uses_other_queues_than_the_table_is_caught_without_a_key() {
        let mut d = device(8);
        d.table = round_robin(128, 2);
        d.key = HashKey::default();
        let verdict = judge(&d, 100, |i, _| QueueId(i % 8));
        assert!(matches!(verdict, Verdict::Ignored { .. }), "{verdict:?}");
    }

    /// Another flow inside of the same tunnel each time.
    fn nvgre(i: u16) -> Vec<u8> {
        let inner = frame(1000 + i, 80);
        let mut f = alloc::vec![2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 4, 8, 0];
        let len = u16::try_from(20 + 8 + inner.len()).unwrap().to_be_bytes();
        f.extend([0x45, 0, len[0], len[1], 0, 0, 0, 0, 64, 47, 0, 0, 10, 1, 0, 1, 10, 1, 0, 2]);
        f.extend([0x20, 0, 0x65, 0x58, 0, 0, 1, 0]);
        f.extend(inner);
        f
    }

    #[test]
    fn what_is_known_to_be_looked_into_is_predicted_by_the_same_rule() {
        let mut d = device(8);
        let judge = |d: &Device, capability: &EncapCapability, deliver: &dyn Fn(u16) -> QueueId| {
            let mut check = Check::new(d, capability);
            (0..200).for_each(|i| check.take(deliver(i), &nvgre(i)));
            check.verdict()
        };
        let by_inner = |d: Device| move |i: u16| right(&d, &frame(1000 + i, 80));
        let by_outer = |d: Device| move |i: u16| right(&d, &nvgre(i));
        let (all, none) = (EncapCapability::all(), EncapCapability::default());
        assert!(matches!(judge(&d, &all, &by_inner(d.clone())), Verdict::Ignored { .. }), "switched off");
        assert!(matches!(judge(&d, &all, &by_outer(d.clone())), Verdict::Unclear { .. }), "all on one queue");
        assert!(matches!(judge(&d, &none, &by_inner(d.clone())), Verdict::Unclear { .. }), "not known");
        d.encapsulation.kinds = Encapsulations::ALL;
        assert_eq!(judge(&d, &all, &by_inner(d.clone())), Verdict::Obeyed);
        assert!(matches!(judge(&d, &all, &by_outer(d.clone())), Verdict::Ignored { .. }), "switched on");
    }

    #[test]
    fn little_or_uniform_traffic_proves_nothing() {
        assert!(matches!(judge(&device(8), 5, |_, q| q), Verdict::Unclear { .. }));
        assert!(matches!(judge(&device(8), 0, |_, q| q), Verdict::Unclear { .. }));
        let d = device(8);
        let mut check = Check::new(&d, &EncapCapability::default());
        let f = frame(1, 2);
        (0..100).for_each(|_| check.take(right(&d, &f), &f));
        assert!(matches!(check.verdict(), Verdict::Unclear { .. }), "one flow");
    }

    #[test]
    fn a_few_packets_astray_while_something_changed_are_no_proof() {
        let some =
            |share: u16| move |i: u16, q: QueueId| if i.is_multiple_of(share) { QueueId(q.0 ^ 1) } else { q };
        assert_eq!(judge(&device(8), 1000, some(200)), Verdict::Obeyed);
        assert!(matches!(judge(&device(8), 1000, some(20)), Verdict::Unclear { .. }));
        assert!(matches!(judge(&device(8), 1000, some(3)), Verdict::Ignored { .. }));
    }
}
