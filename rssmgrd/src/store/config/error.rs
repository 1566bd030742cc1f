//! A mistake in a configuration file, with the line in which it is.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// Longest part of a line that is quoted, in characters.
const QUOTED: usize = 120;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{}: {reason}", .path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A mistake in a file.
    #[error(transparent)]
    Mistake(Box<Mistake>),
}

impl ConfigError {
    pub(super) fn io(path: impl Into<PathBuf>, e: &io::Error) -> Self {
        Self::Unreadable { path: path.into(), reason: e.to_string() }
    }
}

/// A mistake and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub message: String,
    /// The line as it stands there.
    quoted: String,
    /// How many characters are wrong.
    width: usize,
}

impl std::error::Error for Mistake {}

impl Mistake {
    pub(super) fn new(file: &str, text: &str, span: Range<usize>, message: String) -> Self {
        let start = floor(text, span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = text.get(line_start..start).unwrap_or_default().chars().count();
        let marked = text.get(start..floor(text, span.end)).unwrap_or_default();
        let width = marked.lines().next().unwrap_or_default().chars().count().max(1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            message,
            quoted: line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED).collect(),
            width,
        }
    }
}

/// The character boundary at or before a place.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = number.len();
        writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        writeln!(f, " {number} | {}", self.quoted)?;
        let room = QUOTED.saturating_sub(self.column - 1).max(1);
        let carets = "^".repeat(self.width.min(room));
        write!(f, " {:gutter$} | {:>indent$}{carets}", "", "", indent = (self.column - 1).min(QUOTED))
    }
}
