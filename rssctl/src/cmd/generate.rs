//! `rssctl generate`: files that are made from the definitions of the command line and the records.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;
use rssmgr_proto::{ErrorKind, schema};
use serde::Serialize;

use super::Context;
use crate::cli::{Cli, GenerateArgs, GenerateKind};
use crate::exit::{Failure, Stop};
use crate::render::structured;

/// Shells with completions.
const SHELLS: [Shell; 5] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell];

/// What was written.
#[derive(Debug, Serialize)]
struct GeneratedRecord<'a> {
    files: &'a [PathBuf],
}

/// Writes the files.
pub(super) fn run(c: &mut Context<'_, '_>, args: &GenerateArgs) -> Result<(), Stop> {
    let dir = &args.dir;
    let mut files = Vec::new();
    fs::create_dir_all(dir).map_err(|e| unwritten(dir, &e))?;
    match args.kind {
        GenerateKind::Man => {
            let mut command = command();
            command.build();
            pages(&command, dir, &mut files)?;
        }
        GenerateKind::Completions => {
            for shell in SHELLS {
                let path = clap_complete::generate_to(shell, &mut command(), "rssctl", dir)
                    .map_err(|e| unwritten(dir, &e))?;
                files.push(path);
            }
        }
        GenerateKind::Schema => {
            for (name, schema) in schema::all() {
                let path = dir.join(format!("{name}.schema.json"));
                let text = serde_json::to_string_pretty(&schema)
                    .map_err(|e| Failure::new(ErrorKind::Failed, format!("{name}: {e}")))?;
                fs::write(&path, text + "\n").map_err(|e| unwritten(&path, &e))?;
                files.push(path);
            }
        }
    }
    c.terminal.detail(&format!("written to {}", dir.display()));
    let Some(form) = c.form() else { return Ok(()) };
    let text = structured::record(GeneratedRecord { files: &files }, form)?;
    c.terminal.print(&text)
}

/// The page of a command and those of its subcommands. Each says which version it is of.
fn pages(command: &clap::Command, dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        pages(sub, dir, files)?;
    }
    let page =
        Man::new(command.clone()).source(concat!("rssctl ", env!("CARGO_PKG_VERSION"))).manual("rssmgr");
    let path = dir.join(page.get_filename());
    let mut text = Vec::new();
    page.render_title(&mut text)
        .and_then(|()| page.render_name_section(&mut text))
        .and_then(|()| page.render_synopsis_section(&mut text))
        .and_then(|()| page.render_description_section(&mut text))
        .and_then(|()| page.render_options_section(&mut text))
        .and_then(
            |()| if command.has_subcommands() { page.render_subcommands_section(&mut text) } else { Ok(()) },
        )
        .map_err(|e| unwritten(&path, &e))?;
    let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    text.extend_from_slice(sections(&after).as_bytes());
    fs::write(&path, text).map_err(|e| unwritten(&path, &e))?;
    files.push(path);
    Ok(())
}

/// What stands below a help text, as sections: `Examples:`, `Checks:` and `Exit codes:` with their lines as they are,
/// the rest as prose.
fn sections(after: &str) -> String {
    let mut out = String::new();
    for block in after.split("\n\n").filter(|b| !b.is_empty()) {
        let block = block.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
        match block.split_once(":\n") {
            Some((head @ ("Examples" | "Exit codes" | "Checks"), lines)) => {
                let head = match head {
                    "Examples" => "EXAMPLES",
                    "Checks" => "CHECKS",
                    _ => "EXIT STATUS",
                };
                let (list, prose): (Vec<&str>, Vec<&str>) = lines.lines().partition(|l| l.starts_with(' '));
                out += &format!(".SH \"{head}\"\n.nf\n{}\n.fi\n{}", list.join("\n"), prose.join("\n"));
                out += if prose.is_empty() { "" } else { "\n" };
            }
            _ => out += &format!(".PP\n{block}\n"),
        }
    }
    out
}

/// The definition as it is for everybody: not wrapped to a terminal, the same on every machine.
fn command() -> clap::Command {
    Cli::command().term_width(100)
}

fn unwritten(path: &Path, e: &io::Error) -> Failure {
    Failure::new(ErrorKind::Failed, format!("cannot write {}: {e}", path.display()))
        .hint("name a folder that you may write to with --dir")
}
