//! The cmdlets, and which commands of ours they are.

use rssmgr_core::field::nearest;

use super::encapsulation;
use crate::exit::Failure;

/// A cmdlet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cmdlet {
    /// Its name.
    pub name: &'static str,
    /// Our command.
    pub verb: &'static str,
    /// Whether it must be told which adapters.
    pub needs_name: bool,
    /// Our command for every adapter.
    pub every: &'static str,
}

const fn cmdlet(name: &'static str, verb: &'static str, needs_name: bool, every: &'static str) -> Cmdlet {
    Cmdlet { name, verb, needs_name, every }
}

/// Those that are there.
pub const CMDLETS: [Cmdlet; 17] = [
    cmdlet("Get-NetAdapterRss", "get", false, "get"),
    cmdlet("Set-NetAdapterRss", "set", true, "set"),
    cmdlet("Enable-NetAdapterRss", "enable", true, "enable --all"),
    cmdlet("Disable-NetAdapterRss", "disable", true, "disable --all"),
    cmdlet("Get-NetAdapterVPort", "vport list", false, "vport list"),
    cmdlet("Get-NetAdapterVmq", "vmq get", false, "vmq get"),
    cmdlet("Set-NetAdapterVmq", "vmq set", true, "vmq set '*'"),
    cmdlet("Enable-NetAdapterVmq", "vmq enable", true, "vmq enable --all"),
    cmdlet("Disable-NetAdapterVmq", "vmq disable", true, "vmq disable --all"),
    cmdlet("Get-NetAdapterVmqQueue", "vmq queues", false, "vmq queues"),
    cmdlet(encapsulation::GET, "encapsulation", false, "encapsulation"),
    cmdlet(encapsulation::SET, "set", true, "set --encapsulation LIST"),
    cmdlet(encapsulation::ENABLE, "set", true, "set --encapsulation +nvgre,+vxlan"),
    cmdlet(encapsulation::DISABLE, "set", true, "set --encapsulation none"),
    cmdlet("Get-NetAdapterStatistics", "stats", false, "stats"),
    cmdlet("Get-NetOffloadGlobalSetting", "global get", false, "global get"),
    cmdlet("Set-NetOffloadGlobalSetting", "global set", false, "global set"),
];

/// Those that are not, with what to do instead.
const NOT_YET: [(&str, &str); 1] =
    [("Restart-NetAdapter", "rssctl never needs a restart of the adapter: changes apply at once")];

/// What a word at the place of the verb is.
pub(super) enum Found {
    /// A cmdlet.
    Cmdlet(&'static Cmdlet),
    /// A command of ours that a cmdlet stands for.
    Ours(&'static Cmdlet),
    /// Something that is clap's business.
    None,
}

/// Finds the cmdlet of a word.
///
/// # Errors
/// It has the form of a cmdlet, but there is none of that name.
pub(super) fn find(word: &str) -> Result<Found, Failure> {
    if let Some(c) = CMDLETS.iter().find(|c| c.name.eq_ignore_ascii_case(word)) {
        return Ok(Found::Cmdlet(c));
    }
    if let Some(c) = CMDLETS.iter().find(|c| c.verb == word) {
        return Ok(Found::Ours(c));
    }
    let form = word.split_once('-').is_some_and(|(verb, noun)| {
        let verbs = ["Get", "Set", "Enable", "Disable", "Restart", "New", "Remove", "Reset"];
        verbs.iter().any(|v| v.eq_ignore_ascii_case(verb)) && noun.len() > 2
    });
    if !form {
        return Ok(Found::None);
    }
    if let Some((name, instead)) = NOT_YET.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        return Err(Failure::usage(format!("{name} is not there yet")).hint(*instead));
    }
    let known: Vec<&str> = CMDLETS.iter().map(|c| c.name).collect();
    let near =
        nearest(word, known.iter().copied()).map(|n| format!(" (did you mean {n}?)")).unwrap_or_default();
    Err(Failure::usage(format!("unknown cmdlet `{word}`{near}"))
        .hint(format!("known are {}", known.join(", "))))
}
