//! Values of parameters: attached with a colon, the next word, or a list that commas hold together.

use std::ffi::OsString;

use rssmgr_core::field::Part;
use rssmgr_core::ids::{GROUP_SIZE, MAX_CPU};

use super::parameter::looks_like;
use crate::exit::Failure;

/// The words after the verb.
#[derive(Debug)]
pub(super) struct Words<'a> {
    rest: &'a [OsString],
}

impl<'a> Words<'a> {
    pub(super) const fn new(rest: &'a [OsString]) -> Self {
        Self { rest }
    }

    fn peek(&self) -> Option<&'a str> {
        self.rest.first()?.to_str()
    }
}

impl Iterator for Words<'_> {
    type Item = OsString;

    fn next(&mut self) -> Option<OsString> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first.clone())
    }
}

/// A value that is not there: most likely the shell took it.
fn missing(name: &str, form: &str) -> Failure {
    let example =
        if matches!(name, "Enabled" | "WhatIf" | "Confirm" | "PassThru" | "IncludeHidden" | "NoRestart") {
            "'$false'"
        } else {
            "VALUE"
        };
    Failure::usage(format!("-{name}{form} has no value: a shell expands $true and $false to nothing")).hint(
        format!(
            "quote it: -{name}:{example} or -{name}:{}",
            if example == "VALUE" { "'VALUE'" } else { "'$true'" }
        ),
    )
}

/// The one value of a parameter.
///
/// # Errors
/// There is none.
pub(super) fn one(
    name: &'static str,
    attached: Option<&str>,
    words: &mut Words<'_>,
) -> Result<String, Failure> {
    if let Some(value) = attached {
        return if value.is_empty() { Err(no_value(name, ":")) } else { Ok(value.into()) };
    }
    match words.peek() {
        // `-5` is a value that will be told what is allowed; `-WhatIf` is the next parameter.
        Some(next) if !next.is_empty() && !looks_like(next) && !next.starts_with("--") => {
            words.next();
            Ok(next.into())
        }
        _ => Err(no_value(name, "")),
    }
}

fn no_value(name: &str, form: &str) -> Failure {
    if name == "Enabled" {
        return missing(name, form);
    }
    Failure::usage(format!("-{name}{form} has no value")).hint(format!(
        "write -{name} VALUE; a PowerShell variable is expanded to nothing by other shells, so quote its value"
    ))
}

/// A switch: there, or with `:$true` or `:$false`.
///
/// # Errors
/// Any other value, or none after the colon.
pub(super) fn switch(name: &'static str, attached: Option<&str>) -> Result<bool, Failure> {
    match attached.map(str::to_ascii_lowercase).as_deref() {
        None | Some("$true" | "true" | "1") => Ok(true),
        Some("$false" | "false" | "0") => Ok(false),
        Some("") => Err(missing(name, ":")),
        Some(other) => {
            Err(Failure::usage(format!("-{name}: `{other}` is neither; allowed: $true or $false"))
                .hint(format!("quote it for the shell: -{name}:'$false'")))
        }
    }
}

/// A list that starts with `first`: commas inside it, and words that commas before or after tie to it.
pub(super) fn list(first: &str, words: &mut Words<'_>) -> Vec<OsString> {
    let mut text = first.to_string();
    while let Some(next) = words.peek() {
        if !(text.ends_with(',') || next.starts_with(',')) {
            break;
        }
        text.push_str(next);
        words.next();
    }
    text.split(',').filter(|item| !item.is_empty()).map(OsString::from).collect()
}

/// Checks the group or the number of a processor.
///
/// # Errors
/// Names the parameter, the value and the range.
pub(super) fn part(name: &'static str, part: Part, value: &str) -> Result<(), Failure> {
    let max = if part == Part::Group { MAX_CPU / GROUP_SIZE } else { GROUP_SIZE - 1 };
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse::<u32>().ok().filter(|n| digits && *n <= max) {
        Some(_) => Ok(()),
        None => Err(Failure::usage(format!("-{name}: `{value}` is not in 0 to {max}"))
            .hint("a processor is a group and a number inside it, 64 processors to a group")),
    }
}

/// What an action preference comes to here.
///
/// # Errors
/// Not one of PowerShell's.
pub(super) fn error_action(value: &str) -> Result<Option<&'static str>, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "silentlycontinue" | "ignore" => Ok(Some("--quiet")),
        "stop" | "continue" | "inquire" | "break" | "suspend" => Ok(None),
        _ => Err(Failure::usage(format!("`{value}` is no action preference"))
            .hint("allowed: Stop, Continue, Inquire, SilentlyContinue, Ignore")),
    }
}
