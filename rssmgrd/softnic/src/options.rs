//! `key=value` options as they are typed after a source's name, and the numbers in them.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use rssmgr_core::field::nearest;

use crate::error::SpecError;

/// Longest part of a value that an error repeats, in characters.
const SHOWN: usize = 64;

/// Options that are still to be taken.
#[derive(Debug)]
pub(crate) struct Options {
    of: &'static str,
    known: &'static [&'static str],
    given: Vec<(&'static str, String)>,
}

impl Options {
    /// Reads options of `of`, which has the `known` ones.
    pub(crate) fn new<'a>(
        of: &'static str,
        known: &'static [&'static str],
        given: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SpecError> {
        let mut options = Self { of, known, given: Vec::new() };
        for (key, value) in given {
            let Some(known) = known.iter().find(|k| **k == key) else {
                return Err(options.unknown(key));
            };
            if options.given.iter().any(|(k, _)| k == known) {
                return Err(SpecError::Twice { of, key: shown(key) });
            }
            options.given.push((known, value.to_owned()));
        }
        Ok(options)
    }

    /// Reads `KEY=VALUE,KEY=VALUE`.
    pub(crate) fn parse(
        of: &'static str,
        known: &'static [&'static str],
        text: &str,
    ) -> Result<Self, SpecError> {
        // Nothing is no option; an empty one between or behind commas is a slip.
        let parts = text.split(',').take(if text.is_empty() { 0 } else { usize::MAX });
        let pair = |part: &'_ str| part.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
        let pairs = parts.map(|part| pair(part).ok_or_else(|| SpecError::Form { of, text: shown(part) }));
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        Self::new(of, known, pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())))
    }

    fn unknown(&self, key: &str) -> SpecError {
        SpecError::Unknown {
            of: self.of,
            key: shown(key),
            nearest: nearest(key, self.known.iter().copied()).map(str::to_owned),
            known: self.known.join(", "),
        }
    }

    /// The text of an option.
    pub(crate) fn text(&self, key: &'static str) -> Option<&str> {
        self.given.iter().find(|(k, _)| *k == key).map(|(_, value)| value.as_str())
    }

    /// An option, read by `read`; `allowed` says in words what that takes.
    pub(crate) fn read<T>(
        &self,
        key: &'static str,
        default: T,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, SpecError> {
        match self.text(key) {
            None => Ok(default),
            Some(text) => read(text).ok_or_else(|| self.wrong(key, text, allowed)),
        }
    }

    /// The error for a value that does not fit.
    pub(crate) fn wrong(&self, key: &'static str, value: &str, allowed: &str) -> SpecError {
        SpecError::Value { of: self.of, key, value: shown(value), allowed: allowed.to_owned() }
    }

    /// A number in a range.
    pub(crate) fn number<T: FromStr + PartialOrd + Display>(
        &self,
        key: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> Result<T, SpecError> {
        let allowed = format!("{} to {}", range.start(), range.end());
        self.read(key, default, &allowed, |text| number(text).filter(|n| range.contains(n)))
    }
}

/// A number of decimal digits only.
pub(crate) fn number<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// What an error repeats of a text that somebody typed.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push_str("...");
    }
    short
}
