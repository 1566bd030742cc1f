//! e1000e: one queue, nothing of RSS can be changed.

use super::Checks;
use super::ethtool::{self, UNSUPPORTED};
use crate::lab::guest::Guest;
use anyhow::Result;

pub(crate) const NIC: &str = "e1000e0";

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    ethtool::up(guest, NIC)?;
    let key = vec!["aa"; 40].join(":");
    for arguments in [
        format!("-l {NIC}"),
        format!("-L {NIC} combined 1"),
        format!("-x {NIC}"),
        format!("-X {NIC} equal 1"),
        format!("-X {NIC} hkey {key}"),
        format!("-N {NIC} rx-flow-hash udp4 sdfn"),
    ] {
        checks.equal(&arguments, &ethtool::verdict(guest, &arguments)?.as_str(), &UNSUPPORTED);
    }
    for flow in ["tcp4", "udp4"] {
        let readable = ethtool::verdict(guest, &format!("-n {NIC} rx-flow-hash {flow}"))?;
        checks.equal(&format!("fields of {flow}"), &readable.as_str(), &"ok");
    }
    let there = super::interrupts::read(guest)?;
    for name in [format!("{NIC}-rx-0"), format!("{NIC}-tx-0"), NIC.to_owned()] {
        checks.that(there.contains_key(&name), || format!("no interrupt {name}"));
    }
    checks.that(!there.contains_key(&format!("{NIC}-rx-1")), || "a second queue".into());
    Ok(())
}
