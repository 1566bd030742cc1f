//! `rssctl doctor` reads real drivers, without a daemon and beside one.

use crate::lab::cells::{Checks, e1000e, ethtool, igb, virtio_net, vmxnet3};
use crate::lab::guest::{Guest, Output};
use crate::lab::product::{Options, Product};
use anyhow::{Context as _, Result};
use serde_json::Value;

const NICS: [&str; 4] = [virtio_net::NIC, igb::NIC, e1000e::NIC, vmxnet3::NIC];

/// What a driver shows as it comes: check, adapter, severity; `None` where nothing may be found.
const AS_THEY_COME: [(&str, &str, Option<&str>); 7] = [
    ("udp-addresses-only", igb::NIC, Some("info")),
    ("udp-addresses-only", virtio_net::NIC, None),
    ("may-ignore-table", vmxnet3::NIC, Some("info")),
    ("may-ignore-table", igb::NIC, None),
    ("needs-rps", e1000e::NIC, Some("info")),
    ("needs-rps", virtio_net::NIC, None),
    ("queues-share-cpu", virtio_net::NIC, None),
];

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    for nic in NICS {
        ethtool::up(guest, nic)?;
    }
    let found = examine(&guest.run("exec rssctl doctor --interval 100ms -o json")?)?;
    for nic in NICS {
        let seen = found.document["adapters"].as_array().is_some_and(|all| all.iter().any(|n| n == nic));
        checks.that(seen, || format!("{nic} is not among those examined"));
    }
    checks.equal("what could not be read", &found.document["not_checked"], &Value::Array(Vec::new()));
    for (check, nic, severity) in AS_THEY_COME {
        checks.equal(&format!("{check} of {nic}"), &found.severity(check, nic), &severity);
    }

    // All queues of one card to one processor, and back.
    let pin = |to: &str| {
        format!(
            "for i in /sys/class/net/{0}/device/msi_irqs/*; do i=${{i##*/}}; \
             ls /proc/irq/$i | grep -q {0}-TxRx- && echo {to} >/proc/irq/$i/smp_affinity_list; done; :",
            igb::NIC
        )
    };
    guest.expect(&pin("3"))?;
    let found = examine(&guest.run("exec rssctl doctor --interval 0s -o json")?)?;
    checks.equal("queues on one processor", &found.severity("queues-share-cpu", igb::NIC), &Some("error"));
    checks.equal("exit code", &found.code, &21);
    // Processor 3 is on node 1, where the card is.
    checks.equal("node of processor 3", &found.severity("off-node", igb::NIC), &None);
    guest.expect(&pin("6"))?;
    let found = examine(&guest.run("exec rssctl doctor --interval 0s -o json")?)?;
    checks.equal("processors of another node", &found.severity("off-node", igb::NIC), &Some("warning"));
    guest.expect(&pin("0-7"))?;

    let mut product = Product::start(guest, Options::default())?;
    let beside = examine(&product.rssctl(guest, "doctor --interval 0s -o json")?)?;
    checks.equal("the daemon's view", &beside.document["daemon"], &true.into());
    product.stop(guest)
}

struct Found {
    code: u8,
    document: Value,
}

impl Found {
    /// How bad a finding is; `None` when it was not found.
    fn severity(&self, check: &str, nic: &str) -> Option<&str> {
        let all = self.document["findings"].as_array()?;
        all.iter().find(|f| f["check"] == check && f["adapter"] == nic)?["severity"].as_str()
    }
}

fn examine(said: &Output) -> Result<Found> {
    let document = serde_json::from_str(&said.stdout)
        .with_context(|| format!("`rssctl doctor` printed {} {}", said.stdout, said.stderr))?;
    Ok(Found { code: said.code, document })
}
