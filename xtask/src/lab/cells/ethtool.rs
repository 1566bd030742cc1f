//! The guest's ethtool program, read back: the view of a card that does not come from the product.

use crate::lab::guest::Guest;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;

/// What `ethtool -l` says of combined channels: the most there can be, and now.
pub(crate) fn channels(guest: &mut Guest, nic: &str) -> Result<(u32, u32)> {
    let text = guest.expect(&format!("ethtool -l {nic}"))?;
    parse_channels(&text).with_context(|| format!("no channels in {text}"))
}

pub(super) fn parse_channels(text: &str) -> Option<(u32, u32)> {
    let combined = text.lines().filter_map(|line| line.strip_prefix("Combined:")?.trim().parse().ok());
    let combined: Vec<u32> = combined.collect();
    let [max, now] = combined.try_into().ok()?;
    Some((max, now))
}

/// What `ethtool -x` says.
pub(crate) struct Rss {
    pub(crate) table: Vec<u32>,
    /// In hexadecimal with colons, where the driver shows it.
    pub(crate) key: Option<String>,
}

pub(crate) fn rss(guest: &mut Guest, nic: &str) -> Result<Rss> {
    let text = guest.expect(&format!("ethtool -x {nic}"))?;
    Ok(parse_rss(&text))
}

pub(super) fn parse_rss(text: &str) -> Rss {
    let (table, rest) = text.split_once("RSS hash key:").unwrap_or((text, ""));
    let rows = table.lines().filter_map(|line| line.split_once(": "));
    let rows = rows.filter(|(start, _)| start.trim().parse::<u32>().is_ok());
    let table = rows.flat_map(|(_, row)| row.split_whitespace().filter_map(|n| n.parse().ok())).collect();
    let key = rest.lines().map(str::trim).find(|line| !line.is_empty());
    Rss { table, key: key.filter(|key| key.contains(':')).map(str::to_owned) }
}

/// The hash fields of a flow type as letters of `ethtool -N`, such as `sdfn`.
pub(crate) fn fields(guest: &mut Guest, nic: &str, flow: &str) -> Result<String> {
    Ok(fields_of(&guest.expect(&format!("ethtool -n {nic} rx-flow-hash {flow}"))?))
}

pub(super) fn fields_of(text: &str) -> String {
    let letters = text.lines().filter_map(|line| match line.trim() {
        "IP SA" => Some('s'),
        "IP DA" => Some('d'),
        line if line.starts_with("L4 bytes 0 & 1") => Some('f'),
        line if line.starts_with("L4 bytes 2 & 3") => Some('n'),
        _ => None,
    });
    letters.collect()
}

/// How a command ended: `ok`, or the reason that ethtool prints.
pub(crate) fn verdict(guest: &mut Guest, arguments: &str) -> Result<String> {
    let output = guest.run(&format!("ethtool {arguments}"))?;
    // `ethtool -N` says why it failed and exits with 0 all the same.
    if output.code == 0 && !output.stderr.contains("Cannot") {
        return Ok("ok".into());
    }
    let reason = output.stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    Ok(reason.rsplit(": ").next().unwrap_or_default().trim().to_owned())
}

/// `ethtool -S`, the numbers by their names.
pub(crate) fn statistics(guest: &mut Guest, nic: &str) -> Result<BTreeMap<String, u64>> {
    let text = guest.expect(&format!("ethtool -S {nic}"))?;
    let rows = text.lines().filter_map(|line| line.rsplit_once(": "));
    Ok(rows.filter_map(|(name, n)| Some((name.trim().to_owned(), n.trim().parse().ok()?))).collect())
}

/// Takes the interface up and waits for its link.
pub(crate) fn up(guest: &mut Guest, nic: &str) -> Result<()> {
    let script = format!(
        "ip link set {nic} up; until [ \"$(cat /sys/class/net/{nic}/carrier)\" = 1 ]; do sleep 0.02; done"
    );
    guest.expect(&script).map(drop)
}

pub(crate) const UNSUPPORTED: &str = "Operation not supported";
pub(crate) const INVALID: &str = "Invalid argument";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tables_and_keys() {
        let with = "RX flow hash indirection table for x with 4 RX ring(s):\n    0:      0     1\n    8:      2    13\n\
                    RSS hash key:\n0a:1b\nRSS hash function:\n    toeplitz: on\n";
        let rss = parse_rss(with);
        assert_eq!((rss.table, rss.key.as_deref()), (vec![0, 1, 2, 13], Some("0a:1b")));
        let without = with.replace("0a:1b", "Operation not supported");
        assert_eq!(parse_rss(&without).key, None);
    }
}
