//! Between RSSv1, which replaces a whole table, and RSSv2, which moves entries.

use super::Scaling;
use super::moves::{Move, MoveRequest, MoveResults};
use super::parameters::{Parameters, hash_types};
use super::status::{Fault, Status};
use super::vport::{Steering, VPort, VPortKey};
use crate::hash::KEY_BYTES;
use crate::ids::{CpuId, EntryIndex};
use alloc::vec::Vec;

/// `NDIS_RECEIVE_SCALE_PARAMETERS`, the v1 request. A field that is `None` has its `UNCHANGED` hint set; one that is
/// `Some` may still be what is there already. The base CPU is not here: processors are absolute since NDIS 6.20.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParametersV1 {
    /// `DISABLE_RSS`.
    pub disable: bool,
    /// Hash function and types; function 0 disables RSS too.
    pub hash_info: Option<u32>,
    /// The whole indirection table.
    pub table: Option<Vec<CpuId>>,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The default processor.
    pub default: Option<CpuId>,
}

/// One v2 request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// For [`Scaling::set_parameters`].
    Parameters(Parameters),
    /// For [`Scaling::move_entries`]; all of one VPort.
    Moves(MoveRequest),
}

impl Scaling {
    /// The v2 requests that do what a v1 request asks, only for what differs: none where everything is as asked.
    /// All were tried on a copy of this state, one after the other, and succeeded.
    ///
    /// A larger table is grown before its entries move, a smaller one is shrunk after they repeat what stays. So
    /// all moves are one group, and queues are counted for its end.
    ///
    /// # Errors
    /// Nothing of the request can be done then. `ADAPTER_NOT_FOUND`, `ADAPTER_NOT_READY`; `INVALID_PARAMETER`,
    /// `INVALID_PORT`, `INVALID_PORT_STATE` for the VPort; to enable, `NOT_SUPPORTED` while the adapter hashes
    /// without scaling, `INVALID_LENGTH` for a table that is no power of two, too large or not of the one size that a
    /// restricted adapter has, and for a key that is not 40 bytes, what [`hash_types`] says; then what the first
    /// failing v2 request says.
    pub fn v1_steps(&self, key: VPortKey, request: &ParametersV1) -> Result<Vec<Step>, Status> {
        Ok(self.v1(key, request)?.0)
    }

    /// Executes a v1 request on the state, whole or not at all. Switching RSS off keeps the table, as in v2.
    ///
    /// # Errors
    /// As [`Scaling::v1_steps`].
    pub fn set_v1(&mut self, key: VPortKey, request: &ParametersV1) -> Result<(), Status> {
        *self = self.v1(key, request)?.1;
        Ok(())
    }

    fn v1(&self, key: VPortKey, request: &ParametersV1) -> Result<(Vec<Step>, Self), Status> {
        self.ready()?;
        let steps = self.convert(key, self.usable(key)?, request)?;
        let mut copy = self.clone();
        for step in &steps {
            match step {
                Step::Parameters(parameters) => copy.parameters(key, parameters)?,
                Step::Moves(moves) => {
                    copy.moves(moves, |_, _, _| Ok(()))?.into_iter().collect::<Result<(), _>>()?;
                }
            }
        }
        Ok((steps, copy))
    }

    fn convert(&self, key: VPortKey, now: &VPort, request: &ParametersV1) -> Result<Vec<Step>, Status> {
        let mut steps = Vec::new();
        if request.disable || request.hash_info.is_some_and(|info| info & 0xFF == 0) {
            if now.rss_enabled {
                steps.push(Step::Parameters(Parameters::default()));
            }
            return Ok(steps);
        }
        if self.hash_only {
            return Err(Status::NotSupported);
        }
        let table = request.table.as_deref().unwrap_or(&now.entries);
        let entries = u16::try_from(table.len()).map_err(|_| Status::InvalidLength)?;
        if !entries.is_power_of_two()
            || entries > self.limits.max_entries(key)
            || request.table.is_some()
                && self.limits.restricted_entries(now.queues).is_some_and(|n| n != entries.into())
            || request.key.as_ref().is_some_and(|bytes| bytes.len() != KEY_BYTES)
        {
            return Err(Status::InvalidLength);
        }
        let types = request.hash_info.map(|info| hash_types(info, self.limits.hash_types)).transpose()?;

        let resize = Step::Parameters(Parameters {
            enable: now.rss_enabled,
            entries: Some(u32::from(entries)),
            ..Parameters::default()
        });
        if table.len() > now.entries.len() {
            steps.push(resize.clone());
        }
        let moves = moves(key, now, table, request.default);
        if !moves.is_empty() {
            steps.push(Step::Moves(MoveRequest::for_owner(moves)));
        }
        if table.len() < now.entries.len() {
            steps.push(resize);
        }
        let last = Parameters {
            enable: true,
            hash_info: request.hash_info.filter(|_| types != Some(now.hash_types)),
            key: request.key.clone().filter(|bytes| bytes != now.key.bytes()),
            ..Parameters::default()
        };
        if !now.rss_enabled || last.hash_info.is_some() || last.key.is_some() {
            steps.push(Step::Parameters(last));
        }
        Ok(steps)
    }

    /// A parameters request of an adapter of either kind: one without RSSv2 does the same by a v1 request.
    ///
    /// # Errors
    /// As [`Scaling::set_parameters`], without its `NOT_SUPPORTED` for RSSv1.
    pub fn change_parameters(&mut self, key: VPortKey, request: &Parameters) -> Result<(), Status> {
        self.ready()?;
        self.parameters(key, request)
    }

    /// Moves on the state of an adapter of either kind: where it has no RSSv2, what they change together becomes one
    /// write of the table.
    ///
    /// # Errors
    /// As [`Scaling::move_entries`], without its `NOT_SUPPORTED` for RSSv1.
    pub fn execute_moves(&mut self, request: &MoveRequest) -> Result<MoveResults, Status> {
        if self.limits.independent_entry_move {
            self.move_entries(request)
        } else {
            self.move_by_table(request, |_, _| Ok(()))
        }
    }

    /// Executes moves on an adapter that can only replace the whole table. Groups are judged and kept whole as by
    /// [`Scaling::move_entries`]; what they change together is one call of `write`, with the default VPort before
    /// and after, and no call where nothing that directs traffic changes. No other VPort needs a write: without
    /// RSSv2 their spreading is static.
    ///
    /// # Errors
    /// As [`Scaling::move_entries`], but `NOT_SUPPORTED` for an adapter *with* RSSv2. Where `write` fails, every
    /// group of the default VPort has its status, and none is done.
    pub fn move_by_table(
        &mut self,
        request: &MoveRequest,
        write: impl FnOnce(&VPort, &VPort) -> Result<(), Fault>,
    ) -> Result<MoveResults, Status> {
        if self.limits.independent_entry_move {
            return Err(Status::NotSupported);
        }
        let before = self.vports.get(&VPortKey::DEFAULT).cloned();
        let mut results = self.moves(request, |_, _, _| Ok(()))?;
        let (Some(before), Some(after)) = (before, self.vports.get(&VPortKey::DEFAULT)) else {
            return Ok(results);
        };
        let same = if before.rss_enabled {
            before.entries == after.entries && before.default == after.default
        } else {
            before.primary == after.primary
        };
        if same {
            return Ok(results);
        }
        if let Err(fault) = write(&before, after) {
            self.vports.insert(VPortKey::DEFAULT, before);
            for (result, m) in results.iter_mut().zip(&request.moves) {
                if m.key() == VPortKey::DEFAULT && result.is_ok() {
                    *result = Err(fault.into());
                }
            }
        }
        Ok(results)
    }
}

/// The moves from what is there, at the larger of both sizes, to the table repeated.
fn moves(key: VPortKey, now: &VPort, table: &[CpuId], default: Option<CpuId>) -> Vec<Move> {
    let size = u16::try_from(table.len().max(now.entries.len())).unwrap_or(u16::MAX);
    let entries = now.entries.iter().cycle().zip(table.iter().cycle());
    (0..size)
        .zip(entries)
        .filter(|(_, (is, wanted))| is != wanted)
        .map(|(index, (_, wanted))| Move::new(key, Steering::Entry(EntryIndex(index)), *wanted))
        .chain(default.filter(|cpu| *cpu != now.default).map(|cpu| Move::new(key, Steering::Default, cpu)))
        .collect()
}
