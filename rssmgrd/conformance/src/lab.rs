//! A subject with what cases do again and again, and where its packets go.

use crate::recorder::{Call, Failure};
use crate::subject::{Subject, Variant};
use rssmgr_core::adapter::{Begin, Event};
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Filter};
use rssmgr_core::scaling::{
    Move, MoveRequest, MoveResults, Parameters, ParametersV1, Status, Steering, SwitchId, VPortKey,
};
use rssmgr_core::{CpuId, EntryIndex, FilterId, VPortId};
use std::fmt::Debug;

/// The default VPort.
pub(crate) const D: VPortKey = VPortKey::DEFAULT;
/// A VPort.
pub(crate) const V1: VPortKey = VPortKey { switch: SwitchId(0), vport: VPortId(1) };
/// Another VPort.
pub(crate) const V2: VPortKey = VPortKey { switch: SwitchId(0), vport: VPortId(2) };
/// Toeplitz; IPv4, and TCP over it.
pub(crate) const INFO: u32 = 0x301;
/// A key.
pub(crate) const KEY: [u8; 40] = [0x5A; 40];
/// Queues of the default VPort.
pub(crate) const QUEUES: u16 = 4;

pub(crate) type Checked = Result<(), String>;

/// Whether two things are the same; says what the first one should be.
#[allow(clippy::needless_pass_by_value, reason = "both are values made at the call")]
pub(crate) fn same<T: PartialEq + Debug>(what: &str, is: T, should: T) -> Checked {
    if is == should { Ok(()) } else { Err(format!("{what}: {is:?} instead of {should:?}")) }
}

/// Whether something is so.
pub(crate) fn is(what: &str, so: bool) -> Checked {
    if so { Ok(()) } else { Err(what.to_owned()) }
}

/// A subject with what was asked of it.
pub(crate) struct Lab {
    pub(crate) subject: Box<dyn Subject>,
}

impl Lab {
    pub(crate) fn new(subject: Box<dyn Subject>) -> Self {
        Self { subject }
    }

    /// What the adapter lacks for the cases of a variant.
    pub(crate) fn lacks(&self, variant: Variant) -> Option<String> {
        let c = self.subject.capability();
        match variant {
            _ if c.max_queues < 6 => Some("6 queues".to_owned()),
            Variant::NoTable => None,
            _ if c.table_entries < 8 => Some("8 table entries".to_owned()),
            Variant::Full | Variant::FixedAffinity if !c.independent_entry_move => {
                Some("independent entry moves".to_owned())
            }
            _ if c.vports.max < 3 || c.vports.queues < 2 => Some("three VPorts with two queues".to_owned()),
            _ => None,
        }
    }

    /// Through all states to the one in which it runs: processors 0 to 5 in its RSS set, everything on 0, RSS off.
    pub(crate) fn up(&mut self) -> Checked {
        let begin = begin();
        for event in [Event::Capabilities, Event::Start(begin), Event::PowerUp, Event::CreateQueues] {
            self.event(event)?;
        }
        self.subject.calls();
        Ok(())
    }

    /// An event that must be right.
    pub(crate) fn event(&mut self, event: Event) -> Checked {
        let name = event.name();
        self.subject.handle(event).map_err(|e| format!("{name}: {e}"))
    }

    /// Running, with RSS of the default VPort on and this table.
    pub(crate) fn on(&mut self, table: &[u32]) -> Checked {
        self.up()?;
        self.spread(D, table)?;
        self.subject.calls();
        Ok(())
    }

    /// RSS of a VPort on, with this table. Entries are tracked first, so that a table of any size is right at once.
    pub(crate) fn spread(&mut self, key: VPortKey, table: &[u32]) -> Checked {
        let request = ParametersV1 {
            hash_info: Some(INFO),
            key: Some(KEY.to_vec()),
            table: Some(cpus(table)),
            ..ParametersV1::default()
        };
        ok("RSS on", self.subject.v1(key, &request))
    }

    /// Two VPorts beside the default one, in use, on processor 0, 2 queues each.
    pub(crate) fn vports(&mut self) -> Checked {
        for key in [V1, V2] {
            ok("create", self.subject.create(key, CpuId(0), 2))?;
            ok("activate", self.subject.activate(key))?;
        }
        Ok(())
    }

    pub(crate) fn parameters(&mut self, request: &Parameters) -> Result<(), Status> {
        self.subject.parameters(D, request)
    }

    pub(crate) fn moves(&mut self, moves: &[Move]) -> Result<MoveResults, Status> {
        self.subject.moves(&MoveRequest::for_owner(moves.to_vec()))
    }

    /// Moves that must be right.
    pub(crate) fn moved(&mut self, moves: &[Move]) -> Checked {
        same("moves", self.moves(moves), Ok(vec![Ok(()); moves.len()]))
    }

    pub(crate) fn device(&mut self) -> Result<Device, String> {
        self.subject.device()
    }

    /// The processor of a packet of a VPort; `None` for a packet without a hash.
    pub(crate) fn cpu(&mut self, key: VPortKey, hash: Option<u32>) -> Result<u32, String> {
        let device = self.device()?;
        let (enabled, table, default) = if key == D {
            (device.enabled, &device.table, device.default_queue)
        } else {
            let vport = device.vports.get(&key.vport).ok_or("the VPort is not there")?;
            (vport.enabled, &vport.table, vport.default_queue)
        };
        let queue = match hash.filter(|_| enabled) {
            Some(hash) => {
                let index = usize::try_from(hash).map_err(|e| e.to_string())? % table.len();
                table.get(index).copied().ok_or("no such entry")?
            }
            None => default,
        };
        let home = device.queues.get(queue.index()).and_then(|queue| queue.home);
        home.map(|cpu| cpu.0).ok_or_else(|| format!("queue {queue} has no processor"))
    }

    /// The processors of hashes 0 to n-1.
    pub(crate) fn table(&mut self, key: VPortKey, n: u32) -> Result<Vec<u32>, String> {
        (0..n).map(|hash| self.cpu(key, Some(hash))).collect()
    }

    /// The VPort of a packet, by the filters that the hardware has.
    pub(crate) fn owner(&mut self, mac: [u8; 6], vlan: u16) -> Result<u32, String> {
        let device = self.device()?;
        let all = device.vports.iter().flat_map(|(id, vport)| vport.filters.iter().map(|f| (id.0, *f)));
        let fits = all.filter(|(_, f)| f.mac.is_none_or(|m| m == mac) && f.vlan.is_none_or(|v| v == vlan));
        // What says more first.
        let best = fits.max_by_key(|(_, f)| 2 * u8::from(f.mac.is_some()) + u8::from(f.vlan.is_some()));
        Ok(best.map_or(0, |(id, _)| id))
    }

    /// The calls that reached the driver since this was last asked, without those for the default queue.
    pub(crate) fn calls(&mut self) -> Vec<Call> {
        let calls = self.subject.calls().into_iter().map(|(_, call)| call);
        calls.filter(|call| *call != Call::DefaultQueue).collect()
    }

    pub(crate) fn fail(&mut self, failure: Failure) {
        self.subject.fail(failure);
    }
}

/// A request that must be right.
pub(crate) fn ok(what: &str, result: Result<(), Status>) -> Checked {
    result.map_err(|status| format!("{what}: {status}"))
}

/// Processors 0 to 5, everything on 0.
pub(crate) fn begin() -> Begin {
    Begin { rss_set: (0..6).map(CpuId).collect::<CpuSet>(), affinity: CpuId(0), queues: QUEUES }
}

pub(crate) fn cpus(table: &[u32]) -> Vec<CpuId> {
    table.iter().copied().map(CpuId).collect()
}

pub(crate) fn entry(key: VPortKey, index: u16, target: u32) -> Move {
    Move::new(key, Steering::Entry(EntryIndex(index)), CpuId(target))
}

pub(crate) fn primary(key: VPortKey, target: u32) -> Move {
    Move::new(key, Steering::Primary, CpuId(target))
}

pub(crate) fn default(key: VPortKey, target: u32) -> Move {
    Move::new(key, Steering::Default, CpuId(target))
}

/// On, with everything that it needs.
pub(crate) fn enable() -> Parameters {
    Parameters { enable: true, hash_info: Some(INFO), key: Some(KEY.to_vec()), ..Parameters::default() }
}

/// On, as it is.
pub(crate) fn stay_on() -> Parameters {
    Parameters { enable: true, ..Parameters::default() }
}

/// An Ethernet address.
pub(crate) fn mac(last: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, last]
}

pub(crate) fn filter(id: u32, mac: Option<[u8; 6]>, vlan: Option<u16>) -> Filter {
    Filter { id: FilterId(id), mac, vlan }
}
