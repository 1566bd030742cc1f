//! irqbalance: runs, or does not, and leaves some interrupts alone.

use std::path::Path;

use rssmgr_core::doctor::{Sign, SignKind};

use crate::error::HostError;
use crate::process::{Process, processes};

pub(super) fn signs(root: &Path) -> Result<Vec<Sign>, HostError> {
    let running = processes(root, &["irqbalance"])?;
    Ok(running.iter().map(sign).collect())
}

fn sign(process: &Process) -> Sign {
    Sign {
        kind: SignKind::Irqbalance { banned: banned(&process.arguments) },
        adapters: None,
        place: format!("process {}", process.pid),
        line: None,
        text: match process.arguments.is_empty() {
            true => process.name.clone(),
            false => process.arguments.join(" "),
        },
    }
}

/// `--banirq=33`, `--banirq 33`, `-i 33`, `-i33`.
fn banned(arguments: &[String]) -> Vec<u32> {
    let mut banned = Vec::new();
    let mut next = false;
    for argument in arguments {
        let value = match argument.strip_prefix("--banirq").or_else(|| argument.strip_prefix("-i")) {
            _ if next => Some(argument.as_str()),
            Some("") => {
                next = true;
                continue;
            }
            Some(value) => Some(value.trim_start_matches('=')),
            None => None,
        };
        next = false;
        banned.extend(value.and_then(|v| v.parse::<u32>().ok()));
    }
    banned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_ban() {
        let line =
            "irqbalance --foreground --banirq=33 --banirq 34 -i 35 -i36 --banmod=i40e --banirq= --banirq=x";
        let arguments: Vec<String> = line.split(' ').map(Into::into).collect();
        assert_eq!(banned(&arguments), [33, 34, 35, 36]);
        assert_eq!(banned(&["irqbalance".into(), "--banirq".into()]), Vec::<u32>::new());
    }
}
