//! A TCP transfer goes on while the table changes under it, and nothing of the link is lost.

use super::subject::Subject;
use crate::lab::product::CHANGES_TEST;
use anyhow::{Context as _, Result, ensure};
use std::process::Stdio;
use std::time::Duration;

const INSIDE: &str = "192.0.2.2";
const OUTSIDE: &str = "192.0.2.1";
const PORT: u16 = 5001;

/// How long a change may take on an emulated machine, and what is around them all.
const EACH: Duration = Duration::from_secs(2);
const AROUND: Duration = Duration::from_secs(60);

/// Changes of the table while the transfer goes on; `RSSMGR_LAB_CHANGES` says otherwise. Emulated they take about half a
/// second each: the soak makes [`MANY`].
const CHANGES: u32 = 40;
pub(in crate::lab) const MANY: u32 = 1_000;

/// A transfer into the guest, with its checksum, for as long as the table is changed; addresses, routes and link stay as
/// they are.
pub(super) fn survives(s: &mut Subject<'_>) -> Result<()> {
    let asked = std::env::var("RSSMGR_LAB_CHANGES").ok().and_then(|number| number.parse().ok());
    under(s, asked.unwrap_or(CHANGES))
}

/// As [`survives`], under so many changes.
pub(super) fn under(s: &mut Subject<'_>, changes: u32) -> Result<()> {
    let name = s.card.name;
    s.settled("--profile NUMAStatic")?;
    s.guest.run(&format!(
        "ip address replace {INSIDE}/24 dev {name}; ip route replace 198.51.100.0/24 via {OUTSIDE}"
    ))?;
    s.guest.outside()?.run(&format!("ip address replace {OUTSIDE}/24 dev {name}"))?;
    let before = s.kernel()?;
    let carrier = format!("cat /sys/class/net/{name}/carrier_changes");
    let flaps = s.guest.expect(&carrier)?;

    // The sums of what is sent and of what arrives come from different programs on different machines.
    let receive = s.guest.start(&format!("nc -l -p {PORT} </dev/null | tee /run/arrived | sha256sum"))?;
    s.guest.expect(&format!("until ss -ltn | grep -q ':{PORT} '; do sleep 0.05; done"))?;
    let file =
        |what: &str| std::env::temp_dir().join(format!("rssmgr-lab-{what}-{}-{name}", std::process::id()));
    let (goes_on, sum) = (file("goes-on"), file("sum"));
    std::fs::write(&goes_on, "")?;
    let script = format!(
        "exec 3<>/dev/tcp/{INSIDE}/{PORT}; i=0; while [ -e {} ]; do printf '%65536d' $i; sleep 0.1; i=$((i+1)); done \
         | tee >(cat >&3) | sha256sum >{}",
        goes_on.display(),
        sum.display()
    );
    let mut sender = s.guest.outside()?.command("bash");
    let mut sender =
        sender.args(["-c", &script]).stderr(Stdio::inherit()).spawn().context("cannot run bash")?;
    // By one process: a thousand take long to start. However few processors there are, each of the first two nodes has one.
    let script = format!(
        "export RSSMGR_CHANGES_OF={name} RSSMGR_CHANGES={changes} RSSMGR_CHANGES_QUEUES={} RSSMGR_CHANGES_BETWEEN='0 2' RSSCTL_ADDRESS={}\n\
         {CHANGES_TEST} --nocapture 2>&1; code=$?; stat -c %s /run/arrived; exit $code",
        s.card.queues,
        s.product.address()
    );
    let done = s.guest.run_within(&script, AROUND + EACH * changes);
    std::fs::remove_file(&goes_on)?;
    let (done, ended) = (done?, sender.wait()?);
    let arrived = s.guest.wait(&receive, Duration::from_secs(120))?;
    let sent = std::fs::read_to_string(&sum)?;
    std::fs::remove_file(&sum)?;
    ensure!(done.code == 0, "a change of the table failed: {}", done.stdout.trim());
    ensure!(ended.success(), "the sender failed");
    let word = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
    s.checks.equal("checksum", &word(&arrived.stdout), &word(&sent));
    let bytes: u64 = done.stdout.lines().last().unwrap_or_default().trim().parse()?;
    let told = done.stdout.lines().find(|line| line.contains(" ms each")).unwrap_or_default();
    println!("    {name}: {bytes} bytes arrived during {}", told.trim());
    s.checks.that(told.starts_with(&changes.to_string()), || format!("not all changes: {}", done.stdout));
    s.checks.that(bytes > 0, || "nothing arrived while the table was changed".into());
    s.checks.equal("changes of the carrier", &s.guest.expect(&carrier)?, &flaps);
    let after = s.kernel()?;
    s.checks.equal("addresses and routes", &after.addresses, &before.addresses);
    s.guest.expect(&format!("rm /run/arrived; ip address flush dev {name}")).map(drop)
}
