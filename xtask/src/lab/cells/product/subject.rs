//! A card under test, with the daemon that manages it.

use super::card::Card;
use super::kernel::{Cpus, Kernel};
use crate::lab::cells::{Checks, ethtool};
use crate::lab::guest::{Guest, Output, cpu_list};
use crate::lab::product::{Options, Product};
use anyhow::{Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long what the daemon does by itself may take on an emulated machine. No test asserts how fast it is: the bench
/// prints that.
const PATIENCE: Duration = Duration::from_secs(40);

pub(super) struct Subject<'a> {
    pub(super) guest: &'a mut Guest,
    pub(super) checks: &'a mut Checks,
    pub(super) product: Product,
    pub(super) card: &'static Card,
}

impl<'a> Subject<'a> {
    /// The card as after boot and up, and a daemon that has never seen it.
    pub(super) fn new(guest: &'a mut Guest, checks: &'a mut Checks, card: &'static Card) -> Result<Self> {
        Product::end_all(guest)?;
        as_after_boot(guest, card)?;
        let product = Product::fresh(guest, Options::default())?;
        Ok(Self { guest, checks, product, card })
    }

    /// `rssctl VERB NAME ARGUMENTS`, whatever comes of it.
    pub(super) fn rssctl(&mut self, verb: &str, arguments: &str) -> Result<Output> {
        self.product.rssctl(self.guest, &named(verb, self.card.name, arguments))
    }

    /// `rssctl VERB NAME ARGUMENTS`, which must succeed; what it printed.
    pub(super) fn must(&mut self, verb: &str, arguments: &str) -> Result<String> {
        self.product.expect(self.guest, &named(verb, self.card.name, arguments))
    }

    /// As [`Subject::must`], as JSON.
    pub(super) fn json(&mut self, verb: &str, arguments: &str) -> Result<Value> {
        self.product.json(self.guest, &named(verb, self.card.name, arguments))
    }

    /// A setting that is allowed whatever impact the driver needs for it.
    pub(super) fn set(&mut self, arguments: &str) -> Result<Output> {
        self.rssctl("set", &format!("{arguments} {}", self.card.allow()))
    }

    /// As [`Subject::set`], which must succeed.
    pub(super) fn settled(&mut self, arguments: &str) -> Result<()> {
        let output = self.set(arguments)?;
        if output.code != 0 {
            let log = self.product.log(self.guest)?;
            bail!("`set {arguments}` ended with {}: {}\n{log}", output.code, output.stderr.trim());
        }
        Ok(())
    }

    /// What `rssctl get` says.
    pub(super) fn says(&mut self) -> Result<Value> {
        self.product.adapter(self.guest, self.card.name)
    }

    /// What the kernel says.
    pub(super) fn kernel(&mut self) -> Result<Kernel> {
        Kernel::read(self.guest, self.card.name)
    }

    /// What product and kernel say is the same.
    pub(super) fn agree(&mut self, when: &str) -> Result<(Value, Kernel)> {
        let (says, kernel) = (self.says()?, self.kernel()?);
        let differences = disagreements(&says, &kernel);
        self.checks.that(differences.is_empty(), || {
            format!("{when}: product and kernel disagree: {}", differences.join("; "))
        });
        Ok((says, kernel))
    }

    /// Waits for a state, and tells the last difference where it does not come.
    pub(super) fn until(
        &mut self,
        what: &str,
        mut differs: impl FnMut(&Value, &Kernel) -> Option<String>,
    ) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        let last = loop {
            // One that has just got its name may not be known by it yet.
            let difference = match self.says() {
                Ok(says) => differs(&says, &self.kernel()?),
                Err(error) => Some(format!("{error:#}")),
            };
            let Some(difference) = difference else { break None };
            if Instant::now() > end {
                break Some(difference);
            }
        };
        if let Some(last) = last {
            let state = self
                .says()
                .map(|says| format!("{} {}", says["state"], says["state_reason"]))
                .unwrap_or_default();
            let log = self.product.log(self.guest)?;
            self.checks.that(false, || format!("{what}: {last}; the daemon says {state}, its log:\n{log}"));
        } else {
            self.checks.that(true, String::new);
        }
        Ok(())
    }

    /// Waits until product and kernel are as asked, and agree.
    pub(super) fn until_in_force(&mut self, what: &str, cpus: &[u32]) -> Result<()> {
        let wanted = cpus.to_vec();
        self.until(what, move |says, kernel| {
            let mut differences = disagreements(says, kernel);
            differences.extend(not_in_force(kernel, &wanted));
            (!differences.is_empty()).then(|| differences.join("; "))
        })
    }

    /// The events since a place in their order, by name; and the next place.
    pub(super) fn events(&mut self, after: u64) -> Result<(Vec<String>, u64)> {
        let text =
            self.product.expect(self.guest, &format!("events --adapter {} -o jsonl", self.card.name))?;
        let mut names = Vec::new();
        let mut last = after;
        for line in text.lines() {
            let event: Value = serde_json::from_str(line)?;
            let seq = event["seq"].as_u64().unwrap_or_default();
            if seq > after {
                names.push(event["name"].as_str().unwrap_or_default().to_owned());
                last = last.max(seq);
            }
        }
        Ok((names, last))
    }

    pub(super) fn online(&mut self) -> Result<Cpus> {
        Ok(cpu_list(&self.guest.expect("cat /sys/devices/system/cpu/online")?))
    }
}

/// Takes back by hand what an earlier test left behind. Drivers give affinity back when their channels change.
pub(super) fn as_after_boot(guest: &mut Guest, card: &Card) -> Result<()> {
    let Card { name, queues, .. } = card;
    let mut script = format!("exec 2>/dev/null; ethtool -X {name} default\n");
    if card.channels.is_some() {
        script += &format!(
            "ethtool -L {name} combined 1; ethtool -L {name} combined {queues}; ethtool -X {name} default\n"
        );
    } else {
        script += &format!(
            "for i in /sys/class/net/{name}/device/msi_irqs/*; do cat /proc/irq/default_smp_affinity >/proc/irq/${{i##*/}}/smp_affinity; done\n"
        );
    }
    for flow in card.fields {
        let fields = if card.key || flow.starts_with("tcp") { "sdfn" } else { "sd" };
        script += &format!("ethtool -N {name} rx-flow-hash {flow} {fields}\n");
    }
    script += &format!(
        "for f in /sys/class/net/{name}/queues/*/rps_cpus \
                       /sys/class/net/{name}/queues/*/xps_rxqs; do echo 0 >$f; done\n:"
    );
    guest.expect(&script)?;
    ethtool::up(guest, name)
}

/// `VERB NAME ARGUMENTS`.
fn named(verb: &str, name: &str, arguments: &str) -> String {
    format!("{verb} {name} {arguments}")
}

/// The CPU numbers of `processors`.
pub(super) fn processors(says: &Value) -> Vec<u32> {
    let list = says["processors"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|p| u32::try_from(p["cpu"].as_u64()?).ok()).collect()
}

/// A table by what repeats in it.
pub(super) fn short<T: PartialEq + Copy + std::fmt::Display>(table: &[T]) -> String {
    let period = (1..=table.len()).find(|period| table[*period..].iter().zip(table).all(|(a, b)| a == b));
    let period = period.unwrap_or_default();
    let list: Vec<String> = table[..period].iter().map(T::to_string).collect();
    format!("{} ... ({} entries)", list.join(" "), table.len())
}

fn numbers(of: &Value, key: &str) -> Vec<u64> {
    let list = of.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|item| item[key].as_u64()).collect()
}

/// Where `rssctl get` and the kernel differ.
pub(super) fn disagreements(says: &Value, kernel: &Kernel) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, says: String, kernel: String| {
        if says != kernel {
            found.push(format!("{what}: {says}, the kernel says {kernel}"));
        }
    };
    let table: Vec<u64> = numbers(&says["indirection_table"], "queue");
    let kernels: Vec<u64> = kernel.table.iter().copied().map(u64::from).collect();
    if says["enabled"] == true {
        differ("table", short(&table), short(&kernels));
    } else {
        differ("entries while disabled", table.len().to_string(), kernels.len().to_string());
        differ("table while disabled", short(&vec![0; table.len()]), short(&kernels));
    }
    let queues = says["queues"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some((_, now)) = kernel.channels {
        differ("queues", queues.len().to_string(), now.to_string());
    }
    for (number, queue) in (0..).zip(queues) {
        let Some(vector) = kernel.vector(number) else { continue };
        if let Some(cpu) = queue["cpu"].as_u64().and_then(|cpu| u32::try_from(cpu).ok()) {
            differ(
                &format!("CPU of queue {number}"),
                format!("{:?}", BTreeSet::from([cpu])),
                format!("{:?}", vector.cpus),
            );
        } else if vector.cpus.len() == 1 {
            differ(&format!("CPU of queue {number}"), "none".into(), format!("{:?}", vector.cpus));
        }
    }
    let types = says["hash_types"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (flow, name) in
        [("tcp4", "tcp_ipv4"), ("udp4", "udp_ipv4"), ("tcp6", "tcp_ipv6"), ("udp6", "udp_ipv6")]
    {
        if let Some(fields) = kernel.fields.get(flow).filter(|_| !kernel.table.is_empty()) {
            differ(name, types.iter().any(|t| t == name).to_string(), (fields == "sdfn").to_string());
        }
    }
    if let Some(key) = &kernel.key {
        differ("key bytes", says["hash_key_size"].to_string(), key.split(':').count().to_string());
    }
    found
}

/// What is missing for these processors to be in force: queue i on processor i, entries in turn.
pub(super) fn not_in_force(kernel: &Kernel, cpus: &[u32]) -> Vec<String> {
    let mut missing = Vec::new();
    for (queue, cpu) in (0..).zip(cpus) {
        let there = kernel.vector(queue).map(|vector| vector.cpus.clone());
        if there != Some(BTreeSet::from([*cpu])) {
            missing.push(format!("queue {queue} is on {there:?}, not on {cpu}"));
        }
    }
    let count = u32::try_from(cpus.len()).unwrap_or(u32::MAX).max(1);
    let wanted: Vec<u32> = (0..).take(kernel.table.len()).map(|entry: u32| entry % count).collect();
    if kernel.table != wanted {
        missing.push(format!("table {} is not that of {count} queues", short(&kernel.table)));
    }
    missing
}
