//! Every driver on every kernel: 12 cells, a guest for each kernel, as many guests at a time as the machine has
//! processors.

use super::cells::{self, Cell};
use super::guest::{Guest, Setup};
use super::store::Store;
use super::{machine, report};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Checks of a kernel that are no driver's: the machine, that the programs run there, and the doctor.
const OTHERS: usize = 3;

/// What one kernel's guest showed.
#[derive(Default)]
struct Row {
    drivers: Vec<Cell>,
    others: Vec<Cell>,
}

/// Runs it and prints what it finds; whether every cell was there and passed.
pub(super) fn run(store: &Store, programs: &[PathBuf]) -> bool {
    let started = Instant::now();
    let kernels = store.kernels();
    let lanes = std::thread::available_parallelism().map_or(1, NonZero::get).min(kernels.len());
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                while let Some(kernel) = kernels.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // A guest ends with the thread that booted it.
                    let row = row(store, kernel, programs);
                    rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(row);
                }
            });
        }
    });
    let rows = rows.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let passed =
        |of: fn(&Row) -> &[Cell]| rows.iter().flat_map(of).filter(|cell| cell.failures.is_empty()).count();
    let (drivers, others) = (passed(|row| &row.drivers), passed(|row| &row.others));
    let (all, all_others) = (kernels.len() * cells::PER_KERNEL, kernels.len() * OTHERS);
    println!(
        "lab: {drivers} of {all} cells, {others} of {all_others} checks of the lab and the programs passed, {:.1} s",
        started.elapsed().as_secs_f64()
    );
    drivers == all && others == all_others
}

fn row(store: &Store, kernel: &str, programs: &[PathBuf]) -> Row {
    let nics = cells::nics();
    let setup = Setup { kernel, shape: &machine::SMALL, nics: &nics, programs, disk: None };
    let mut guest = match Guest::boot(store, &setup) {
        Ok(guest) => guest,
        Err(error) => {
            println!("{kernel}: FAILED to boot: {error:#}");
            return Row::default();
        }
    };
    println!("{kernel}: up after {:.1} s", guest.booted_in.as_secs_f64());
    let mut row = Row { drivers: cells::drivers(&mut guest, kernel, "", ""), others: Vec::new() };
    for check in [cells::machine, cells::product, cells::doctor] {
        row.others.push(check(&mut guest, kernel));
    }
    let cells = || row.drivers.iter().chain(&row.others);
    let mut text: String = cells().map(report).collect();
    if cells().any(|cell| !cell.failures.is_empty()) {
        text += &format!("{kernel}: last words:{}\n", guest.last_words());
    }
    // In one piece, so that kernels do not mingle.
    print!("{text}");
    row
}
