//! Standard output and error: what goes where, in which colour, and how failures look.

use std::io::{self, IsTerminal as _, Write};

use rustix::termios::tcgetwinsize;

use crate::cli::{Color, Global};
use crate::exit::{Failure, Stop};
use crate::render::Paint;

/// Where a command writes.
pub struct Terminal<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    /// Whether a person looks at standard output.
    pub tty: bool,
    /// How wide what that person looks at is.
    pub width: Option<usize>,
    /// Whether a person can answer a question.
    pub answers: bool,
    /// Colours of standard output.
    pub paint: Paint,
    /// Whether only results and errors are wanted.
    pub quiet: bool,
    verbose: bool,
}

impl<'a> Terminal<'a> {
    /// Writes to these two, as the global options and the environment say.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, global: &Global) -> Self {
        let tty = io::stdout().is_terminal();
        let width = tty.then(|| tcgetwinsize(io::stdout()).ok()).flatten();
        let width = width.map(|w| usize::from(w.ws_col)).filter(|w| *w > 0);
        let answers = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self {
            out,
            err,
            tty,
            width,
            answers,
            paint: paint(global.color, tty),
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// Prints to standard output.
    ///
    /// # Errors
    /// The output cannot be written, or nobody reads it any more.
    pub fn print(&mut self, text: &str) -> Result<(), Stop> {
        self.out.write_all(text.as_bytes()).map_err(|e| Stop::of_write(&e))
    }

    /// Brings out what was printed so far.
    ///
    /// # Errors
    /// As [`Terminal::print`].
    pub fn flush(&mut self) -> Result<(), Stop> {
        self.out.flush().map_err(|e| Stop::of_write(&e))
    }

    /// A failure: one line, and a hint where there is one. Standard error that cannot be written is nobody's loss.
    pub fn fail(&mut self, failure: &Failure) {
        let _ = self.out.flush();
        let _ = writeln!(self.err, "rssctl: error: {}", failure.error.message);
        if let Some(hint) = &failure.hint {
            let _ = writeln!(self.err, "  hint: {hint}");
        }
    }

    /// Something worth knowing that is not a failure; not with `--quiet`.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            let _ = self.out.flush();
            let _ = writeln!(self.err, "rssctl: note: {text}");
        }
    }

    /// What a person needs to answer a question; beside the output, which may go to a program.
    pub fn tell(&mut self, text: &str) {
        let _ = self.out.flush();
        let _ = self.err.write_all(text.as_bytes());
    }

    /// What is only told with `--verbose`.
    pub fn detail(&mut self, text: &str) {
        if self.verbose {
            let _ = writeln!(self.err, "rssctl: {text}");
        }
    }

    /// Asks a question on standard error; anything but yes is no.
    ///
    /// # Errors
    /// The answer cannot be read.
    pub fn ask(&mut self, question: &str) -> Result<bool, Stop> {
        self.flush()?;
        let _ = write!(self.err, "{question} [y/N] ");
        let _ = self.err.flush();
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|e| {
            Failure::new(rssmgr_proto::ErrorKind::Failed, format!("cannot read the answer: {e}"))
        })?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes" | "a"))
    }
}

/// `--color`, then NO_COLOR and CLICOLOR_FORCE, then whether a person looks.
fn paint(color: Color, tty: bool) -> Paint {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let on = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto => {
            let forced =
                set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0");
            forced || (tty && std::env::var_os("TERM").is_none_or(|t| t != "dumb"))
        }
    };
    Paint::new(on)
}
