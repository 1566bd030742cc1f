//! CPUs that the boot arguments set aside: `isolcpus=` and `nohz_full=`.

use super::raw::{RawTopology, TopologyError, system_list};
use crate::cpuset::CpuSet;
use crate::ids::CpuId;

/// What the boot arguments set aside.
pub(super) struct Isolation {
    pub(super) isolated: CpuSet,
    pub(super) nohz_full: CpuSet,
}

/// Puts together the kernel's own files and the boot arguments.
///
/// The file `isolated` knows only `isolcpus=domain`; the argument also tells of `managed_irq`, by which the
/// administrator asks that device interrupts keep out, and `nohz`. So both count. An argument that the kernel could
/// not read has no effect there, nor here.
pub(super) fn isolation(raw: &RawTopology, present: &CpuSet) -> Result<Isolation, TopologyError> {
    let mut isolated = system_list("isolated", raw.isolated.as_ref())?.unwrap_or_default();
    // A kernel that could do without the tick, but was not told to, prints a null pointer here.
    let nohz_text = raw.nohz_full.as_ref().filter(|text| text.trim_ascii() != "(null)");
    let mut nohz_full = system_list("nohz_full", nohz_text)?.unwrap_or_default();
    let nohz_told = raw.nohz_full.is_some();
    for argument in raw.cmdline.as_deref().unwrap_or_default().split_ascii_whitespace() {
        match argument.split_once('=') {
            Some(("isolcpus", value)) => {
                let (nohz, list) = flags(value);
                let set = boot_list(list, present);
                if nohz {
                    nohz_full = nohz_full.union(&set);
                }
                isolated = isolated.union(&set);
            }
            // Where the file exists, it says what the kernel made of the argument.
            Some(("nohz_full", value)) if !nohz_told => {
                nohz_full = nohz_full.union(&boot_list(value, present));
            }
            // Arguments after a bare `--` are for init.
            None if argument == "--" => break,
            _ => {}
        }
    }
    Ok(Isolation { isolated, nohz_full })
}

/// Splits `managed_irq,domain,2-3` into whether `nohz` is among the flags, and the list.
fn flags(value: &str) -> (bool, &str) {
    let mut nohz = false;
    let mut rest = value;
    while rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest != "N" && !rest.starts_with("N-") {
        let Some((flag, list)) = rest.split_once(',') else { break };
        if flag == "all" {
            break;
        }
        nohz |= flag == "nohz";
        rest = list;
    }
    (nohz, rest)
}

/// A list in a boot argument, where `all` and `N` (the last CPU) are known too. Empty when it is not readable.
fn boot_list(text: &str, present: &CpuSet) -> CpuSet {
    if text == "all" {
        return present.clone();
    }
    let last = present.last().unwrap_or(CpuId(0));
    let plain = text.replace('N', &alloc::format!("{last}"));
    CpuSet::parse_list(&plain).unwrap_or_default()
}
