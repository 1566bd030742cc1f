//! `cargo xtask COMMAND`: what a developer or a CI runs on the whole project.

#![forbid(unsafe_code)]

mod bench;
mod dist;
mod edges;
mod gate;
mod generated;
mod hygiene;
mod lab;
mod metadata;
mod packages;
mod run;
mod rust_text;
mod tally;
mod unsafety;

use run::Project;
use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask COMMAND

  test            the whole gate: formatting, rules of the house, clippy, docs, all tests
  deps            the rules of the house alone: dependency edges, unsafe code, project files
  bless           write the golden files anew from what the code does now; review the diff
  conformance     the rules of RSSv2, VPorts and the driver contract, a case each, on the software NIC
  bench           run all benches, and say where each figure comes from
  dist            build the programs for users and make a Debian package of them, in target/dist
  lab [COMMAND]   every network driver on every kernel, in emulated machines; `lab help` says more
  soak [--minutes N] [KERNEL [DRIVER]]
                  1,000 random sequences over all drivers and kernels, or as many as there is time for; `soak help`
  man [--check]   write man pages, completions and JSON schemas anew; --check only compares
  help            this text

Exit codes: 0 ok, 1 failed, 2 usage.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let command: &dyn Fn(&Project) -> anyhow::Result<bool> = match arguments[..] {
        ["test"] => &gate::test,
        ["deps"] => &gate::rules,
        ["bless"] => &gate::bless,
        ["conformance"] => &gate::conformance,
        ["bench"] => &bench::bench,
        ["dist"] => &dist::dist,
        ["lab", ref rest @ ..] => &|project| lab::lab(project, rest),
        ["soak", ref rest @ ..] => &|project| lab::soak(project, rest),
        ["man"] => &generated::write,
        ["man", "--check"] => &generated::check,
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        [] => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
        _ => {
            eprintln!("cargo xtask: do not know `{}`\n\n{HELP}", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    match Project::find().and_then(|project| command(&project)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
