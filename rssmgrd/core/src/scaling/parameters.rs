//! `NDIS_RECEIVE_SCALE_PARAMETERS_V2`: everything of a VPort but where its entries point.

use super::status::Status;
use super::vport::{VPort, VPortKey};
use super::{Scaling, VPortState};
use crate::hash::{HashKey, HashTypes, KEY_BYTES};
use alloc::vec::Vec;

/// `NdisHashFunctionToeplitz`.
pub const TOEPLITZ: u32 = 0x01;
/// The functions that NDIS has reserved.
const RESERVED_FUNCTIONS: [u32; 3] = [0x02, 0x04, 0x08];
/// `NDIS_HASH_FUNCTION_MASK`.
const FUNCTION_MASK: u32 = 0xFF;

/// A parameters request. A field that is `Some` has its `CHANGED` flag set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// RSS on or off after the request (`ENABLE_RSS`).
    pub enable: bool,
    /// `NDIS_HASH_FUNCTION_*` and `NDIS_HASH_*` types in one number (`HASH_INFO_CHANGED`).
    pub hash_info: Option<u32>,
    /// The key's bytes (`HASH_KEY_CHANGED`).
    pub key: Option<Vec<u8>>,
    /// Queues of the VPort (`NUMBER_OF_QUEUES_CHANGED`).
    pub queues: Option<u32>,
    /// Table entries (`NUMBER_OF_ENTRIES_CHANGED`).
    pub entries: Option<u32>,
}

/// The hash types of an NDIS hash information word.
///
/// # Errors
/// `NOT_SUPPORTED` for a reserved function; `INVALID_PARAMETER` for no or an unknown function, for no types, unknown
/// types, types that the adapter lacks and combinations that NDIS does not have.
pub fn hash_types(info: u32, known: HashTypes) -> Result<HashTypes, Status> {
    let function = info & FUNCTION_MASK;
    if RESERVED_FUNCTIONS.contains(&function) {
        return Err(Status::NotSupported);
    }
    let types = HashTypes::from_bits(info & !FUNCTION_MASK).ok_or(Status::InvalidParameter)?;
    if function != TOEPLITZ || types.is_empty() || !types.is_subset(known) || types.check().is_err() {
        return Err(Status::InvalidParameter);
    }
    Ok(types)
}

impl Scaling {
    /// Switches RSS of a VPort on or off and changes its hash, queues and table size, whole or not at all.
    ///
    /// With RSS off after the request, hash and key are not looked at; queues and table size change nevertheless.
    /// Switching over makes tracked parameters direct traffic, and only then are they judged. Queues are counted
    /// only where RSS is on.
    ///
    /// # Errors
    /// The first that applies: `ADAPTER_NOT_FOUND`, `ADAPTER_NOT_READY`; `NOT_SUPPORTED` without RSSv2;
    /// `INVALID_PARAMETER`, `INVALID_PORT`, `INVALID_PORT_STATE` for the VPort; and, to enable, `NOT_SUPPORTED` while
    /// the adapter hashes without scaling, `INVALID_LENGTH` for a key that is not 40 bytes, what [`hash_types`] says,
    /// `INVALID_PARAMETER` for a hash that a VPort other than the default one already has otherwise (it is fixed for
    /// the VPort's life). Then `INVALID_PARAMETER` for queues or entries outside their range, `NO_QUEUES` when
    /// other VPorts hold the queues, `INVALID_DATA` for a shrink that drops something, `INVALID_PARAMETER` to enable
    /// without types or key, `INVALID_DATA` for a processor outside the RSS set, `NO_QUEUES` for more processors
    /// than queues.
    pub fn set_parameters(&mut self, key: VPortKey, request: &Parameters) -> Result<(), Status> {
        self.ready()?;
        if !self.limits.independent_entry_move {
            return Err(Status::NotSupported);
        }
        self.parameters(key, request)
    }

    /// As [`Scaling::set_parameters`], for adapters without RSSv2 too.
    pub(super) fn parameters(&mut self, key: VPortKey, request: &Parameters) -> Result<(), Status> {
        let mut vport = self.usable(key)?.clone();
        if request.enable {
            self.hash(key, &mut vport, request)?;
        }
        self.size(key, &mut vport, request)?;
        if request.enable && (vport.hash_types.is_empty() || vport.key.is_empty()) {
            return Err(Status::InvalidParameter);
        }
        vport.rss_enabled = request.enable;
        vport.check_active(&self.rss_set)?;
        self.vports.insert(key, vport);
        Ok(())
    }

    fn hash(&self, key: VPortKey, vport: &mut VPort, request: &Parameters) -> Result<(), Status> {
        if self.hash_only {
            return Err(Status::NotSupported);
        }
        if request.key.as_ref().is_some_and(|bytes| bytes.len() != KEY_BYTES) {
            return Err(Status::InvalidLength);
        }
        let types = request.hash_info.map(|info| hash_types(info, self.limits.hash_types)).transpose()?;
        let types = types.unwrap_or(vport.hash_types);
        let secret = request.key.clone().map_or_else(|| vport.key.clone(), HashKey::new);
        if key != VPortKey::DEFAULT
            && (!vport.hash_types.is_empty() && types != vport.hash_types
                || !vport.key.is_empty() && secret != vport.key)
        {
            return Err(Status::InvalidParameter);
        }
        vport.hash_types = types;
        vport.key = secret;
        Ok(())
    }

    fn size(&self, key: VPortKey, vport: &mut VPort, request: &Parameters) -> Result<(), Status> {
        let queues = number(request.queues, vport.queues, self.limits.max_queues(key))?;
        let max_entries = self.limits.max_entries(key);
        let mut entries = request.entries;
        if request.enable || request.queues.is_some() || entries.is_some() {
            // On a restricted adapter the table follows the queues, and no other size can be asked for.
            let only = self.limits.restricted_entries(queues);
            if only.is_some() && entries.is_some() && entries != only {
                return Err(Status::InvalidParameter);
            }
            entries = only.or(entries);
        }
        let length = u16::try_from(vport.entries.len()).unwrap_or(u16::MAX);
        let length = number(entries, length, max_entries)?;
        if !length.is_power_of_two() {
            return Err(Status::InvalidParameter);
        }
        if self.queues_beside(key) + u32::from(queues) > self.limits.queues {
            return Err(Status::NoQueues);
        }
        vport.queues = queues;
        vport.resize(length)
    }

    /// Queues that all other VPorts hold.
    pub(super) fn queues_beside(&self, key: VPortKey) -> u32 {
        self.vports.iter().filter(|(other, _)| **other != key).map(|(_, v)| u32::from(v.queues)).sum()
    }

    /// The VPort, if it takes requests.
    pub(super) fn usable(&self, key: VPortKey) -> Result<&VPort, Status> {
        let vport = self.vports.get(&key).ok_or(Status::InvalidParameter)?;
        match vport.state {
            VPortState::Activated => Ok(vport),
            VPortState::Deactivated => Err(Status::InvalidPortState),
            VPortState::Deleting => Err(Status::InvalidPort),
        }
    }
}

/// What is asked, from 1 to `max`, or what is there.
fn number(asked: Option<u32>, now: u16, max: u16) -> Result<u16, Status> {
    match asked.map(u16::try_from) {
        None => Ok(now),
        Some(Ok(n)) if (1..=max).contains(&n) => Ok(n),
        Some(_) => Err(Status::InvalidParameter),
    }
}
