//! Random sequences for as long as there is time, on every driver and kernel: what the gate does for some seconds.

use super::cells::{self, Cell};
use super::store::Store;
use super::{matrix, product, report};
use crate::run::Project;
use anyhow::{Context as _, Result};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Sequences of each cell.
const SEQUENCES: u64 = 1_000;

const HELP: &str = "\
usage: cargo xtask soak [--minutes N] [KERNEL [DRIVER]]

Runs 1,000 random sequences on each driver and kernel, or on those whose names contain KERNEL and DRIVER, and ends when
they are done or, with --minutes, at the end of that time, which the cells share. A cell ends with its first failure.
A failure says the seed of its sequence; RSSMGR_LAB_SEED=SEED cargo xtask lab cell KERNEL DRIVER 'random sequences'
repeats it.";

/// `cargo xtask soak ...`
pub(crate) fn soak(project: &Project, arguments: &[&str]) -> Result<bool> {
    let (minutes, rest) = match arguments {
        ["--minutes", minutes, rest @ ..] => {
            (Some(minutes.parse::<u64>().context("--minutes takes a number")?), rest)
        }
        rest => (None, rest),
    };
    let (kernel, driver) = match rest {
        [] => ("", ""),
        [kernel] if !kernel.starts_with('-') => (*kernel, ""),
        [kernel, driver] => (*kernel, *driver),
        _ => {
            println!("{HELP}");
            return Ok(matches!(rest, ["help" | "--help" | "-h"]));
        }
    };
    let store = super::open(project)?;
    let programs = product::build(project)?;
    let drivers: Vec<&str> = cells::driver_names().filter(|name| name.contains(driver)).collect();
    let kernels = store.kernels().iter().filter(|name| name.contains(kernel));
    let cells: Vec<(&str, &str)> =
        kernels.flat_map(|kernel| drivers.iter().map(move |driver| (kernel.as_str(), *driver))).collect();
    // Cells of a lane follow each other, and share the time that it has.
    let lanes =
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(cells.len()).max(1);
    let rounds = u32::try_from(cells.len().div_ceil(lanes))?.max(1);
    let each = minutes.map(|minutes| Duration::from_secs(minutes * 60) / rounds);
    let done = Mutex::new(Vec::new());
    matrix::in_lanes(&cells, |(kernel, driver)| {
        let cell = one(&store, kernel, driver, &programs, each);
        if let Some(cell) = &cell {
            print!("{}", report(cell));
        }
        done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(cell);
    });
    let done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let passed = done.iter().flatten().filter(|cell| cell.failures.is_empty()).count();
    println!("soak: {passed} of {} cells passed", cells.len());
    Ok(passed == cells.len() && !cells.is_empty())
}

/// A cell in a guest of its own.
fn one(
    store: &Store,
    kernel: &str,
    driver: &str,
    programs: &[std::path::PathBuf],
    time: Option<Duration>,
) -> Option<Cell> {
    let mut guest = matrix::boot(store, kernel, programs)?;
    let until = time.map(|time| Instant::now() + time);
    Some(cells::soak(&mut guest, kernel, driver, SEQUENCES, until))
}
