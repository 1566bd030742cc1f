//! Others that set what rssmgrd sets.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::machine::{Machine, NicReport, Sign, SignKind};
use super::{Check, Finding, Severity, word};

pub(super) fn look(machine: &Machine, found: &mut Vec<Finding>) {
    for sign in &machine.signs {
        match &sign.kind {
            SignKind::Irqbalance { banned, rest, unasked } => {
                found.extend(irqbalance(machine, sign, banned, rest, unasked.as_deref()));
            }
            _ => found.extend(other(machine, sign)),
        }
    }
}

/// Who must give way depends on whether rssmgrd manages the adapter; as long as it does not, there is no conflict.
fn severity(nics: &[&NicReport]) -> Severity {
    let managed = |n: &&NicReport| n.daemon.as_ref().is_some_and(|d| d.managed);
    if nics.iter().any(managed) { Severity::Warning } else { Severity::Info }
}

fn irqbalance(
    machine: &Machine,
    sign: &Sign,
    banned: &[u32],
    rest: &[String],
    unasked: Option<&str>,
) -> Option<Finding> {
    let free = |n: &NicReport| -> Vec<u32> {
        n.queues.iter().filter_map(|q| q.irq).filter(|irq| !banned.contains(irq)).collect()
    };
    let touched: Vec<(&NicReport, Vec<u32>)> =
        machine.nics.iter().map(|n| (n, free(n))).filter(|(_, irqs)| !irqs.is_empty()).collect();
    let nics: Vec<&NicReport> = touched.iter().map(|(n, _)| *n).collect();
    // A daemon that runs has told it, and complains itself where it could not.
    let severity = if machine.daemon && unasked.is_some() { Severity::Info } else { severity(&nics) };
    if nics.is_empty() {
        return None;
    }
    let mut evidence = alloc::vec![format!("{}: {}", sign.place, sign.text)];
    let list = |irqs: &[u32]| irqs.iter().map(|i| format!("{i}")).collect::<Vec<_>>().join(", ");
    evidence.extend(touched.iter().map(|(n, irqs)| {
        format!("{}: interrupts {} of its queues are not kept from irqbalance", n.name, list(irqs))
    }));
    evidence.extend(unasked.map(|why| format!("what it was told at run time is not known: {why}")));
    let all: BTreeSet<u32> = touched.iter().flat_map(|(_, irqs)| irqs).chain(banned).copied().collect();
    let bans: Vec<String> = all.iter().map(|irq| format!("--banirq={irq}")).collect();
    Some(Finding {
        check: Check::Irqbalance,
        severity,
        adapter: None,
        title: format!("irqbalance runs and may move the interrupts of {} adapters", touched.len()),
        evidence,
        remedy: alloc::vec![
            "systemctl disable --now irqbalance  # if nothing else here needs it".into(),
            ban(rest, &bans),
        ],
    })
}

/// How irqbalance is told for good. The last line of its settings is the only one that counts: so it says again what is
/// banned already, and whatever else irqbalance runs with.
fn ban(rest: &[String], bans: &[String]) -> String {
    let note = "/etc/sysconfig/irqbalance on Fedora and SUSE; numbers change when a driver is loaded anew";
    let plain = |a: &String| a.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=./,:+@".contains(&b));
    if rest.iter().all(plain) {
        let all: Vec<&str> = rest.iter().chain(bans).map(String::as_str).collect();
        let all = all.join(" ");
        return format!(
            "echo 'IRQBALANCE_ARGS=\"{all}\"' >> /etc/default/irqbalance && systemctl restart irqbalance  # {note}"
        );
    }
    // Two rules of quoting, one within the other: whoever wrote them knows better.
    let bans = bans.join(" ");
    format!("${{EDITOR:-vi}} /etc/default/irqbalance  # IRQBALANCE_ARGS is to have {bans}; {note}")
}

fn other(machine: &Machine, sign: &Sign) -> Option<Finding> {
    let named = |n: &&NicReport| sign.adapters.as_ref().is_none_or(|list| list.contains(&n.name));
    let nics: Vec<&NicReport> = machine.nics.iter().filter(named).collect();
    if nics.is_empty() {
        return None;
    }
    let line = sign.line.map(|l| format!(":{l}")).unwrap_or_default();
    let edit = || {
        let at = sign.line.map(|l| format!("+{l} ")).unwrap_or_default();
        format!("${{EDITOR:-vi}} {at}{}  # take out: {}", word(&sign.place), sign.text)
    };
    let (who, remedy) = match &sign.kind {
        SignKind::Irqbalance { .. } => return None,
        SignKind::Tuned => (
            "the active profile of tuned",
            alloc::vec![edit(), "tuned-adm active  # which profile that is".into()],
        ),
        SignKind::NetworkManager { connection, key } => (
            "a connection of NetworkManager",
            alloc::vec![format!("nmcli connection modify {} ethtool.{} ''", word(connection), word(key))],
        ),
        SignKind::SystemdLink => ("a systemd.link file", alloc::vec![edit()]),
        SignKind::Script { unit: Some(unit) } => {
            ("a unit", alloc::vec![format!("systemctl disable --now {}", word(unit))])
        }
        SignKind::Script { unit: None } => ("a script", alloc::vec![edit()]),
    };
    let names: Vec<&str> = nics.iter().map(|n| n.name.as_str()).collect();
    let whom = match &sign.adapters {
        Some(_) => names.join(", "),
        None => "any adapter".into(),
    };
    Some(Finding {
        check: Check::OtherManager,
        severity: severity(&nics),
        adapter: sign.adapters.as_ref().and(match nics.as_slice() {
            [one] => Some(one.name.clone()),
            _ => None,
        }),
        title: format!("{who} sets what rssmgrd sets, for {whom}"),
        evidence: alloc::vec![format!("{}{line}: {}", sign.place, sign.text)],
        remedy,
    })
}
