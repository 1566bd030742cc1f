//! A watch over the order of packets that has nothing from the NIC but the packets: it sees each as a worker handles it,
//! reads flow and number out of its bytes, and counts by itself.
//!
//! While a tap is on, a worker compares a packet with its flow's mark and puts it into the tap in one turn, before any
//! other handles one. So the watch sees packets in the very order in which the NIC judged them, and the two counts are to be
//! the same to the packet, however the threads meet.

use std::collections::{BTreeMap, BTreeSet};

use rssmgr_core::QueueId;
use rssmgr_core::backend::Backend as _;
use rssmgr_core::stats::Sample;
use rssmgr_softnic::{SoftNic, SourceSpec, Tap};

use crate::frames::{TempFile, pcap};
use crate::support::wait;

const FLOWS: u16 = 16;
/// Packets of a flow before its numbers start again. Far more than twice those that rings and workers can hold at once,
/// so that it is always clear which round a packet is of.
const NUMBERS: u32 = 4096;
/// Where the TCP header is.
const TCP: usize = 14 + 20;

/// The n-th packet of a flow, to the NIC or, of every other flow, to an address behind it.
fn frame(flow: u16, number: u32, mac: [u8; 6]) -> Vec<u8> {
    let mut frame = if flow.is_multiple_of(2) { mac.to_vec() } else { vec![0x02, 0, 0, 0, 0, 1] };
    frame.extend([0x02, 0, 0, 0, 0, 2, 0x08, 0x00]);
    frame.extend([0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 7, 10, 0, 1, 1]);
    // Ports, sequence number, acknowledgement, five words of header.
    frame.extend((1000 + flow).to_be_bytes());
    frame.extend([0, 80]);
    frame.extend(number.to_be_bytes());
    frame.extend([0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    frame
}

/// What was seen of one flow.
#[derive(Debug, Default)]
struct Flow {
    /// One above the highest number.
    next: u64,
    /// Lower ones that were not seen yet.
    missing: BTreeSet<u64>,
}

/// A watch over one source, from its first packet to its last.
#[derive(Debug)]
pub(crate) struct Watch {
    tap: Tap,
    /// By the port that they come from.
    flows: BTreeMap<u16, Flow>,
    seen: u64,
    /// Packets that were handled after a later packet of their flow, by the queue that they were on.
    late: BTreeMap<QueueId, u64>,
    /// What the NIC gave and counted before.
    before: (u64, Sample),
}

impl Watch {
    /// Has a quiet NIC receive the watched flows, at full rate as far as the reader of the tap keeps up: workers wait
    /// with all but `ahead` packets until they are [taken](Self::take).
    pub(crate) fn start(nic: &mut SoftNic, ahead: usize) -> Self {
        let mac = nic.mac();
        let all = (0..NUMBERS).flat_map(|number| (0..FLOWS).map(move |flow| frame(flow, number, mac)));
        let file = TempFile::new(&pcap(&all.collect::<Vec<_>>()));
        let before = (nic.generated(), nic.sampler().sample());
        let tap = nic.tap(ahead);
        let source = format!("pcap:{},loop=forever,pace=max", file.path().display());
        nic.set_source(SourceSpec::parse(&source).unwrap()).unwrap();
        Self { tap, flows: BTreeMap::new(), seen: 0, late: BTreeMap::new(), before }
    }

    /// Looks at the next packet; `false` when there is none now.
    pub(crate) fn take(&mut self) -> bool {
        let Some(packet) = self.tap.next_packet() else { return false };
        let port = u16::from_be_bytes([packet.header[TCP], packet.header[TCP + 1]]);
        let number = u32::from_be_bytes(packet.header[TCP + 4..TCP + 8].try_into().unwrap());
        let flow = self.flows.entry(port).or_default();
        // Of all rounds, the one that is nearest to what is expected.
        let (number, period) = (u64::from(number), u64::from(NUMBERS));
        let ahead = (number + period - flow.next % period) % period;
        let number = if ahead < period / 2 { flow.next + ahead } else { flow.next + ahead - period };
        if number >= flow.next {
            flow.missing.extend(flow.next..number);
            flow.next = number + 1;
        } else {
            // A higher number of this flow was seen before.
            assert!(flow.missing.remove(&number), "packet {number} of port {port} came twice");
            *self.late.entry(packet.queue).or_default() += 1;
        }
        self.seen += 1;
        true
    }

    /// Takes packets until this many more came.
    pub(crate) fn see(&mut self, packets: u64) {
        let until = self.seen + packets;
        wait("watched packets", || {
            while self.seen < until && self.take() {}
            self.seen == until
        });
    }

    /// Takes the source off and what is left of its packets. None may be missing, and the NIC must have counted as many out
    /// of order as the watch, on each queue; all queues must exist. How many that are.
    pub(crate) fn end(mut self, nic: &mut SoftNic) -> u64 {
        nic.set_source(SourceSpec::None).unwrap();
        wait("the source is off", || {
            let followed = nic.has_followed();
            while self.take() {}
            followed
        });
        let (generated, before) = &self.before;
        assert_eq!(self.seen, nic.generated() - generated, "each packet once");
        for (port, flow) in &self.flows {
            assert!(flow.missing.is_empty(), "of port {port} never came: {:?}", flow.missing);
        }
        let after = nic.sampler().sample();
        let earlier = |queue: usize| before.queues.get(queue).map_or(0, |q| q.reordered);
        let counted: Vec<_> =
            after.queues.iter().enumerate().map(|(i, q)| q.reordered - earlier(i)).collect();
        let mut watched = vec![0; counted.len()];
        self.late.iter().for_each(|(queue, late)| watched[queue.index()] = *late);
        assert_eq!(counted, watched, "out of order by queue: as the NIC counts, as the watch does");
        let late = watched.iter().sum();
        assert_eq!(after.adapter.reordered - before.adapter.reordered, late);
        late
    }
}
