//! What `rssctl get` says equals what the kernel says, before and after each of a pairwise table of changes; and both
//! are what the documented rules give.

use super::card::Ask;
use super::kernel;
use super::pairwise;
use super::subject::{Subject, not_in_force, processors};
use anyhow::Result;
use std::collections::BTreeSet;

const PROFILES: [&str; 5] = ["NUMAStatic", "ClosestStatic", "Closest", "NUMA", "Conservative"];
const BASES: [Option<u32>; 3] = [None, Some(2), Some(3)];
const MAXIMA: [Option<u32>; 3] = [None, Some(6), Some(5)];
const KEYS: [&str; 4] = ["keep", HEX, "symmetric", "random"];
/// With ports for UDP and without.
const TYPES: [&str; 2] = ["ipv4,tcp_ipv4,udp_ipv4,ipv6,tcp_ipv6,udp_ipv6", "ipv4,tcp_ipv4,ipv6,tcp_ipv6"];

/// A key, in the form in which `ethtool` shows it once the colons are in.
const HEX: &str = "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa";

/// Every pair of profile, base, maximum, queues, key and hash types that the card can have. What is planned does not
/// depend on the kernel, and what a row takes does: each of the three kernels has a third of the rows.
pub(super) fn every_pair(s: &mut Subject<'_>) -> Result<()> {
    let card = s.card;
    s.agree("observed")?;
    let most = usize::try_from(card.queues)?;
    let optional = |there: bool, of: usize| if there { of } else { 1 };
    let sizes = [
        PROFILES.len(),
        BASES.len(),
        MAXIMA.len(),
        most,
        optional(card.key, KEYS.len()),
        optional(!card.fields.is_empty(), TYPES.len()),
    ];
    let online = s.online()?;
    let turn = kernel::turn(s.guest)?;
    for row in pairwise::table(&sizes).into_iter().skip(turn).step_by(kernel::TURNS) {
        let (profile, base, max) = (PROFILES[row[0]], BASES[row[1]], MAXIMA[row[2]]);
        let queues = u32::try_from(row[3] + 1)?;
        let auto = |cpu: Option<u32>| cpu.map_or("auto".to_owned(), |cpu| cpu.to_string());
        let mut arguments = format!(
            "--profile {profile} --base-processor {} --max-processor {} --queues {queues}",
            auto(base),
            auto(max)
        );
        if card.key {
            arguments += &format!(" --hash-key {}", KEYS[row[4]]);
        }
        if !card.fields.is_empty() {
            arguments += &format!(" --hash-types {}", TYPES[row[5]]);
        }
        let output = s.set(&arguments)?;
        s.checks.that(output.code == 0, || format!("{arguments}: {} {}", output.code, output.stderr.trim()));
        let (says, kernel) = s.agree(&arguments)?;

        // Without a table the kernel spreads in software, over as many processors as there are.
        let count = if card.entries == 0 { u32::try_from(online.len())? } else { queues };
        let expected = Ask { profile, base, max, count }.processors(card.node, &online);
        s.checks.equal(&format!("{arguments}: processors"), &processors(&says), &expected);
        let homes = &expected[..expected.len().min(usize::try_from(queues)?)];
        let missing = not_in_force(&kernel, homes);
        s.checks.that(missing.is_empty(), || format!("{arguments}: {}", missing.join("; ")));
        if card.entries == 0 {
            let spread: BTreeSet<u32> = expected.iter().copied().filter(|_| expected.len() > 1).collect();
            s.checks.equal(&format!("{arguments}: rps_cpus"), &kernel.rps.first(), &Some(&spread));
        }
        if card.channels.is_some() {
            s.checks.equal(&format!("{arguments}: channels"), &kernel.channels, &Some((card.queues, queues)));
        }
        if card.key && KEYS[row[4]] == HEX {
            let key = kernel.key.unwrap_or_default().replace(':', "");
            s.checks.equal(&format!("{arguments}: key"), &key.as_str(), &HEX);
        }
        for flow in card.fields.iter().filter(|flow| flow.starts_with("udp")) {
            let wanted = if row[5] == 0 { "sdfn" } else { "sd" };
            let there = kernel.fields.get(flow).map(String::as_str);
            s.checks.equal(&format!("{arguments}: fields of {flow}"), &there, &Some(wanted));
        }
    }
    s.must("release", "--allow link").map(drop)
}

/// What the driver cannot do has exit code 5 and the driver's name, and changes nothing.
pub(super) fn unsupported(s: &mut Subject<'_>) -> Result<()> {
    let card = s.card;
    let mut cases = Vec::new();
    if !card.key {
        cases.push(format!("--hash-key {HEX}"));
    }
    if card.fields.is_empty() {
        cases.push(format!("--hash-types {}", TYPES[0]));
    }
    if card.queues == 1 {
        cases.push("--xps rxqs".to_owned());
    }
    for arguments in cases {
        let before = s.kernel()?;
        let output = s.set(&arguments)?;
        s.checks.equal(&format!("{arguments}: exit code"), &output.code, &5);
        let named = output.stderr.contains("driver") || output.stderr.contains(card.driver);
        s.checks.that(named, || format!("{arguments}: no reason: {}", output.stderr.trim()));
        let differences = before.differences(&s.kernel()?);
        s.checks.that(differences.is_empty(), || format!("{arguments}: {}", differences.join("; ")));
    }
    Ok(())
}
