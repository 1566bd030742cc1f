//! The kernel lab: real multi-queue drivers of three kernels in emulated machines, without hardware virtualisation.

mod apt;
mod cells;
mod cpio;
mod debian;
mod frames;
mod guest;
mod initramfs;
mod kernel;
mod machine;
mod matrix;
mod outside;
mod pins;
mod product;
mod qmp;
mod setters;
mod soak;
mod store;

use crate::dist::{self, Recipe};
use crate::run::Project;
use anyhow::{Context as _, Result};
use cells::Cell;
use guest::{Guest, Setup};
use matrix::Beside;
use pins::Pins;
pub(crate) use soak::soak;
use std::fs;
use std::path::{Path, PathBuf};
use store::Store;

const HELP: &str = "\
usage: cargo xtask lab [COMMAND]

  (none)              every driver on every kernel: the matrix
  gate                the lab's part of `cargo xtask test`: the matrix, the big guest and the full Debian
  bench [KERNEL]      how long the programs take in a guest beside ethtool and a shell script;
                      fails where they change more, or call more at rest, than they may
  big                 boot the guest of 80 processors, and try the product there
  debian              install the package in a full Debian with systemd and D-Bus, set, reboot, upgrade and purge it
  run [--product] KERNEL SCRIPT
                      boot the matrix guest, run a shell script in it, show its output and the console's end;
                      with --product the script has rssmgrd and rssctl, freshly built
  cell KERNEL DRIVER [PART]
                      one cell, or the parts of it whose names contain PART, or lack it when it begins with a -
  others KERNEL       the checks of one kernel that are no driver's
  update              pin the newest packages in xtask/lab.toml

KERNEL is a group of xtask/lab.toml, such as linux-6.12. LAB=off leaves the matrix out, and says so.";

/// The kernel of the big guest.
const BIG_KERNEL: &str = "linux-6.12";

/// The kernel of the Debian guest, the one that its release came with.
const DEBIAN_KERNEL: &str = "linux-6.1";

/// How many failures of a cell are told: more of them say the same.
const MOST_FAILURES: usize = 20;

/// `cargo xtask lab ...`
pub(crate) fn lab(project: &Project, arguments: &[&str]) -> Result<bool> {
    match arguments {
        [] => matrix(project),
        ["gate"] => gate(project),
        ["bench"] => bench(project, BIG_KERNEL),
        ["bench", kernel] => bench(project, kernel),
        ["big"] => big(&open(project)?, &product::build(project)?),
        ["debian"] => full(&open(project)?, &packages(project)?),
        ["run", "--product", kernel, script @ ..] if !script.is_empty() => {
            run(project, kernel, &script.join(" "), &product::build(project)?)
        }
        ["run", kernel, script @ ..] if !script.is_empty() => run(project, kernel, &script.join(" "), &[]),
        ["cell", kernel, driver] => cell(project, kernel, driver, ""),
        ["cell", kernel, driver, part] => cell(project, kernel, driver, part),
        ["others", kernel] => others(project, kernel),
        ["update"] => update(project),
        _ => {
            println!("{HELP}");
            Ok(matches!(arguments, ["help" | "--help" | "-h"]))
        }
    }
}

/// What is said where the environment leaves the lab out.
pub(crate) fn left_out() -> Option<&'static str> {
    let off = std::env::var_os("LAB").is_some_and(|lab| lab == "off");
    off.then_some("lab: 0 of 12 cells, because LAB=off")
}

/// Every driver on every kernel.
fn matrix(project: &Project) -> Result<bool> {
    if let Some(why) = left_out() {
        println!("SKIPPED {why}");
        return Ok(true);
    }
    Ok(matrix::run(&open(project)?, &product::build(project)?, &[]))
}

/// The lab's part of the gate: the matrix, and once the big guest and the full Debian.
pub(crate) fn gate(project: &Project) -> Result<bool> {
    if let Some(why) = left_out() {
        println!("SKIPPED {why}");
        return Ok(true);
    }
    let (store, programs) = (open(project)?, product::build(project)?);
    let packages = packages(project)?;
    // Debian takes the longest of all, where its disk has to be made first.
    let debian = Beside { name: "debian", run: &|| full(&store, &packages) };
    let big = Beside { name: "big", run: &|| big(&store, &programs) };
    Ok(matrix::run(&store, &programs, &[debian, big]))
}

/// One cell, to work on it.
fn cell(project: &Project, kernel: &str, driver: &str, part: &str) -> Result<bool> {
    let store = open(project)?;
    let (nics, programs) = (cells::nics(), product::build(project)?);
    let mut guest = Guest::boot(&store, &Setup { kernel, nics: &nics, programs: &programs, ..small() })?;
    println!("{kernel}: up after {:.1} s", guest.booted_in.as_secs_f64());
    let cells = cells::drivers(&mut guest, kernel, driver, part);
    print!("{}", cells.iter().map(report).collect::<String>());
    println!("last words:{}", guest.last_words());
    Ok(!cells.is_empty() && cells.iter().all(|cell| cell.failures.is_empty()))
}

/// The checks of one kernel that are no driver's.
fn others(project: &Project, kernel: &str) -> Result<bool> {
    let store = open(project)?;
    let (nics, programs) = (cells::nics(), product::build(project)?);
    let mut guest = Guest::boot(&store, &Setup { kernel, nics: &nics, programs: &programs, ..small() })?;
    let cells: Vec<Cell> = matrix::OTHER_CHECKS.iter().map(|check| check(&mut guest, kernel)).collect();
    print!("{}", cells.iter().map(report).collect::<String>());
    Ok(cells.iter().all(|cell| cell.failures.is_empty()))
}

/// What a cell found, in lines.
fn report(cell: &Cell) -> String {
    let verdict = if cell.failures.is_empty() { "ok" } else { "FAILED" };
    let took = cell.took.as_secs_f64();
    let mut text = format!("  {:<69} {verdict:<6} {:>4} checks {took:>6.1} s\n", cell.name, cell.checks);
    for failure in cell.failures.iter().take(MOST_FAILURES) {
        text += &format!("      {failure}\n");
    }
    if let more @ 1.. = cell.failures.len().saturating_sub(MOST_FAILURES) {
        text += &format!("      and {more} more\n");
    }
    text
}

fn bench(project: &Project, kernel: &str) -> Result<bool> {
    let store = open(project)?;
    let (nics, programs) = (cells::nics(), product::programs(project)?);
    let mut guest = Guest::boot(&store, &Setup { kernel, nics: &nics, programs: &programs, ..small() })?;
    cells::product::figures(&mut guest)
}

fn big(store: &Store, programs: &[PathBuf]) -> Result<bool> {
    let nics = cells::nics();
    let setup = Setup { kernel: BIG_KERNEL, shape: &machine::BIG, nics: &nics, programs, disk: None };
    alone(Guest::boot(store, &setup)?, "big", cells::big)
}

/// Two packages of the product as it is, the second an upgrade.
fn packages(project: &Project) -> Result<[PathBuf; 2]> {
    Ok([dist::build(project, &Recipe::quick(1))?, dist::build(project, &Recipe::quick(2))?])
}

fn full(store: &Store, packages: &[PathBuf; 2]) -> Result<bool> {
    let disk = debian::disk(store)?;
    let setup = Setup { kernel: DEBIAN_KERNEL, disk: Some(&disk), ..small() };
    alone(Guest::boot(store, &Setup { nics: &cells::nics(), ..setup })?, "debian", |guest| {
        cells::debian(guest, packages)
    })
}

/// The fast guest, without cards.
fn small() -> Setup<'static> {
    Setup { kernel: BIG_KERNEL, shape: &machine::SMALL, nics: &[], programs: &[], disk: None }
}

fn alone(mut guest: Guest, name: &str, check: impl Fn(&mut Guest) -> Cell) -> Result<bool> {
    println!("{name}: up after {:.1} s", guest.booted_in.as_secs_f64());
    let cell = check(&mut guest);
    print!("{}", report(&cell));
    if !cell.failures.is_empty() {
        println!("{name}: last words:{}", guest.last_words());
    }
    Ok(cell.failures.is_empty())
}

fn run(project: &Project, kernel: &str, script: &str, programs: &[PathBuf]) -> Result<bool> {
    let store = open(project)?;
    let mut guest = Guest::boot(&store, &Setup { kernel, nics: &cells::nics(), programs, ..small() })?;
    println!("up after {:.1} s", guest.booted_in.as_secs_f64());
    let output = guest.run(script)?;
    print!("{}", output.stdout);
    eprint!("{}", output.stderr);
    println!("last words:{}", guest.last_words());
    Ok(output.code == 0)
}

fn update(project: &Project) -> Result<bool> {
    let file = pins_file(project);
    let mut pins = Pins::read(&file)?;
    let moved = pins.update(&folder(project).join("apt"))?;
    fs::write(&file, pins.text()).with_context(|| format!("cannot write {}", file.display()))?;
    for pin in &moved {
        println!("{pin}");
    }
    println!("{} pins moved", moved.len());
    Ok(true)
}

fn open(project: &Project) -> Result<Store> {
    Store::open(&folder(project), &Pins::read(&pins_file(project))?)
}

fn pins_file(project: &Project) -> PathBuf {
    project.root.join("xtask/lab.toml")
}

/// Everything that is fetched and derived; `cargo clean` takes it away.
fn folder(project: &Project) -> PathBuf {
    project.root.join(Path::new("target/lab"))
}
