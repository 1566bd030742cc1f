//! Every driver on every kernel: 12 cells, two guests for each kernel, a few more at a time than the machine has
//! processors; and beside them the guests that are no kernel's.

use super::cells::{self, Cell};
use super::guest::{Guest, Setup};
use super::store::Store;
use super::{machine, report};
use anyhow::Result;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Checks of a kernel that are no driver's: the machine, that the programs run there, cards under a bond, and the doctor.
const OTHERS: usize = 4;

/// What a guest shows. A kernel's two take about as long, so that no processor waits for the last of them.
struct Half {
    drivers: &'static [&'static str],
    others: bool,
}

static HALVES: [Half; 2] = [
    Half { drivers: &["igb", "e1000e"], others: true },
    Half { drivers: &["virtio_net", "vmxnet3"], others: false },
];

/// What one guest showed.
#[derive(Default)]
struct Row {
    drivers: Vec<Cell>,
    others: Vec<Cell>,
}

/// A guest beside those of the kernels, and what is checked in it.
pub(super) struct Beside<'a> {
    pub(super) name: &'static str,
    pub(super) run: &'a (dyn Fn() -> Result<bool> + Sync),
}

/// A guest to boot.
enum Job<'a> {
    Beside(&'a Beside<'a>),
    Half(&'a str, &'static Half),
}

/// Runs it and prints what it finds; whether every cell was there and passed.
pub(super) fn run(store: &Store, programs: &[PathBuf], beside: &[Beside<'_>]) -> bool {
    let started = Instant::now();
    let kernels = store.kernels();
    let halves =
        kernels.iter().flat_map(|kernel| HALVES.iter().map(move |half| Job::Half(kernel.as_str(), half)));
    // The longest first, so that no processor waits long for the other in the end.
    let jobs: Vec<Job<'_>> = beside.iter().map(Job::Beside).chain(halves).collect();
    let (rows, good) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    in_lanes(&jobs, |job| match job {
        Job::Beside(beside) => drop(good.fetch_add(usize::from(twice(beside)), Ordering::Relaxed)),
        Job::Half(kernel, half) => {
            let row = row(store, kernel, half, programs);
            rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(row);
        }
    });
    let rows = rows.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let passed =
        |of: fn(&Row) -> &[Cell]| rows.iter().flat_map(of).filter(|cell| cell.failures.is_empty()).count();
    let (drivers, good) = (passed(|row| &row.drivers), good.into_inner());
    let others = passed(|row| &row.others) + good;
    let (all, all_others) = (kernels.len() * cells::PER_KERNEL, kernels.len() * OTHERS + beside.len());
    println!(
        "lab: {drivers} of {all} cells, {others} of {all_others} checks of the lab and the programs passed, {:.1} s",
        started.elapsed().as_secs_f64()
    );
    drivers == all && others == all_others
}

/// What fails is tried once more, as a kernel's cells are.
fn twice(beside: &Beside<'_>) -> bool {
    let passes = || {
        (beside.run)().unwrap_or_else(|error| {
            println!("{}: FAILED: {error:#}", beside.name);
            false
        })
    };
    passes() || {
        println!("{}: tried once more, in a new guest", beside.name);
        passes()
    }
}

/// How many guests there are at a time, of so many.
pub(super) fn lanes(all: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    (processors + processors / 2).min(all)
}

/// Does something with each, three at a time for two processors: a guest waits for a third of its time.
pub(super) fn in_lanes<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let lanes = lanes(all.len());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            // A guest ends with the thread that booted it.
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(one);
                }
            });
        }
    });
}

/// Checks beside those of the drivers; the machine last, since it unplugs cards and takes processors away.
pub(super) const OTHER_CHECKS: [fn(&mut Guest, &str) -> Cell; OTHERS] =
    [cells::doctor, cells::product, cells::ports, cells::machine];

/// The cells of one guest. What fails is tried once more in a new guest, aloud: emulated machines on a busy host miss
/// deadlines that have nothing to do with what is tested. What fails twice has failed.
fn row(store: &Store, kernel: &str, half: &Half, programs: &[PathBuf]) -> Row {
    let mut row = Row::default();
    let Some(mut guest) = boot(store, kernel, programs) else { return row };
    for driver in half.drivers {
        row.drivers.extend(cells::drivers(&mut guest, kernel, driver, ""));
    }
    if half.others {
        row.others = OTHER_CHECKS.iter().map(|check| check(&mut guest, kernel)).collect();
    }
    tell(&row, kernel, &mut guest);
    if row.failed().next().is_none() {
        return row;
    }
    drop(guest);
    println!("{kernel}: what failed is tried once more, in a new guest");
    let Some(mut guest) = boot(store, kernel, programs) else { return row };
    for cell in row.drivers.iter_mut().filter(|cell| !cell.failures.is_empty()) {
        let driver = cell.name.rsplit(' ').next().unwrap_or_default().to_owned();
        if let Some(again) = cells::drivers(&mut guest, kernel, &driver, "").pop() {
            *cell = again;
        }
    }
    for (cell, check) in row.others.iter_mut().zip(OTHER_CHECKS).filter(|(cell, _)| !cell.failures.is_empty())
    {
        *cell = check(&mut guest, kernel);
    }
    tell(&row, kernel, &mut guest);
    row
}

impl Row {
    fn failed(&self) -> impl Iterator<Item = &Cell> {
        self.drivers.iter().chain(&self.others).filter(|cell| !cell.failures.is_empty())
    }
}

/// A guest with the cards of the matrix, or the failure told.
pub(super) fn boot(store: &Store, kernel: &str, programs: &[PathBuf]) -> Option<Guest> {
    let nics = cells::nics();
    let setup = Setup { kernel, shape: &machine::SMALL, nics: &nics, programs, disk: None };
    match Guest::boot(store, &setup) {
        Ok(guest) => {
            println!("{kernel}: up after {:.1} s", guest.booted_in.as_secs_f64());
            Some(guest)
        }
        Err(error) => {
            println!("{kernel}: FAILED to boot: {error:#}");
            None
        }
    }
}

/// In one piece, so that kernels do not mingle.
fn tell(row: &Row, kernel: &str, guest: &mut Guest) {
    let mut text: String = row.drivers.iter().chain(&row.others).map(report).collect();
    if row.failed().next().is_some() {
        text += &format!("{kernel}: last words:{}\n", guest.last_words());
    }
    print!("{text}");
}
