//! The one style of tables and colours.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style};

/// Puts escape sequences around text, or does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// With colours or without.
    #[must_use]
    pub const fn new(on: bool) -> Self {
        Self { on }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into() }
    }

    /// A heading.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Something that needs a person.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// Something to look at twice.
    #[must_use]
    pub fn careful(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// Something in order.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// An impact class or an event level, by how bad it is.
    #[must_use]
    pub fn graded(self, word: &str, text: &str) -> String {
        match word {
            "none" | "applied" | "unchanged" => self.good(text),
            "gap" | "warning" | "degraded" | "pending" | "stuck" | "contested" | "drifted" | "down" => {
                self.careful(text)
            }
            "link" | "addresses" | "error" | "failed" => self.bad(text),
            _ => text.into(),
        }
    }
}

/// A table without lines: a bold heading, columns two blanks apart, numbers to the right, no trailing blanks. Its width
/// is that of its content, whatever the terminal's.
#[must_use]
pub fn table(paint: Paint, heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut builder = Builder::default();
    builder.push_record(heads.iter().copied());
    for row in rows {
        builder.push_record(row.iter().map(|c| if c.is_empty() { "-" } else { c.as_str() }));
    }
    let mut table = builder.build();
    table.with(Style::empty()).with(Padding::new(0, 2, 0, 0));
    for column in 0..heads.len() {
        let cells = || rows.iter().filter_map(|r| r.get(column)).filter(|c| !c.is_empty() && *c != "-");
        let number = |c: &String| {
            c.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
                && c.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '%'))
        };
        if cells().next().is_some() && cells().all(number) {
            table.modify(Columns::one(column), Alignment::right());
        }
    }
    let text = table.to_string();
    let mut lines = text.lines().map(str::trim_end);
    let head = paint.bold(lines.next().unwrap_or_default());
    std::iter::once(head.as_str()).chain(lines).fold(String::new(), |out, line| out + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_trails() {
        let rows = [
            vec!["nic0".to_string(), "8".into(), String::new()],
            vec!["a".into(), "128".into(), "x y".into()],
        ];
        let plain = table(Paint::default(), &["NAME", "N", "REST"], &rows);
        assert_eq!(plain, "NAME    N  REST\nnic0    8  -\na     128  x y\n");
        let painted = table(Paint::new(true), &["NAME", "N", "REST"], &rows);
        assert_eq!(painted.replace("\x1b[1m", "").replace("\x1b[0m", ""), plain);
        assert!(painted.starts_with("\x1b[1mNAME"));
    }
}
