//! The names of things: small typed identifiers, and the Windows view of a CPU as `group:number`.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

/// CPUs in one processor group, as on Windows: the kernel CPU id is `group * 64 + number`.
pub const GROUP_SIZE: u32 = 64;

/// The largest CPU id that any Linux kernel can be built with (`NR_CPUS` is at most 8192 on the supported machines).
pub const MAX_CPU: u32 = 8191;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A logical CPU by the kernel's number.
    CpuId(u32)
);
id!(
    /// A NUMA node by the kernel's number.
    NodeId(u32)
);
id!(
    /// A receive queue of an adapter, from 0.
    QueueId(u16)
);
id!(
    /// An entry of an indirection table, from 0.
    EntryIndex(u16)
);
id!(
    /// A virtual port of an adapter. Every adapter has [`VPortId::DEFAULT`].
    VPortId(u32)
);
id!(
    /// A receive filter of an adapter, by whatever number its owner gave it.
    FilterId(u32)
);
id!(
    /// An adapter for as long as the daemon knows it; survives a rename of the interface.
    AdapterId(u32)
);
id!(
    /// A transaction on one adapter.
    TxnId(u64)
);
id!(
    /// Counts what the owner has published; grows by one with every published state.
    Generation(u64)
);
id!(
    /// A point in time: nanoseconds of `CLOCK_BOOTTIME`, so that time spent suspended counts.
    Moment(u64)
);

impl VPortId {
    /// The port that takes everything no filter claims.
    pub const DEFAULT: Self = Self(0);
}

impl QueueId {
    /// The queue as an index into per-queue arrays.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl EntryIndex {
    /// The entry as an index into a table.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Moment {
    /// This moment plus `ns` nanoseconds, saturating.
    #[must_use]
    pub fn after(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Nanoseconds from `earlier` to this moment; 0 when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A CPU as Windows names it: `group:number` with 64 CPUs to a group. Ordered lexicographically, as the base and
/// max processor rules need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Processor {
    /// Processor group: kernel CPU id / 64.
    pub group: u16,
    /// Number inside the group, 0 to 63: kernel CPU id % 64.
    pub number: u8,
}

impl From<CpuId> for Processor {
    fn from(cpu: CpuId) -> Self {
        Self {
            group: u16::try_from(cpu.0 / GROUP_SIZE).unwrap_or(u16::MAX),
            number: u8::try_from(cpu.0 % GROUP_SIZE).unwrap_or(0),
        }
    }
}

impl From<Processor> for CpuId {
    fn from(p: Processor) -> Self {
        Self(u32::from(p.group) * GROUP_SIZE + u32::from(p.number))
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.group, self.number)
    }
}

/// Why a text is not a processor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessorError {
    /// Neither `N` nor `G:N`.
    #[error("`{0}` is not a processor: write a CPU number such as `8`, or `group:number` such as `1:3`")]
    Form(String),
    /// The number inside the group is above 63.
    #[error("processor `{0}` has number {1}: inside a group the number is 0 to 63")]
    Number(String, u64),
    /// The CPU is beyond what a kernel can have.
    #[error("processor `{0}` is CPU {1}: the highest CPU a kernel can have is {MAX_CPU}")]
    TooHigh(String, u64),
}

impl FromStr for Processor {
    type Err = ProcessorError;

    /// Parses `8`, `0:8` or `1:3`.
    fn from_str(s: &str) -> Result<Self, ProcessorError> {
        let form = || ProcessorError::Form(s.to_string());
        let number = |t: &str| -> Result<u64, ProcessorError> {
            if t.is_empty() || t.len() > 9 || !t.bytes().all(|b| b.is_ascii_digit()) {
                return Err(form());
            }
            t.parse().map_err(|_| form())
        };
        let cpu = match s.split_once(':') {
            Some((g, n)) => {
                let (g, n) = (number(g)?, number(n)?);
                if n >= u64::from(GROUP_SIZE) {
                    return Err(ProcessorError::Number(s.to_string(), n));
                }
                g * u64::from(GROUP_SIZE) + n
            }
            None => number(s)?,
        };
        match u32::try_from(cpu) {
            Ok(cpu) if cpu <= MAX_CPU => Ok(CpuId(cpu).into()),
            _ => Err(ProcessorError::TooHigh(s.to_string(), cpu)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn processor_spellings() {
        let p = |s: &str| s.parse::<Processor>().map(|p| p.to_string());
        assert_eq!(p("8").unwrap(), "0:8");
        assert_eq!(p("0:8").unwrap(), "0:8");
        assert_eq!(p("67").unwrap(), "1:3");
        assert_eq!(p("1:3").unwrap(), "1:3");
        assert!(matches!(p("0:64"), Err(ProcessorError::Number(_, 64))));
        assert!(matches!(p("8192"), Err(ProcessorError::TooHigh(_, 8192))));
        for bad in ["", ":", "1:", ":1", "-1", "+1", "a", "1:2:3", " 1", "99999999999"] {
            assert!(matches!(p(bad), Err(ProcessorError::Form(_))), "{bad}");
        }
    }

    #[test]
    fn processor_is_a_view_of_cpu() {
        for cpu in [0, 1, 63, 64, 127, 128, MAX_CPU] {
            assert_eq!(CpuId::from(Processor::from(CpuId(cpu))), CpuId(cpu));
        }
        assert!(Processor { group: 1, number: 0 } > Processor { group: 0, number: 63 });
    }
}
