//! A TCP transfer goes on while the table changes under it, and nothing of the link is lost.

use super::subject::Subject;
use anyhow::{Context as _, Result, ensure};
use std::process::Stdio;
use std::time::Duration;

const INSIDE: &str = "192.0.2.2";
const OUTSIDE: &str = "192.0.2.1";
const PORT: u16 = 5001;

/// Bytes of the transfer: what an emulated machine takes in while some table changes go by.
const MEGABYTES: u32 = 192;

/// At least this many changes have to be over before the transfer is.
const CHANGES: usize = 8;

/// A transfer into the guest, with its checksum; addresses, routes and link as before.
pub(super) fn survives(s: &mut Subject<'_>) -> Result<()> {
    let name = s.card.name;
    s.settled("--profile NUMAStatic")?;
    s.guest.run(&format!(
        "ip address replace {INSIDE}/24 dev {name}; ip route replace 198.51.100.0/24 via {OUTSIDE}"
    ))?;
    s.guest.outside()?.run(&format!("ip address replace {OUTSIDE}/24 dev {name}"))?;
    let before = s.kernel()?;
    let carrier = format!("cat /sys/class/net/{name}/carrier_changes");
    let changes = s.guest.expect(&carrier)?;

    // The sums of what is sent and of what arrives come from different programs on different machines.
    let receive = s.guest.start(&format!("nc -l -p {PORT} </dev/null | sha256sum"))?;
    s.guest.expect(&format!("until ss -ltn | grep -q ':{PORT} '; do sleep 0.05; done"))?;
    let sum = std::env::temp_dir().join(format!("rssmgr-lab-sum-{}-{}", std::process::id(), name));
    let script = format!(
        "data() {{ i=0; while [ $i -lt {MEGABYTES} ]; do printf '%1048576d' $i; sleep $1; i=$((i+1)); done; }}; \
         data 0 | sha256sum >{}; exec 3<>/dev/tcp/{INSIDE}/{PORT}; data 0.1 >&3",
        sum.display()
    );
    let mut sender = s.guest.outside()?.command("bash");
    let mut sender =
        sender.args(["-c", &script]).stderr(Stdio::inherit()).spawn().context("cannot run bash")?;
    let mut done = 0;
    while sender.try_wait()?.is_none() {
        let count = 1 + done % usize::try_from(s.card.queues)?;
        s.settled(&format!("--max-processors {count}"))?;
        done += 1;
    }
    let arrived = s.guest.wait(&receive, Duration::from_secs(120))?;
    let sent = std::fs::read_to_string(&sum)?;
    std::fs::remove_file(&sum)?;
    ensure!(sender.wait()?.success(), "the sender failed");
    let word = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
    s.checks.equal("checksum", &word(&arrived.stdout), &word(&sent));
    s.checks
        .that(done >= CHANGES, || format!("only {done} changes of the table in the time of the transfer"));
    s.checks.equal("changes of the carrier", &s.guest.expect(&carrier)?, &changes);
    let after = s.kernel()?;
    s.checks.equal("addresses and routes", &after.addresses, &before.addresses);
    s.guest.expect(&format!("ip address flush dev {name}")).map(drop)
}
