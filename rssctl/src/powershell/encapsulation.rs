//! The cmdlets of encapsulated packet task offload. All that change something are `rssctl set --encapsulation`: what is
//! not named stays as it is.

use super::parameter::Meaning;
use crate::exit::Failure;

/// Shows what is on.
pub(super) const GET: &str = "Get-NetAdapterEncapsulatedPacketTaskOffload";
/// Switches each by itself.
pub(super) const SET: &str = "Set-NetAdapterEncapsulatedPacketTaskOffload";
/// Switches on.
pub(super) const ENABLE: &str = "Enable-NetAdapterEncapsulatedPacketTaskOffload";
/// Switches off.
pub(super) const DISABLE: &str = "Disable-NetAdapterEncapsulatedPacketTaskOffload";

/// What `Set-` takes beside what all do: parameters and what they are about.
pub(super) const SWITCHES: [(&str, Meaning); 3] = [
    ("NvgreEncapsulatedPacketTaskOffloadEnabled", Meaning::Inside("nvgre")),
    ("VxlanEncapsulatedPacketTaskOffloadEnabled", Meaning::Inside("vxlan")),
    ("VxlanUDPPortNumber", Meaning::Value("--vxlan-port")),
];

/// What `Enable-` and `Disable-` switch: the encapsulations of Windows, or everything.
pub(super) fn unless_named(cmdlet: &str) -> Option<&'static str> {
    match cmdlet {
        ENABLE => Some("+nvgre,+vxlan"),
        DISABLE => Some("none"),
        _ => None,
    }
}

/// `-EncapsulationType` of `Enable-` and `Disable-`.
///
/// # Errors
/// Not one of Windows'.
pub(super) fn of_type(cmdlet: &str, value: &str) -> Result<String, Failure> {
    let sign = if cmdlet == DISABLE { '-' } else { '+' };
    match value.to_ascii_lowercase().as_str() {
        kind @ ("nvgre" | "vxlan") => Ok(format!("{sign}{kind}")),
        _ => {
            Err(Failure::usage(format!("-EncapsulationType: `{value}` is neither; allowed: NVGRE or VXLAN")))
        }
    }
}

/// `+vxlan` or `-vxlan` of a boolean.
///
/// # Errors
/// Not a boolean.
pub(super) fn switched(parameter: &str, kind: &str, value: &str) -> Result<String, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "$true" | "true" | "1" => Ok(format!("+{kind}")),
        "$false" | "false" | "0" => Ok(format!("-{kind}")),
        _ => Err(Failure::usage(format!("-{parameter}: `{value}` is neither; allowed: $true or $false"))
            .hint(format!("quote it for the shell: -{parameter}:'$true'"))),
    }
}
