//! How a run ends: failures with their hints, and the exit code of the worst of several.

use std::fmt;
use std::io;

use rssmgr_core::doctor::Severity;
use rssmgr_proto::{ApiError, ErrorKind};

/// A failure: what to say, what to do about it, and with which code to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Kind and sentence.
    pub error: ApiError,
    /// What to do about it, where the sentence does not say.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        ApiError::new(kind, message).into()
    }

    /// A wrong command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// The same failure with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { error, hint: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Why a command stops early.
#[derive(Debug)]
pub enum Stop {
    /// Whoever read our output has left (`rssctl ... | head`): a success.
    Closed,
    /// It failed.
    Failed(Failure),
}

impl<T: Into<Failure>> From<T> for Stop {
    fn from(failure: T) -> Self {
        Self::Failed(failure.into())
    }
}

impl Stop {
    /// What a failed write means.
    #[must_use]
    pub fn of_write(e: &io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Failure::new(ErrorKind::Failed, format!("cannot write the output: {e}"))
                .hint("check the space on the disk that it goes to")
                .into(),
        }
    }
}

/// What a command that got to its end found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    worst: Option<ErrorKind>,
    found: Option<Severity>,
}

impl Outcome {
    /// Notes a failure that did not stop the command.
    pub fn note(&mut self, kind: ErrorKind) {
        if self.worst.is_none_or(|w| w.severity() < kind.severity()) {
            self.worst = Some(kind);
        }
    }

    /// Notes what the doctor found: the worst decides the code, unless something failed.
    pub fn found(&mut self, severity: Severity) {
        self.found = self.found.max(Some(severity));
    }

    /// The exit code: that of the worst failure, without one that of the worst finding, else 0.
    #[must_use]
    pub fn code(&self) -> u8 {
        match (self.worst, self.found) {
            (Some(kind), _) => kind.exit_code(),
            (None, Some(Severity::Error)) => 21,
            (None, Some(Severity::Warning)) => 20,
            (None, Some(Severity::Info) | None) => 0,
        }
    }
}

/// The exit codes, as the help and the man page list them.
pub const CODES: &str = "\
Exit codes:
   0  done
   1  failed
   2  the command line or a value is wrong
   3  timed out
   4  not authorised
   5  not supported by the adapter or the kernel
   6  applied, did not hold, rolled back
   7  refused for its impact on traffic (see --allow)
   8  the daemon cannot be reached
  10  no such adapter
  20  doctor: the worst finding is a warning
  21  doctor: the worst finding is an error
  65  a file is damaged or of the wrong format
With several adapters the code is that of the worst failure.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_failure_decides() {
        let mut o = Outcome::default();
        assert_eq!(o.code(), 0);
        o.note(ErrorKind::NoSuchAdapter);
        assert_eq!(o.code(), 10);
        o.note(ErrorKind::RolledBack);
        o.note(ErrorKind::Usage);
        assert_eq!(o.code(), 6);
    }

    #[test]
    fn the_worst_finding_decides_unless_something_failed() {
        let mut o = Outcome::default();
        o.found(Severity::Info);
        assert_eq!(o.code(), 0);
        o.found(Severity::Error);
        o.found(Severity::Warning);
        assert_eq!(o.code(), 21);
        o.note(ErrorKind::NoSuchAdapter);
        assert_eq!(o.code(), 10);
    }

    #[test]
    fn every_kind_is_in_the_table_of_codes() {
        for kind in ErrorKind::ALL {
            let line = format!("\n{:>4}  ", kind.exit_code());
            assert_eq!(CODES.matches(&line).count(), 1, "{kind:?}");
        }
    }
}
