//! Drivers whose word is not to be taken: what [`crate::driver`] knows of them.

use alloc::format;
use alloc::vec::Vec;

use super::case::Case;
use super::{Check, Finding, Severity, load};
use crate::device::{Device, UserTable};
use crate::driver::{TableFate, Trap, round_robin};
use crate::manager::Verified;

/// Percent of all packets on one queue that make the suspicion strong.
const ALL_PERCENT: u64 = 95;

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    found.extend(may_ignore(case));
}

fn may_ignore(case: &Case<'_>) -> Option<Finding> {
    let driver = case.driver();
    let device = case.nic.device.as_ref().filter(|d| d.enabled)?;
    let verified = case.nic.daemon.as_ref().map(|d| d.verified).unwrap_or_default();
    let settled = matches!(verified, Verified::Traffic | Verified::Refuted);
    if settled || !case.on() || case.used().len() < 2 {
        return None;
    }
    let name = &case.nic.name;
    let title = format!("{name}: the table reads back right, and that proves nothing with {}", driver.name);
    if driver.traps.contains(&Trap::MayIgnoreTable) {
        let busiest = load::shares(case).pop().filter(|s| s.percent >= ALL_PERCENT);
        let severity = if busiest.is_some() { Severity::Warning } else { Severity::Info };
        let mut finding = case.finding(Check::MayIgnoreTable, severity, title);
        finding.evidence.push(format!(
            "some devices behind {} accept every table and send all packets to one queue",
            driver.name
        ));
        finding.evidence.extend(busiest.map(|s| {
            format!("queue {} received {} of {} packets ({} %)", s.queue, s.packets, s.total, s.percent)
        }));
        finding.remedy.push(format!("rssctl verify {}  # under traffic of many flows", case.word()));
        return Some(finding);
    }
    // rssmgrd sends the table again after each change of channels; others do not.
    let paper = [driver.grow.user_table, driver.shrink.user_table].contains(&TableFate::OnPaper);
    if !paper || case.managed() || !is_users(device) {
        return None;
    }
    let mut finding = case.finding(Check::MayIgnoreTable, Severity::Info, title);
    finding.evidence.push(format!(
        "after a change of the number of queues {} shows the old table while the device spreads over all queues",
        driver.name
    ));
    finding.remedy.push(format!("{}  # rssmgrd sends the table again", case.plan_anew()));
    Some(finding)
}

/// Whether somebody wrote the table; where the kernel does not tell, whether it is another than the usual default.
fn is_users(device: &Device) -> bool {
    match device.user_table {
        UserTable::Yes => true,
        UserTable::No => false,
        UserTable::Unknown => {
            let entries = u16::try_from(device.table.len()).unwrap_or(u16::MAX);
            device.table != round_robin(entries, device.channels())
        }
    }
}
