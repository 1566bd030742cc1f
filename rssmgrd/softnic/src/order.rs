//! The order check: a packet that is handled after a later packet of its flow is reordered, and is counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// The highest packet number that was handled of each flow.
///
/// Packets are numbered over all flows in order of arrival, from 1, so that within a flow a later packet has a
/// higher number, which is all that matters. The check is exact whichever threads handle a flow: each packet is
/// compared with, and put into, the mark in one atomic step.
#[derive(Debug)]
pub(crate) struct FlowMarks(Box<[AtomicU64]>);

impl FlowMarks {
    pub(crate) fn new(flows: u32) -> Self {
        Self((0..flows).map(|_| AtomicU64::new(0)).collect())
    }

    /// Notes a handled packet. `true` when a later packet of the flow was handled before it.
    pub(crate) fn is_late(&self, flow: u32, number: u64) -> bool {
        let mark = usize::try_from(flow).ok().and_then(|i| self.0.get(i));
        mark.is_some_and(|mark| mark.fetch_max(number, Ordering::Relaxed) > number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as are late by the definition: some packet with a higher number of the same flow came before.
    #[test]
    fn counts_exactly_the_late_ones() {
        let handled = [(0, 2), (0, 1), (1, 3), (0, 7), (1, 4), (0, 5), (0, 6), (0, 8)];
        let marks = FlowMarks::new(2);
        for (i, (flow, number)) in handled.iter().enumerate() {
            let expected = handled[..i].iter().any(|(f, n)| f == flow && n > number);
            assert_eq!(marks.is_late(*flow, *number), expected, "packet {number}");
        }
    }
}
