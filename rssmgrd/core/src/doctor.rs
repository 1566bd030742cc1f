//! What is wrong with the way a machine receives, why, and what to type about it: from a plain snapshot of the machine
//! ([`Machine`]) to findings. Nothing here reads anything; what the snapshot does not hold is not judged.
//!
//! Each finding is a function in a file with its family. All thresholds are named constants where they are used.

mod case;
mod check;
mod driver;
mod hashing;
mod load;
mod machine;
mod managers;
mod numa;
mod placement;
mod saved;
mod softnet;
mod state;
mod steering;
mod table;
#[cfg(test)]
mod tests;
mod vports;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use check::Check;
pub use machine::{
    Astray, ContextFault, CpuSample, DaemonView, Health, Hidden, Knobs, Machine, NicReport, QueueReport,
    Sampled, Sign, SignKind, Tunnel, VPortReport,
};

use case::Case;

/// How bad a finding is. The worst of all decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing needs to be done.
    Info,
    /// Costs throughput or latency, or will.
    Warning,
    /// Packets are lost, or receive side scaling does not work at all.
    Error,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Info];

    /// The name in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked for.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// The adapter's name; `None` for the whole machine.
    pub adapter: Option<String>,
    /// One line: what is wrong.
    pub title: String,
    /// The numbers and files that show it, a line each.
    pub evidence: Vec<String>,
    /// Commands to type, a line each; what stands behind ` # ` explains.
    pub remedy: Vec<String>,
}

/// Everything that is found on a machine: the worst first, then by adapter in the order of [`Machine::nics`], those of
/// the machine itself first, then in the order of [`Check`].
#[must_use]
pub fn diagnose(machine: &Machine) -> Vec<Finding> {
    let mut found = Vec::new();
    let targets = case::targets(machine);
    let cases: Vec<Case<'_>> = machine
        .nics
        .iter()
        .zip(&targets)
        .map(|(nic, target)| Case { machine, nic, target: target.as_ref() })
        .collect();
    state::look_at_all(machine, &mut found);
    softnet::look(machine, &mut found);
    load::look_at_cpus(machine, &mut found);
    hashing::look_at_tunnels(machine, &cases, &mut found);
    managers::look(machine, &mut found);
    saved::look(machine, &mut found);
    placement::look_at_all(&cases, &mut found);
    for case in &cases {
        state::look(case, &mut found);
        placement::look(case, &mut found);
        table::look(case, &mut found);
        hashing::look(case, &mut found);
        steering::look(case, &mut found);
        load::look(case, &mut found);
        numa::look(case, &mut found);
        driver::look(case, &mut found);
        vports::look(case, &mut found);
    }
    let place = |f: &Finding| machine.nics.iter().position(|n| Some(&n.name) == f.adapter.as_ref());
    found.sort_by_cached_key(|f| (core::cmp::Reverse(f.severity), place(f), f.adapter.clone(), f.check));
    found
}

/// A word as a shell takes it: a name goes into a command that somebody types as root, and the kernel lets an
/// interface be called `a;reboot`.
fn word(text: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | ':' | '+' | '-' | '/' | '=' | ',')
    };
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    alloc::format!("'{}'", text.replace('\'', "'\\''"))
}

/// The first lines of a longer list, and how many more there are.
fn shortened(mut lines: Vec<String>) -> Vec<String> {
    const SHOWN: usize = 8;
    if lines.len() > SHOWN + 1 {
        let more = lines.len() - SHOWN;
        lines.truncate(SHOWN);
        lines.push(alloc::format!("and {more} more"));
    }
    lines
}
