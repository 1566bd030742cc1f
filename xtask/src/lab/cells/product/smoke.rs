//! The programs run in the guest: a software NIC is created, set, and shown; it outlives a crash of the daemon.

use crate::lab::cells::Checks;
use crate::lab::guest::Guest;
use crate::lab::product::{Options, Product};
use anyhow::Result;

const NIC: &str = "soft0";

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let mut product = Product::start(guest, Options::default())?;
    product.expect(guest, &format!("softnic create {NIC} --queues 8"))?;
    product.expect(guest, &format!("set {NIC} --queues 2 --profile Closest"))?;
    let before = product.adapter(guest, NIC)?;
    checks.equal("profile", &before["profile"].as_str(), &Some("Closest"));
    checks.equal("processors", &before["processors"].as_array().map(Vec::len), &Some(2));

    let refused = product.rssctl(guest, &format!("set {NIC} --queues 0"))?;
    checks.equal("exit code of a value out of range", &refused.code, &2);
    let missing = product.rssctl(guest, "get nosuch")?;
    checks.equal("exit code of no such adapter", &missing.code, &10);

    product.reload(guest)?;
    product.kill9(guest)?;
    product.restart(guest)?;
    let after = product.adapter(guest, NIC)?;
    checks.equal("profile after a crash", &after["profile"], &before["profile"]);
    checks.equal("processors after a crash", &after["processors"], &before["processors"]);
    product.expect(guest, &format!("softnic delete {NIC}"))?;
    product.stop(guest)
}
