//! What each driver does on each kernel: the ground that tests of the product stand on. One cell is one driver on one
//! kernel.

mod e1000e;
mod ethtool;
mod igb;
mod interrupts;
mod machine;
pub(crate) mod product;
mod service;
mod virtio_net;
mod vmxnet3;

pub(super) use product::{seed_of_now, sequence_lines};

use super::frames::Flow;
use super::guest::Guest;
use super::machine::{Model, Nic};
use anyhow::{Result, ensure};
use std::fmt::Debug;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What a cell found.
pub(crate) struct Cell {
    pub(crate) name: String,
    pub(crate) checks: usize,
    pub(crate) failures: Vec<String>,
    pub(crate) took: Duration,
}

/// How many failures of a part are told as soon as it is over.
const TOLD_AT_ONCE: usize = 3;

/// Collects what is not as expected, so that one run shows all of it.
#[derive(Default)]
pub(crate) struct Checks {
    count: usize,
    failures: Vec<String>,
    /// The cell's name, for what is told on the way.
    name: String,
}

impl Checks {
    /// Does a part of a cell. A part that cannot go on is a failed one, and the next one is done.
    fn part(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<()>) {
        // Its failure tells why.
        let _ = self.needed(name, work);
    }

    /// As [`Checks::part`], for what the next ones build on: nothing comes of one that could not go on.
    fn needed<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<T>) -> Option<T> {
        let (started, count, failures) = (Instant::now(), self.count, self.failures.len());
        let outcome = work(self).map_err(|error| self.failures.push(format!("stopped: {error:#}"))).ok();
        for failure in &mut self.failures[failures..] {
            failure.insert_str(0, &format!("{name}: "));
        }
        let verdict = if self.failures.len() > failures { "FAILED" } else { "ok" };
        let (checks, took) = (self.count - count, started.elapsed().as_secs_f64());
        println!("    {:<22} {name:<44} {verdict:<6} {checks:>4} checks {took:>6.1} s", self.name);
        for failure in self.failures[failures..].iter().take(TOLD_AT_ONCE) {
            println!("        {failure}");
        }
        outcome
    }

    /// How many have failed so far.
    pub(crate) fn failures(&self) -> usize {
        self.failures.len()
    }

    pub(crate) fn equal<T: PartialEq + Debug>(&mut self, what: &str, seen: &T, expected: &T) {
        self.that(seen == expected, || format!("{what}: {seen:?}, expected {expected:?}"));
    }

    pub(crate) fn that(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        self.count += 1;
        if !holds {
            self.failures.push(otherwise());
        }
    }
}

type Check = fn(&mut Guest, &mut Checks) -> Result<()>;

/// The drivers of the matrix, by name and card.
const DRIVERS: [(&str, Check); 4] = [
    ("virtio_net", virtio_net::check),
    ("igb", igb::check),
    ("e1000e", e1000e::check),
    ("vmxnet3", vmxnet3::check),
];

/// How many cells a kernel has.
pub(crate) const PER_KERNEL: usize = DRIVERS.len();

/// The cards of the matrix guest: one of each driver, and two for a bond.
pub(crate) fn nics() -> Vec<Nic> {
    vec![
        Nic::new(virtio_net::NIC, Model::VirtioNet),
        Nic::new(igb::NIC, Model::Igb).on_node(1),
        Nic::new(e1000e::NIC, Model::E1000e),
        Nic::new(vmxnet3::NIC, Model::Vmxnet3).on_node(2),
        Nic::new(machine::PORTS[0], Model::Igb),
        Nic::new(machine::PORTS[1], Model::Igb),
    ]
}

/// The cells of one kernel, in a guest that runs it with [`nics`]: those of a driver, and the parts whose names contain
/// a text. A cell that cannot go on is a failed one.
pub(crate) fn drivers(guest: &mut Guest, kernel: &str, of: &str, part: &str) -> Vec<Cell> {
    let cell = |(driver, check): &(&str, Check)| {
        cell(guest, format!("{kernel} {driver}"), |guest, checks| {
            if named("the driver alone", part) {
                checks.part("the driver alone", |checks| check(guest, checks));
            }
            product::check(guest, checks, driver, part)
        })
    };
    DRIVERS.iter().filter(|(driver, _)| driver.contains(of)).map(cell).collect()
}

/// Whether a part is asked for: by a text that its name contains, or with a `-` before it one that it lacks.
fn named(name: &str, part: &str) -> bool {
    part.strip_prefix('-').map_or_else(|| name.contains(part), |other| !name.contains(other))
}

/// The names of all drivers.
pub(crate) fn driver_names() -> impl Iterator<Item = &'static str> {
    DRIVERS.iter().map(|(driver, _)| *driver)
}

/// The random sequence of a seed, alone.
pub(crate) fn sequence(guest: &mut Guest, kernel: &str, driver: &str, seed: u64) -> Cell {
    cell(guest, format!("{kernel} {driver}"), |guest, checks| {
        let work = |checks: &mut Checks| product::sequence(guest, checks, driver, seed);
        checks.part(&format!("seed {seed}"), work);
        Ok(())
    })
}

/// A transfer that goes on under many changes of the table, where the driver's card can show it.
pub(crate) fn transfer(guest: &mut Guest, kernel: &str, driver: &str) -> Option<Cell> {
    let work = |guest: &mut Guest, checks: &mut Checks| {
        checks.part("a transfer under 1,000 changes", |checks| product::transfer(guest, checks, driver));
        Ok(())
    };
    product::has_transfer(driver).then(|| cell(guest, format!("{kernel} {driver}"), work))
}

/// What the guest as a machine can do: hot-plug, link changes, processors off and on, a bond.
pub(crate) fn machine(guest: &mut Guest, kernel: &str) -> Cell {
    cell(guest, format!("{kernel} machine"), machine::check)
}

/// The product runs in the guest.
pub(crate) fn product(guest: &mut Guest, kernel: &str) -> Cell {
    cell(guest, format!("{kernel} product"), product::smoke)
}

/// The product manages cards under one bond.
pub(crate) fn ports(guest: &mut Guest, kernel: &str) -> Cell {
    cell(guest, format!("{kernel} ports"), product::ports)
}

/// What the doctor says of the drivers.
pub(crate) fn doctor(guest: &mut Guest, kernel: &str) -> Cell {
    cell(guest, format!("{kernel} doctor"), product::doctor)
}

/// What the big guest is, and the product in it.
pub(crate) fn big(guest: &mut Guest) -> Cell {
    cell(guest, "big".into(), |guest, checks| {
        machine::check_big(guest, checks)?;
        product::big(guest, checks)
    })
}

/// What the full Debian guest is, and the installed service in it: two packages, the second an upgrade.
pub(crate) fn debian(guest: &mut Guest, packages: &[PathBuf; 2]) -> Cell {
    cell(guest, "debian".into(), |guest, checks| service::check(guest, checks, packages))
}

fn cell(guest: &mut Guest, name: String, check: impl FnOnce(&mut Guest, &mut Checks) -> Result<()>) -> Cell {
    let started = Instant::now();
    let mut checks = Checks { name: name.clone(), ..Checks::default() };
    if let Err(error) = check(guest, &mut checks) {
        checks.failures.push(format!("stopped: {error:#}"));
    }
    Cell { name, checks: checks.count, failures: checks.failures, took: started.elapsed() }
}

/// Sends a frame of every flow to a card, and waits until the guest has counted them all.
fn deliver(guest: &mut Guest, nic: &str, address: [u8; 6], flows: &[Flow]) -> Result<()> {
    let counter = format!("cat /sys/class/net/{nic}/statistics/rx_packets");
    let before: usize = guest.expect(&counter)?.trim().parse()?;
    for flow in flows {
        guest.wire(nic)?.send(&flow.frame(address))?;
    }
    let all = before + flows.len();
    let script = format!(
        "i=0; until [ $({counter}) -ge {all} ] || [ $i = 200 ]; do i=$((i+1)); sleep 0.05; done; {counter}"
    );
    let after: usize = guest.expect(&script)?.trim().parse()?;
    ensure!(after == all, "{} of {} frames arrived at {nic}", after - before, flows.len());
    Ok(())
}
