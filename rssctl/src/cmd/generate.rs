//! `rssctl generate`: files that are made from the definitions of the command line and the records.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use rssmgr_proto::{ErrorKind, schema};

use super::Context;
use crate::cli::{Cli, GenerateArgs, GenerateKind};
use crate::exit::{Failure, Stop};

/// Shells with completions.
const SHELLS: [Shell; 5] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell];

/// Writes the files.
pub(super) fn run(c: &mut Context<'_, '_>, args: &GenerateArgs) -> Result<(), Stop> {
    let dir = &args.dir;
    fs::create_dir_all(dir).map_err(|e| unwritten(dir, &e))?;
    match args.kind {
        GenerateKind::Man => clap_mangen::generate_to(command(), dir).map_err(|e| unwritten(dir, &e))?,
        GenerateKind::Completions => {
            for shell in SHELLS {
                clap_complete::generate_to(shell, &mut command(), "rssctl", dir)
                    .map_err(|e| unwritten(dir, &e))?;
            }
        }
        GenerateKind::Schema => {
            for (name, schema) in schema::all() {
                let path = dir.join(format!("{name}.schema.json"));
                let text = serde_json::to_string_pretty(&schema)
                    .map_err(|e| Failure::new(ErrorKind::Failed, format!("{name}: {e}")))?;
                fs::write(&path, text + "\n").map_err(|e| unwritten(&path, &e))?;
            }
        }
    }
    c.terminal.detail(&format!("written to {}", dir.display()));
    Ok(())
}

/// The definition as it is for everybody: not wrapped to a terminal, the same on every machine.
fn command() -> clap::Command {
    Cli::command().term_width(100)
}

fn unwritten(path: &Path, e: &io::Error) -> Failure {
    Failure::new(ErrorKind::Failed, format!("cannot write {}: {e}", path.display()))
        .hint("name a folder that you may write to with --dir")
}
