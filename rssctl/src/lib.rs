#![forbid(unsafe_code)]
//! The command line of the RSS manager.
//!
//! What happens to a command line, room by room: [`powershell`] translates PowerShell's spellings, [`cli`] parses,
//! [`resolve`] checks the values and names what is meant, [`cmd`] does it (through [`client`] where the daemon is needed,
//! through core and host where not; [`examine`] reads the machine for the doctor), [`render`] makes text of records,
//! [`terminal`] prints it, [`exit`] says how it ended.

pub mod cli;
pub mod client;
pub mod cmd;
pub mod examine;
pub mod exit;
pub mod powershell;
pub mod render;
pub mod resolve;
pub mod terminal;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind as ClapErrorKind;

use cli::{Cli, Global};
use exit::{Failure, Stop};
use terminal::Terminal;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let code = run(std::env::args_os(), &mut out, &mut io::stderr().lock());
    // What is left in the buffer, and nobody reads any more, is no failure.
    let flushed = out.flush();
    match flushed {
        Err(e) if code == 0 && e.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::from(code),
    }
}

/// Runs a command line, program name first, and answers the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let parsed = powershell::translate(args.into_iter().collect())
        .map_err(Said::Failure)
        .and_then(|args| Cli::try_parse_from(args).map_err(|e| Said::Clap(Box::new(e))));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(Said::Failure(failure)) => {
            Terminal::new(out, err, &Global::default()).fail(&failure);
            return failure.error.kind.exit_code();
        }
        Err(Said::Clap(e)) => return said(&e, out, err),
    };
    let mut terminal = Terminal::new(out, err, &cli.global);
    match cmd::run(&cli, &mut terminal) {
        Ok(outcome) => match terminal.flush() {
            Ok(()) | Err(Stop::Closed) => outcome.code(),
            Err(Stop::Failed(failure)) => {
                terminal.fail(&failure);
                failure.error.kind.exit_code()
            }
        },
        Err(Stop::Closed) => 0,
        Err(Stop::Failed(failure)) => {
            terminal.fail(&failure);
            failure.error.kind.exit_code()
        }
    }
}

/// What the command line led to instead of a command.
enum Said {
    Failure(Failure),
    Clap(Box<clap::Error>),
}

/// Help and version go to standard output as they are; clap's errors take the form of all others.
fn said(e: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let text = e.render();
    match e.kind() {
        ClapErrorKind::DisplayHelp | ClapErrorKind::DisplayVersion => {
            let global = Global::default();
            let mut terminal = Terminal::new(out, err, &global);
            let styled = if terminal.tty { text.ansi().to_string() } else { text.to_string() };
            // Help that nobody reads to its end is read enough.
            let _ = terminal.print(&styled);
            0
        }
        ClapErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = write!(err, "{text}");
            2
        }
        _ => {
            let failure = usage(&text.to_string());
            Terminal::new(out, err, &Global::default()).fail(&failure);
            2
        }
    }
}

/// clap's message in our form: the first line is the error, tips and usage are the hint.
fn usage(text: &str) -> Failure {
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_string();
    let mut hints: Vec<String> = Vec::new();
    for line in lines {
        if let Some(tip) = line.strip_prefix("tip: ") {
            hints.push(tip.into());
        } else if line.starts_with("For more information") {
        } else if let Some(usage) = line.strip_prefix("Usage: ") {
            hints.push(format!("usage: {usage}"));
        } else {
            // What belongs to the message: a list of missing arguments, the values allowed.
            message = format!("{message} {line}");
        }
    }
    let failure = Failure::usage(message);
    if hints.is_empty() { failure.hint("see `rssctl --help`") } else { failure.hint(hints.join("; ")) }
}
