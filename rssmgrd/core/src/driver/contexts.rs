//! What a driver has of RSS contexts: tables beside the adapter's own, to which receive rules lead. A VPort of a Linux
//! interface is one of them.

use crate::capability::{Capability, VPortCapability};
use crate::hash::KEY_BYTES;

/// How packets to an address are led to a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContextRules {
    /// Not at all: no VPorts.
    None,
    /// By one rule.
    Whole,
    /// By one rule for each protocol: TCP, UDP and other packets of IPv4 and of IPv6. What is no IP stays with the adapter.
    PerProtocol,
}

impl ContextRules {
    /// Rules that one filter takes; 0 where there are none.
    #[must_use]
    pub const fn per_filter(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Whole => 1,
            Self::PerProtocol => 6,
        }
    }
}

/// What a driver has of RSS contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Contexts {
    /// How many, the default one left out.
    pub most: u16,
    /// Each hashes with a key of its own.
    pub own_key: bool,
    /// Each hashes the fields that it is told to.
    pub own_fields: bool,
    /// What leads to them.
    pub rules: ContextRules,
}

impl Contexts {
    /// None.
    pub const NONE: Self = Self { most: 0, own_key: false, own_fields: false, rules: ContextRules::None };

    /// The VPorts that an adapter with this capability can have, with room for so many rules. None where contexts have one
    /// key together, or one of another length than RSSv2's: a VPort keeps its own.
    #[must_use]
    pub fn vports(&self, cap: &Capability, places: u32) -> VPortCapability {
        let per_filter = u32::from(self.rules.per_filter());
        let filters = places.checked_div(per_filter).unwrap_or_default();
        let keeps_key = self.own_key && cap.key_settable && usize::from(cap.key_bytes) == KEY_BYTES;
        if self.most == 0 || !keeps_key || cap.table_entries == 0 || filters == 0 {
            return VPortCapability::default();
        }
        VPortCapability {
            max: self.most.saturating_add(1),
            queues: cap.max_queues.saturating_sub(1),
            // A table of a power of two, repeated, fills the context's.
            table_entries: 1 << cap.table_entries.trailing_zeros(),
            table_size_restricted: false,
            // There are whole tables only.
            dynamic_affinity: false,
            mac_filters: true,
            vlan_filters: true,
            filters: u16::try_from(filters).unwrap_or(u16::MAX),
            address_required: true,
            shared_hash_types: !self.own_fields,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Driver;

    /// What is offered follows from the driver's row, its table and its room for rules; where one of them is missing,
    /// nothing is.
    #[test]
    fn vports_are_offered_where_contexts_and_rules_are() {
        let cap = |entries| Capability {
            max_queues: 16,
            table_entries: entries,
            key_bytes: 40,
            key_settable: true,
            ..Capability::default()
        };
        let of = |driver: &str, entries, places| Driver::of(driver).contexts.vports(&cap(entries), places);
        let mlx5 = of("mlx5_core", 256, 1024);
        assert_eq!((mlx5.max, mlx5.queues, mlx5.table_entries, mlx5.filters), (16, 15, 256, 170));
        assert!(!mlx5.shared_hash_types && mlx5.address_required);
        let sfc = of("sfc", 192, 16);
        assert_eq!((sfc.max, sfc.table_entries, sfc.filters), (65, 64, 16), "64 go into 192");
        assert!(sfc.shared_hash_types);
        for (driver, entries, places) in [
            ("bnxt_en", 128, 64),
            ("igb", 128, 64),
            ("nobody's", 128, 64),
            ("mlx5_core", 0, 64),
            ("mlx5_core", 256, 5),
        ] {
            assert!(!of(driver, entries, places).any(), "{driver} {entries} {places}");
        }
        let long_key = Capability { key_bytes: 44, ..cap(256) };
        assert!(!Driver::of("mlx5_core").contexts.vports(&long_key, 1024).any());
    }
}
