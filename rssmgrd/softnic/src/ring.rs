//! A receive ring: bounded, from one producer (the port) to one consumer (the queue's worker), of descriptors.
//!
//! Frames that are known beforehand stay in the source's frame store, and a descriptor says where. Live frames have
//! no such place: their headers are copied into a buffer that belongs to the descriptor's slot, as a NIC does it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, OnceLock};

use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::bell::Bell;
use crate::frame::{Cast, HEADER_BYTES};
use crate::ports::Slot;

/// What the worker needs to know of one packet: 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// Number of the packet in order of arrival, from 1.
    pub(crate) number: u64,
    /// Where its header is.
    pub(crate) place: u32,
    /// Bytes of header there, at most [`HEADER_BYTES`].
    pub(crate) header: u8,
    /// Where `place` points.
    pub(crate) live: bool,
    /// For whom it is.
    pub(crate) cast: Cast,
    /// Whether there was an IP header.
    pub(crate) parsed: bool,
    /// The flow, for the order check.
    pub(crate) flow: u32,
    /// Its length on the wire in bytes.
    pub(crate) bytes: u32,
    /// Whether it has a hash.
    pub(crate) hashed: bool,
    /// The hash; 0 without one.
    pub(crate) hash: u32,
    /// The table entry that the hash chose; 0 without one.
    pub(crate) entry: u16,
    /// The VPort that it is for.
    pub(crate) slot: Slot,
}

/// What both ends share beside the descriptors.
#[derive(Debug)]
pub(crate) struct Link {
    /// Set by the port when it sleeps until there is room.
    starving: AtomicBool,
    /// Headers of live frames, [`HEADER_WORDS`] words for each slot.
    buffers: OnceLock<Box<[AtomicU64]>>,
    capacity: usize,
}

const HEADER_WORDS: usize = HEADER_BYTES / 8;

/// The port's end.
#[derive(Debug)]
pub(crate) struct Sender {
    producer: Producer<Descriptor>,
    link: Arc<Link>,
    /// The slot of the next descriptor.
    slot: usize,
    /// Descriptors pushed since the worker was last rung.
    pub(crate) unseen: u64,
}

/// The worker's end.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) consumer: Consumer<Descriptor>,
    pub(crate) link: Arc<Link>,
}

/// A ring with room for `capacity` descriptors.
pub(crate) fn ring(capacity: usize) -> (Sender, Receiver) {
    let (producer, consumer) = RingBuffer::new(capacity);
    let link = Arc::new(Link { starving: AtomicBool::new(false), buffers: OnceLock::new(), capacity });
    let sender = Sender { producer, link: Arc::clone(&link), slot: 0, unseen: 0 };
    (sender, Receiver { consumer, link })
}

impl Sender {
    /// Puts a descriptor into the ring; `false` when it is full.
    pub(crate) fn push(&mut self, descriptor: Descriptor) -> bool {
        match self.producer.push(descriptor) {
            Ok(()) => {
                self.slot += 1;
                if self.slot == self.link.capacity {
                    self.slot = 0;
                }
                self.unseen += 1;
                true
            }
            Err(PushError::Full(_)) => false,
        }
    }

    /// Whether there is room for one more.
    pub(crate) fn has_room(&self) -> bool {
        !self.producer.is_full()
    }

    /// Whether the worker is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.producer.is_abandoned()
    }

    /// Announces that the port is about to sleep until there is room.
    pub(crate) fn starve(&self) {
        self.link.starving.store(true, Ordering::Relaxed);
    }

    /// Copies the header of a live frame into the buffer of the next slot, which must be free ([`Self::has_room`]).
    /// Gives the place for the descriptor.
    pub(crate) fn store_header(&self, header: &[u8]) -> u32 {
        let words = self.link.capacity * HEADER_WORDS;
        let buffers = self.link.buffers.get_or_init(|| (0..words).map(|_| AtomicU64::new(0)).collect());
        let buffer = buffers.iter().skip(self.slot * HEADER_WORDS).take(HEADER_WORDS);
        // The push that follows publishes these words, the worker's commit gives them back.
        for (word, bytes) in buffer.zip(header.chunks(8)) {
            let mut padded = [0; 8];
            padded[..bytes.len()].copy_from_slice(bytes);
            word.store(u64::from_le_bytes(padded), Ordering::Relaxed);
        }
        u32::try_from(self.slot).unwrap_or(u32::MAX)
    }
}

impl Receiver {
    /// Called after every commit: wakes the port if it waits for room and half of the ring is free.
    pub(crate) fn relieve(&self, port: &Bell) {
        fence(Ordering::SeqCst);
        if self.link.starving.load(Ordering::Relaxed) && self.consumer.slots() <= self.link.capacity / 2 {
            self.link.starving.store(false, Ordering::Relaxed);
            port.ring();
        }
    }
}

impl Link {
    /// Reads the header of a live frame, as one number that depends on every bit.
    pub(crate) fn touch(&self, slot: u32, header: u8) -> u64 {
        self.words(slot, header).fold(0, |sum, word| sum ^ word)
    }

    /// The header of a live frame.
    pub(crate) fn header(&self, slot: u32, header: u8) -> Vec<u8> {
        self.words(slot, header).flat_map(u64::to_le_bytes).take(header.into()).collect()
    }

    fn words(&self, slot: u32, header: u8) -> impl Iterator<Item = u64> {
        let buffers = self.buffers.get().map(|buffers| &**buffers).unwrap_or_default();
        let first = usize::try_from(slot).unwrap_or(usize::MAX).saturating_mul(HEADER_WORDS);
        let words = usize::from(header).div_ceil(8);
        buffers.iter().skip(first).take(words).map(|word| word.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(number: u64, place: u32, header: u8) -> Descriptor {
        Descriptor {
            number,
            place,
            header,
            live: true,
            cast: Cast::Unicast,
            parsed: true,
            flow: 0,
            bytes: 0,
            hashed: false,
            hash: 0,
            entry: 0,
            slot: 0,
        }
    }

    /// While headers wait in a ring that is as full as can be, none is overwritten.
    #[test]
    fn each_slot_keeps_its_header() {
        let (mut sender, mut receiver) = ring(3);
        let header = |n: u64| [n.to_le_bytes(), (!n).to_le_bytes(), [7; 8]].concat();
        // Of different lengths, so that an old header behind a short new one would show.
        let length = |n: u64| usize::try_from(8 + n % 3 * 8).unwrap();
        let expected = |n: u64| {
            header(n)[..length(n)]
                .chunks(8)
                .fold(0, |sum, word| sum ^ u64::from_le_bytes(word.try_into().unwrap()))
        };
        let (mut sent, mut seen) = (0, 0);
        while seen < 1000 {
            while sender.has_room() {
                let header = &header(sent)[..length(sent)];
                let place = sender.store_header(header);
                assert!(sender.push(descriptor(sent, place, u8::try_from(header.len()).unwrap())));
                sent += 1;
            }
            assert!(!sender.push(descriptor(sent, 0, 0)), "full");
            let chunk = receiver.consumer.read_chunk(1 + usize::try_from(seen % 3).unwrap()).unwrap();
            let (first, second) = chunk.as_slices();
            for d in first.iter().chain(second) {
                assert_eq!(d.number, seen);
                assert_eq!(receiver.link.touch(d.place, d.header), expected(seen));
                seen += 1;
            }
            chunk.commit_all();
        }
    }

    /// A port that sleeps until there is room, with no limit to its sleep, is woken.
    #[test]
    fn who_waits_for_room_is_woken() {
        const PACKETS: u64 = 20_000;
        for capacity in [1, 2, 16] {
            let (mut sender, mut receiver) = ring(capacity);
            let (port, worker) = (Bell::default(), Bell::default());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for number in 0..PACKETS {
                        while !sender.has_room() {
                            sender.starve();
                            port.sleep(|| sender.has_room(), None);
                        }
                        assert!(sender.push(descriptor(number, 0, 0)));
                        worker.ring();
                    }
                });
                for number in 0..PACKETS {
                    while receiver.consumer.is_empty() {
                        worker.sleep(|| !receiver.consumer.is_empty(), None);
                    }
                    assert_eq!(receiver.consumer.pop().unwrap().number, number);
                    receiver.relieve(&port);
                }
            });
        }
    }

    #[test]
    fn a_descriptor_is_half_a_cache_line() {
        assert_eq!(size_of::<Descriptor>(), 32);
    }
}
