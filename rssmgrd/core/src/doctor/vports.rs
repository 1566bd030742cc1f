//! VPorts of network cards: RSS contexts that rssmgrd made, and those that it cannot make any more.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::case::Case;
use super::machine::{Astray, ContextFault, Health, VPortReport};
use super::{Check, Finding, Severity, shortened};

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    found.extend(unsupported(case));
    found.extend(astray(case));
}

/// `VPort 1 (vm7)`.
fn vport(v: &VPortReport) -> String {
    if v.name.is_empty() { format!("VPort {}", v.id) } else { format!("VPort {} ({})", v.id, v.name) }
}

/// Saved with another driver, or another kernel.
fn unsupported(case: &Case<'_>) -> Option<Finding> {
    let capability = case.nic.capability.as_ref().filter(|c| !c.vports.any())?;
    let saved: Vec<&VPortReport> = case.nic.vports.iter().filter(|v| v.saved).collect();
    if saved.is_empty() {
        return None;
    }
    let (name, word, driver) = (&case.nic.name, case.word(), &case.nic.driver);
    let title = format!("{name}: VPorts are saved, and {driver} can have none on this kernel");
    let mut finding = case.finding(Check::VPortsUnsupported, Severity::Warning, title);
    let is =
        |v: &&VPortReport| format!("{} is saved; its packets come to the adapter's own queues", vport(v));
    finding.evidence = shortened(saved.iter().map(is).collect());
    finding.evidence.push(if capability.rss_contexts {
        format!("{driver} has RSS contexts and receive rules, but none by an address that lead to a context, or rssmgrd does not know them")
    } else {
        format!("{driver} shows no RSS contexts with receive rules")
    });
    let delete =
        |v: &&VPortReport| format!("rssctl vport delete {word} {}  # if it is not to come back", v.id);
    finding.remedy = shortened(saved.iter().map(delete).collect());
    Some(finding)
}

/// Where the daemon says itself that something is wrong with the adapter, that is told, and this is a part of it.
fn astray(case: &Case<'_>) -> Option<Finding> {
    if case.nic.daemon.as_ref().is_some_and(|d| d.health != Health::Fine) {
        return None;
    }
    let astray: Vec<(&VPortReport, Astray)> =
        case.nic.vports.iter().filter_map(|v| Some((v, v.astray?))).collect();
    if astray.is_empty() {
        return None;
    }
    let (name, word) = (&case.nic.name, case.word());
    let title = format!("{name}: RSS contexts that rssmgrd made for VPorts are gone or changed");
    let mut finding = case.finding(Check::VPortsAstray, Severity::Warning, title);
    finding.evidence =
        shortened(astray.iter().map(|(v, a)| format!("{}: {}", vport(v), wrong(*a))).collect());
    finding.remedy = if case.machine.daemon {
        alloc::vec![
            format!("rssctl events --adapter {word}  # what rssmgrd did about it"),
            format!("{}  # makes them again", case.plan_anew()),
        ]
    } else {
        alloc::vec!["systemctl start rssmgrd  # makes them again".to_string()]
    };
    Some(finding)
}

fn wrong(a: Astray) -> String {
    let Astray { context, fault, rules: (gone, all) } = a;
    let context = match fault {
        None => format!("RSS context {context} is there"),
        Some(ContextFault::Gone) => return format!("RSS context {context} is gone"),
        Some(ContextFault::Replaced) => {
            return format!(
                "RSS context {context} is somebody else's now: neither its table nor a rule is as written"
            );
        }
        Some(ContextFault::Table) => format!("the table of RSS context {context} is not as written"),
    };
    match gone {
        0 => context,
        _ => format!("{context}, and {gone} of {all} receive rules that lead there are gone"),
    }
}
