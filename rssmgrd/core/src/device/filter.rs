//! Receive filters: which VPort a packet is for.
//!
//! The rules are those of VMQ. A filter tests fields for equality, all of them (AND); a VPort takes what any of its
//! filters takes (OR); what no filter takes is the default VPort's. Where filters of two VPorts take the same packet,
//! the one that says more wins: address and VLAN before the address alone, the address before the VLAN alone. Two
//! VPorts with the same test would be a coin to toss, and are refused.

use alloc::collections::BTreeMap;

use super::vport::{VPortDevice, VPortRefusal};
use crate::capability::VPortCapability;
use crate::ids::{FilterId, VPortId};
use crate::packet::Headers;

/// A receive filter. At least one field is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter {
    /// Its number, the only one on the adapter.
    pub id: FilterId,
    /// The destination Ethernet address; `None` for any.
    pub mac: Option<[u8; 6]>,
    /// The VLAN id, 0 to [`Filter::LAST_VLAN`]; `None` for any. 0 is a packet without a tag, or with one that only
    /// gives a priority.
    pub vlan: Option<u16>,
}

impl Filter {
    /// The last VLAN id; 4095 is reserved (IEEE 802.1Q).
    pub const LAST_VLAN: u16 = 4094;

    /// What it tests.
    #[must_use]
    pub const fn test(&self) -> Test {
        Test { mac: self.mac, vlan: self.vlan }
    }
}

/// What a filter tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Test {
    /// The destination Ethernet address; `None` for any.
    pub mac: Option<[u8; 6]>,
    /// The VLAN id, 0 for none; `None` for any.
    pub vlan: Option<u16>,
}

/// All filters of an adapter, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(BTreeMap<Test, VPortId>);

impl Filters {
    /// The filters of these VPorts. Where two have the same test, which no adapter takes, the VPort with the lowest
    /// number has it.
    #[must_use]
    pub fn new(vports: &BTreeMap<VPortId, VPortDevice>) -> Self {
        let tests = vports.iter().rev().flat_map(|(id, vport)| {
            let tests = vport.filters.iter().map(Filter::test);
            tests.map(|test| (test, *id))
        });
        Self(tests.collect())
    }

    /// Whether there is none: every packet is the default VPort's.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The VPort of a packet with these headers; those of a frame that starts without an Ethernet header match no
    /// address.
    #[must_use]
    pub fn pick(&self, headers: &Headers) -> VPortId {
        if self.is_empty() {
            return VPortId::DEFAULT;
        }
        self.pick_by(headers.dst_mac, headers.vlan)
    }

    /// As [`Filters::pick`], by the two fields. A packet without a tag has VLAN `None` or 0.
    #[must_use]
    pub fn pick_by(&self, mac: Option<[u8; 6]>, vlan: Option<u16>) -> VPortId {
        let vlan = Some(vlan.unwrap_or(0));
        let both = mac.is_some().then_some(Test { mac, vlan });
        let address = mac.is_some().then_some(Test { mac, vlan: None });
        let tests = [both, address, Some(Test { mac: None, vlan })];
        let found = tests.iter().flatten().find_map(|test| self.0.get(test));
        found.copied().unwrap_or(VPortId::DEFAULT)
    }
}

/// Whether a VPort may have these filters, beside those that the others have.
pub(crate) fn check<'a>(
    cap: &VPortCapability,
    all: &(impl Iterator<Item = (VPortId, &'a [Filter])> + Clone),
    vport: VPortId,
    filters: &[Filter],
) -> Result<(), VPortRefusal> {
    let others = || all.clone().filter(|(id, _)| *id != vport);
    let count = filters.len() + others().map(|(_, theirs)| theirs.len()).sum::<usize>();
    if count > usize::from(cap.filters) {
        return Err(VPortRefusal::FilterCount { got: count, max: cap.filters });
    }
    for (i, filter) in filters.iter().enumerate() {
        let Filter { id, mac, vlan } = *filter;
        if mac.is_none() && vlan.is_none() {
            return Err(VPortRefusal::FilterEmpty { filter: id });
        }
        if let Some(vlan) = vlan.filter(|vlan| *vlan > Filter::LAST_VLAN) {
            return Err(VPortRefusal::FilterVlan { filter: id, vlan });
        }
        if mac.is_some() && !cap.mac_filters {
            return Err(VPortRefusal::FilterField { filter: id, field: "an Ethernet address" });
        }
        if vlan.is_some() && !cap.vlan_filters {
            return Err(VPortRefusal::FilterField { filter: id, field: "a VLAN" });
        }
        if cap.address_required && mac.is_none() {
            return Err(VPortRefusal::FilterField {
                filter: id,
                field: "a VLAN without an Ethernet address",
            });
        }
        if cap.address_required && vlan == Some(0) {
            return Err(VPortRefusal::FilterField { filter: id, field: "that a packet has no VLAN tag" });
        }
        if filters.iter().take(i).any(|f| f.id == id) {
            return Err(VPortRefusal::FilterTwice { filter: id, vport });
        }
        for (other, theirs) in others() {
            if theirs.iter().any(|f| f.id == id) {
                return Err(VPortRefusal::FilterTwice { filter: id, vport: other });
            }
            if let Some(same) = theirs.iter().find(|f| f.test() == filter.test()) {
                return Err(VPortRefusal::FilterAmbiguous { filter: id, other: same.id, vport: other });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const A: [u8; 6] = [2, 0, 0, 0, 0, 0xA];
    const B: [u8; 6] = [2, 0, 0, 0, 0, 0xB];

    fn filter(id: u32, mac: Option<[u8; 6]>, vlan: Option<u16>) -> Filter {
        Filter { id: FilterId(id), mac, vlan }
    }

    fn vports(filters: &[&[Filter]]) -> BTreeMap<VPortId, VPortDevice> {
        let device = |filters: &[Filter]| VPortDevice { filters: filters.to_vec(), ..VPortDevice::default() };
        (1..).map(VPortId).zip(filters.iter().map(|f| device(f))).collect()
    }

    #[test]
    fn fields_are_and_filters_are_or_and_what_says_more_wins() {
        let all = Filters::new(&vports(&[
            &[filter(1, Some(A), Some(5)), filter(2, Some(B), None)],
            &[filter(3, Some(A), None)],
            &[filter(4, None, Some(5)), filter(5, None, Some(0))],
        ]));
        let pick = |mac, vlan| all.pick_by(mac, vlan).0;
        assert_eq!(pick(Some(A), Some(5)), 1, "address and VLAN before either alone");
        assert_eq!(pick(Some(B), None), 1, "a second filter of the same VPort");
        assert_eq!(pick(Some(A), Some(6)), 2, "AND: the VLAN is another one");
        assert_eq!(pick(Some(A), None), 2);
        assert_eq!(pick(Some(B), Some(5)), 1, "the address before the VLAN");
        assert_eq!(pick(Some([9; 6]), Some(5)), 3);
        assert_eq!(pick(None, Some(5)), 3);
        assert_eq!(pick(Some([9; 6]), None), 3, "VLAN 0 is no tag");
        assert_eq!(pick(Some([9; 6]), Some(0)), 3, "or one with a priority alone");
        assert_eq!(pick(Some([9; 6]), Some(6)), 0, "no match: the default VPort");
        assert_eq!(Filters::default().pick(&Headers { dst_mac: Some(A), ..Headers::default() }), VPortId(0));
    }

    #[test]
    fn filters_that_cannot_be_are_refused() {
        let cap = VPortCapability { filters: 3, mac_filters: true, vlan_filters: true, ..Default::default() };
        let there = vports(&[&[], &[filter(7, Some(A), None)]]);
        let all = || there.iter().map(|(id, v)| (*id, v.filters.as_slice()));
        let ask = |cap: &VPortCapability, filters: &[Filter]| check(cap, &all(), VPortId(1), filters);
        assert_eq!(ask(&cap, &[filter(1, Some(A), Some(1)), filter(2, Some(B), None)]), Ok(()));
        let f = FilterId;
        for (filters, refusal) in [
            (vec![filter(1, None, None)], VPortRefusal::FilterEmpty { filter: f(1) }),
            (vec![filter(1, None, Some(4095))], VPortRefusal::FilterVlan { filter: f(1), vlan: 4095 }),
            (vec![filter(7, Some(B), None)], VPortRefusal::FilterTwice { filter: f(7), vport: VPortId(2) }),
            (
                vec![filter(1, Some(B), None), filter(1, None, Some(1))],
                VPortRefusal::FilterTwice { filter: f(1), vport: VPortId(1) },
            ),
            (
                vec![filter(1, Some(A), None)],
                VPortRefusal::FilterAmbiguous { filter: f(1), other: f(7), vport: VPortId(2) },
            ),
            (vec![filter(1, Some(B), None); 3], VPortRefusal::FilterCount { got: 4, max: 3 }),
        ] {
            assert_eq!(ask(&cap, &filters), Err(refusal));
        }
        let no_vlan = VPortCapability { vlan_filters: false, ..cap };
        let vlan = [filter(1, None, Some(1))];
        assert!(matches!(ask(&no_vlan, &vlan), Err(VPortRefusal::FilterField { .. })));
        let address = VPortCapability { address_required: true, ..cap };
        for (filter, fits) in [
            (filter(1, Some(B), None), true),
            (filter(1, Some(B), Some(5)), true),
            (filter(1, Some(B), Some(0)), false),
            (filter(1, None, Some(5)), false),
        ] {
            assert_eq!(ask(&address, &[filter]).is_ok(), fits, "{filter:?}");
        }
        let no_mac = VPortCapability { mac_filters: false, ..cap };
        assert!(matches!(ask(&no_mac, &[filter(1, Some(B), None)]), Err(VPortRefusal::FilterField { .. })));
    }
}
