//! Random sequences on every driver and kernel, as many as are asked for: what the gate does for some seconds. What was
//! done is written down after each sequence, so that a run that was ended goes on where it was; what fails is kept.

use super::cells::{self, Cell};
use super::guest::Guest;
use super::store::Store;
use super::{matrix, product, report};
use crate::run::Project;
use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Sequences of a run, unless said.
const SEQUENCES: u64 = 1_000;

/// After so many failures a cell ends: there is enough to look at.
const MOST_FAILURES: usize = 5;

/// Where failures are kept.
const KEPT: &str = "xtask/lab/sequences.toml";

const HELP: &str = "\
usage: cargo xtask soak [--sequences N] [--minutes N] [--seed SEED] [KERNEL [DRIVER]]
       cargo xtask soak --resume [--minutes N]

Runs random sequences, 1,000 unless --sequences says otherwise, spread over each driver and kernel or those whose names
contain KERNEL and DRIVER. Ends when they are done or, with --minutes, at the end of that time, which the cells share;
--resume goes on with what the last run left. A TCP transfer under 1,000 changes of the table follows where all of a
cell's sequences are done and its card can carry one. What fails is written to xtask/lab/sequences.toml, which every run of the
lab does again; RSSMGR_LAB_SEED=SEED cargo xtask lab cell KERNEL DRIVER 'random sequences' repeats one by its seed.";

/// What is to be done and what was; in a file between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// The seed of the first sequence; each has one of its own.
    seed: u64,
    sequences: u64,
    /// Parts of names.
    kernel: String,
    driver: String,
    /// Sequences done, by `KERNEL DRIVER`.
    done: BTreeMap<String, u64>,
    /// Where a transfer under many changes was tried, too.
    #[serde(default)]
    transfers: BTreeSet<String>,
}

/// A driver on a kernel, and the place among them, by which the sequences are dealt out.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    kernel: &'a str,
    driver: &'a str,
    number: u64,
    of: u64,
}

impl Place<'_> {
    /// How many of all sequences are its own.
    fn share(&self, all: u64) -> u64 {
        all / self.of + u64::from(self.number < all % self.of)
    }

    /// The seed of one of its sequences.
    fn seed(&self, first: u64, sequence: u64) -> u64 {
        first + sequence * self.of + self.number
    }

    fn name(&self) -> String {
        format!("{} {}", self.kernel, self.driver)
    }
}

/// `cargo xtask soak ...`
pub(crate) fn soak(project: &Project, arguments: &[&str]) -> Result<bool> {
    let file = project.root.join("target/soak.toml");
    if matches!(arguments, ["help" | "--help" | "-h"]) {
        println!("{HELP}");
        return Ok(true);
    }
    let (progress, minutes) = asked(arguments, &file).context(HELP)?;
    let store = super::open(project)?;
    let programs = product::build(project)?;
    let drivers: Vec<&str> = cells::driver_names().filter(|name| name.contains(&progress.driver)).collect();
    // `linux-6.1` is a kernel, and a part of the name of another.
    let exact = store.kernels().contains(&progress.kernel);
    let asked = |name: &&String| **name == progress.kernel || !exact && name.contains(&progress.kernel);
    let kernels = store.kernels().iter().filter(asked);
    let cells: Vec<(&str, &str)> =
        kernels.flat_map(|kernel| drivers.iter().map(move |driver| (kernel.as_str(), *driver))).collect();
    ensure!(!cells.is_empty(), "no driver and kernel of these names");
    let of = u64::try_from(cells.len())?;
    let place = |(number, (kernel, driver))| Place { kernel, driver, number, of };
    let places: Vec<Place<'_>> = (0..).zip(cells).map(place).collect();
    println!("soak: {} sequences from seed {} on, {of} cells", progress.sequences, progress.seed);

    let run =
        Run { store: &store, programs: &programs, progress: &Mutex::new(progress), file: &file, project };
    run.save()?;
    let lanes = matrix::lanes(places.len());
    let rounds = u32::try_from(places.len().div_ceil(lanes.max(1)))?.max(1);
    // Cells of a lane follow each other, and share the time that it has.
    let each = minutes.map(|minutes| Duration::from_secs(minutes * 60) / rounds);
    let results = Mutex::new(Vec::new());
    matrix::in_lanes(&places, |place| {
        let cell = run.cell(place, each.map(|each| Instant::now() + each));
        let cell = cell.map_err(|error| println!("{}: FAILED: {error:#}", place.name()));
        if let Ok(cell) = &cell {
            print!("{}", report(cell));
        }
        locked(&results).push(cell.is_ok_and(|cell| cell.failures.is_empty()));
    });
    let progress = locked(run.progress).clone();
    for place in &places {
        let done = progress.done.get(&place.name()).copied().unwrap_or_default();
        println!("  {:<22} {done:>5} of {} sequences", place.name(), place.share(progress.sequences));
    }
    let good = locked(&results).iter().filter(|good| **good).count();
    let done: u64 = progress.done.values().sum();
    println!("soak: {done} of {} sequences, {good} of {of} cells without a failure", progress.sequences);
    Ok(good == places.len())
}

/// What the command line means: a new run, or the last one again.
fn asked(arguments: &[&str], file: &Path) -> Result<(Progress, Option<u64>)> {
    let mut progress = Progress { sequences: SEQUENCES, seed: cells::seed_of_now(), ..Progress::default() };
    let (mut minutes, mut resume, mut names) = (None, false, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || -> Result<u64> {
            let value = rest.next().with_context(|| format!("{argument} takes a number"))?;
            value.parse().with_context(|| format!("{argument} takes a number, not `{value}`"))
        };
        match *argument {
            "--sequences" => progress.sequences = number()?,
            "--minutes" => minutes = Some(number()?),
            "--seed" => progress.seed = number()?,
            "--resume" => resume = true,
            option if option.starts_with('-') => bail!("no option `{option}`"),
            name => names.push(name),
        }
    }
    ensure!(names.len() <= 2, "a kernel and a driver, and no more");
    if resume {
        let text = fs::read_to_string(file).context("no run was begun that could be resumed")?;
        return Ok((toml::from_str(&text).context("what the last run left")?, minutes));
    }
    progress.kernel = names.first().copied().unwrap_or_default().into();
    progress.driver = names.get(1).copied().unwrap_or_default().into();
    Ok((progress, minutes))
}

/// What all cells need.
struct Run<'a> {
    store: &'a Store,
    programs: &'a [PathBuf],
    progress: &'a Mutex<Progress>,
    file: &'a Path,
    project: &'a Project,
}

impl Run<'_> {
    /// The sequences of a cell that are still to be done; each failure is followed by a new guest.
    fn cell(&self, place: &Place<'_>, until: Option<Instant>) -> Result<Cell> {
        let started = Instant::now();
        let mut whole = Cell { name: place.name(), checks: 0, failures: Vec::new(), took: Duration::ZERO };
        let mut guest: Option<Guest> = None;
        let mut failed = 0;
        while let Some((next, seed)) = self.next(place) {
            if failed == MOST_FAILURES || until.is_some_and(|until| Instant::now() > until) {
                break;
            }
            let mut here = match guest.take() {
                Some(guest) => guest,
                None => matrix::boot(self.store, place.kernel, self.programs).context("no guest")?,
            };
            let cell = cells::sequence(&mut here, place.kernel, place.driver, seed);
            whole.checks += cell.checks;
            if cell.failures.is_empty() {
                guest = Some(here);
            } else {
                failed += 1;
                self.keep(place, seed, &cell.failures)?;
                whole.failures.extend(cell.failures);
            }
            locked(self.progress).done.insert(whole.name.clone(), next + 1);
            self.save()?;
        }
        // At the end of all of them: it takes some minutes.
        let transfers = locked(self.progress).transfers.contains(&whole.name);
        if let (None, false, Some(mut guest)) = (self.next(place), transfers, guest)
            && let Some(cell) = cells::transfer(&mut guest, place.kernel, place.driver)
        {
            whole.checks += cell.checks;
            whole.failures.extend(cell.failures);
            locked(self.progress).transfers.insert(whole.name.clone());
            self.save()?;
        }
        whole.took = started.elapsed();
        Ok(whole)
    }

    /// How many sequences of a cell are done, and the seed of the one that is next.
    fn next(&self, place: &Place<'_>) -> Option<(u64, u64)> {
        let progress = locked(self.progress);
        let next = progress.done.get(&place.name()).copied().unwrap_or_default();
        (next < place.share(progress.sequences)).then(|| (next, place.seed(progress.seed, next)))
    }

    fn save(&self) -> Result<()> {
        let progress = locked(self.progress);
        let text = toml::to_string(&*progress)?;
        fs::write(self.file, text).with_context(|| format!("cannot write {}", self.file.display()))
    }

    /// Adds a sequence to those that are done again.
    fn keep(&self, place: &Place<'_>, seed: u64, failures: &[String]) -> Result<()> {
        // One cell at a time.
        let _progress = locked(self.progress);
        let file = self.project.root.join(KEPT);
        let mut text = fs::read_to_string(&file).with_context(|| format!("cannot read {KEPT}"))?;
        text += &entry(place, seed, &cells::sequence_lines(place.driver, seed), failures);
        fs::write(&file, text).with_context(|| format!("cannot write {KEPT}"))
    }
}

/// A sequence as [`KEPT`] has it.
fn entry(place: &Place<'_>, seed: u64, steps: &[String], failures: &[String]) -> String {
    let mut text = format!("\n# seed {seed}\n");
    for failure in failures.iter().flat_map(|failure| failure.lines().take(1)) {
        // What cannot be written into a line of the file is of no use there.
        text += &format!("# {}\n", failure.chars().filter(|c| !c.is_control()).collect::<String>());
    }
    let _ = write!(
        text,
        "[[sequence]]\nkernel = \"{}\"\ndriver = \"{}\"\nsteps = [\n",
        place.kernel, place.driver
    );
    for step in steps {
        text += &format!("    \"{step}\",\n");
    }
    text + "]\n"
}

/// Whoever held it and panicked has told so.
fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_is_dealt_out_once() {
        let places = (0..12).map(|number| Place { kernel: "k", driver: "d", number, of: 12 });
        let mut seeds: Vec<u64> = places
            .flat_map(|place| (0..place.share(1_000)).map(move |sequence| place.seed(500, sequence)))
            .collect();
        seeds.sort_unstable();
        assert_eq!(seeds, (500..1_500).collect::<Vec<_>>());
    }

    #[test]
    fn a_run_goes_on_where_it_was() {
        let file = std::env::temp_dir().join(format!("rssmgr-soak-{}", std::process::id()));
        let (mut progress, minutes) =
            asked(&["--seed", "7", "--minutes", "3", "6.12", "igb"], &file).unwrap();
        assert_eq!((progress.seed, progress.sequences, minutes), (7, SEQUENCES, Some(3)));
        assert!(asked(&["--resume"], &file).is_err());
        progress.done.insert("linux-6.12 igb".into(), 12);
        fs::write(&file, toml::to_string(&progress).unwrap()).unwrap();
        let resumed = asked(&["--resume"], &file);
        fs::remove_file(&file).unwrap();
        assert_eq!(resumed.unwrap(), (progress, None));
        for wrong in [&["--minutes"][..], &["--seed", "x"], &["--all"], &["a", "b", "c"]] {
            assert!(asked(wrong, &file).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_failed_is_kept_as_it_is_read() {
        let place = Place { kernel: "linux-6.12", driver: "igb", number: 0, of: 1 };
        let text = entry(&place, 3, &["down and up".into()], &["a\nlog".into(), "b\t\"".into()]);
        let read: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(read["sequence"][0]["steps"][0].as_str(), Some("down and up"));
        assert!(text.contains("# a\n# b\"\n"), "{text}");
    }
}
