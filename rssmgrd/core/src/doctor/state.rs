//! What the daemon itself complains of, and settings that cannot be had.

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use super::case::Case;
use super::machine::{Health, Machine};
use super::{Check, Finding, Severity};

/// Settings were saved for these adapters, and nobody keeps them in force.
pub(super) fn look_at_all(machine: &Machine, found: &mut Vec<Finding>) {
    if machine.daemon || machine.unattended.is_empty() {
        return;
    }
    found.push(Finding {
        check: Check::DaemonGone,
        severity: Severity::Warning,
        adapter: None,
        title: "rssmgrd does not answer, although it was told to manage adapters".into(),
        evidence: alloc::vec![format!("saved settings manage {}", machine.unattended.join(", "))],
        remedy: alloc::vec![
            "systemctl start rssmgrd".into(),
            "journalctl --unit rssmgrd --lines 50  # why it ended".into(),
        ],
    });
}

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    found.extend(health(case));
    found.extend(cannot_place(case));
}

fn health(case: &Case<'_>) -> Option<Finding> {
    let view = case.nic.daemon.as_ref()?;
    let name = &case.nic.name;
    let word = case.word();
    let (check, severity, title, remedy) = match view.health {
        Health::Fine => return None,
        Health::Degraded => (
            Check::Degraded,
            Severity::Error,
            format!(
                "{name}: a change failed and could not be undone; rssmgrd changes nothing by itself any more"
            ),
            alloc::vec![
                format!("rssctl get {word}  # what is in force"),
                format!("{}  # tries again", case.plan_anew()),
            ],
        ),
        Health::Stuck => (
            Check::Stuck,
            Severity::Error,
            format!("{name}: the driver {} does not answer", case.nic.driver),
            alloc::vec!["dmesg --level=err,warn | tail -50  # the driver's own words".into()],
        ),
        Health::Contested => (
            Check::Contested,
            Severity::Warning,
            format!("{name}: somebody else keeps changing what rssmgrd set, so rssmgrd has stopped"),
            alloc::vec![
                format!("rssctl events --adapter {word}  # when and what"),
                format!("{}  # once the other one is stopped", case.plan_anew()),
            ],
        ),
        Health::Drifted => (
            Check::Drifted,
            Severity::Warning,
            format!("{name}: somebody changed what rssmgrd set"),
            alloc::vec![
                format!("rssctl events --adapter {word}  # when and what"),
                format!("{}  # sets it again", case.plan_anew()),
            ],
        ),
        Health::Pending => (
            Check::Pending,
            Severity::Info,
            format!("{name}: steps that would disturb traffic wait"),
            alloc::vec![format!("rssctl restart {word} --what-if  # which; then without --what-if")],
        ),
        Health::Away => (
            Check::Away,
            Severity::Warning,
            format!("{name}: the adapter is managed and not there"),
            alloc::vec![
                "ip -details link show  # is it there under another name, or in another namespace".into(),
                format!("rssctl reset {word}  # if it will not come back"),
            ],
        ),
    };
    let mut finding = case.finding(check, severity, title);
    finding.evidence.extend(view.reason.as_ref().map(|r| format!("rssmgrd says: {r}")));
    if finding.evidence.is_empty() {
        finding.evidence.push("rssmgrd says so".into());
    }
    finding.remedy = remedy;
    Some(finding)
}

fn cannot_place(case: &Case<'_>) -> Option<Finding> {
    let error = case.target.err().filter(|_| case.managed())?;
    let title = format!("{}: its settings ask for something that this machine does not have", case.nic.name);
    let mut finding = case.finding(Check::CannotPlace, Severity::Warning, title);
    finding.evidence.push(error.to_string());
    finding.remedy.push(format!("rssctl why {}", case.word()));
    finding.remedy.push(format!("rssctl reset {}  # drops what was saved for it", case.word()));
    Some(finding)
}
