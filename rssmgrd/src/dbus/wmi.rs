//! What an adapter's properties say: the values of `MSFT_NetAdapterRssSettingData`, and what that class hides.

use rssmgr_core::Processor;
use rssmgr_core::hash::{HashType, HashTypes};
use rssmgr_core::manager::AdapterView;
use rssmgr_core::place::eligible::eligible;
use rssmgr_proto::convert;

/// A processor as group and number.
pub type ProcessorValue = (u16, u8);

/// A processor and its preference index, which is its NUMA distance: lower is better.
pub type CandidateValue = (u16, u8, u16);

/// `Source`: where the settings in force come from (`MSFT_NetAdapterRssSettingData`).
const SOURCE_DEVICE: u32 = 2;
const SOURCE_PERSISTENT: u32 = 3;

fn value(p: Processor) -> ProcessorValue {
    (p.group, p.number)
}

/// A number in a narrower field: what does not fit is the field's highest value.
pub(super) fn narrow<T: TryFrom<u32> + From<u16>>(n: u32) -> T {
    T::try_from(n).unwrap_or_else(|_| T::from(u16::MAX))
}

/// Whether a set has a hash type.
pub(super) fn has(types: HashTypes, t: HashType) -> bool {
    types.has(t)
}

/// `IndirectionTable`; an entry whose queue any CPU may serve shows the default processor.
pub(super) fn table(v: &AdapterView) -> Vec<ProcessorValue> {
    let d = &v.device;
    let default = d.home(d.default_queue);
    d.table
        .iter()
        .map(|q| value(d.home(*q).or(default).map_or_else(Processor::default, Processor::from)))
        .collect()
}

/// `RssProcessorArray`.
pub(super) fn array(v: &AdapterView) -> Vec<CandidateValue> {
    convert::processor_array(v)
        .iter()
        .map(|c| {
            let (group, number) = value(c.cpu.into());
            (group, number, narrow(c.distance))
        })
        .collect()
}

/// The lowest processor that may be used, as set or as it follows from the machine.
pub(super) fn base(v: &AdapterView) -> ProcessorValue {
    let first = || eligible(&v.topology, &v.settings).first().or_else(|| v.topology.present().first());
    let set = v.settings.base_processor.value.value();
    value(set.or_else(|| first().map(Processor::from)).unwrap_or_default())
}

/// The highest processor that may be used, as set or as it follows from the machine.
pub(super) fn max(v: &AdapterView) -> ProcessorValue {
    let last = || eligible(&v.topology, &v.settings).last().or_else(|| v.topology.present().last());
    let set = v.settings.max_processor.value.value();
    value(set.or_else(|| last().map(Processor::from)).unwrap_or_default())
}

/// How many processors are used, after every limit.
pub(super) fn max_processors(v: &AdapterView) -> u32 {
    let mut in_use: Vec<_> = v.device.table.iter().map(|q| v.device.home(*q)).collect();
    in_use.sort_unstable();
    in_use.dedup();
    let n = v.target.as_ref().map_or(in_use.len(), |t| t.active);
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Where packets without a hash go.
pub(super) fn default_processor(v: &AdapterView) -> ProcessorValue {
    value(v.device.home(v.device.default_queue).map_or_else(Processor::default, Processor::from))
}

/// Why the state is as it is, or empty.
pub(super) fn state_reason(v: &AdapterView) -> String {
    convert::state_reason(v).unwrap_or_default()
}

/// Whether somebody's settings are in force, or the device's own.
pub(super) fn source(v: &AdapterView) -> u32 {
    if v.target.is_some() { SOURCE_PERSISTENT } else { SOURCE_DEVICE }
}
