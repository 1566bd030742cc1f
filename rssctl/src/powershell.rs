//! PowerShell's spellings, translated before clap sees them: `Set-NetAdapterRss -Name nic0 -BaseProcessorNumber 2` becomes
//! `set --base-processor=:2 -- nic0`.
//!
//! As in PowerShell, cmdlets and parameters are found whatever their case; a parameter also by an alias or any prefix
//! that fits only one; a value follows as the next word or after a colon; lists are separated by commas. What a POSIX
//! shell does to such a command line (`$true` expands to nothing) is recognised and answered with the remedy.
//!
//! The rooms: `cmdlet` (which there are, and their verbs of ours), `parameter` (which each takes, and what becomes of it),
//! `encapsulation` (what its cmdlets switch), `value` (values and lists).

mod cmdlet;
mod encapsulation;
mod parameter;
mod value;

pub use cmdlet::{CMDLETS, Cmdlet};
pub use parameter::{Meaning, Parameter, parameters};

use std::ffi::OsString;

use clap::CommandFactory as _;
use rssmgr_core::field::Part;

use crate::cli::Cli;
use crate::exit::Failure;
use cmdlet::Found;
use value::Words;

/// Options of every command that take a value, which therefore is no verb.
const VALUED: [&str; 4] = ["-o", "--output", "--address", "--color"];

/// Translates a command line, program name first. One without PowerShell spellings comes back as it is.
///
/// # Errors
/// An unknown cmdlet or parameter (with the nearest known one), one that is not there yet, or a value that is missing or
/// wrong.
pub fn translate(args: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    // Everything of PowerShell is ASCII; what is not UTF-8 can only be a value of ours.
    let Some(verb) = verb(&args) else { return Ok(args) };
    let Some(word) = args.get(verb).and_then(|v| v.to_str()) else { return Ok(args) };
    let cmdlet = match cmdlet::find(word)? {
        Found::Cmdlet(cmdlet) => cmdlet,
        Found::Ours(cmdlet) => {
            // `rssctl set nic0 -Profile Closest`: only what is certainly meant for us is translated.
            let rest = args.get(verb + 1..).unwrap_or_default();
            if !rest.iter().filter_map(|a| a.to_str()).any(|a| parameter::meant(cmdlet, a)) {
                return Ok(args);
            }
            cmdlet
        }
        Found::None => return Ok(args),
    };
    let native = !word.contains('-');
    let mut out: Vec<OsString> = args.get(..verb).unwrap_or_default().to_vec();
    out.extend(cmdlet.verb.split(' ').map(OsString::from));
    let definition = Definition::of(cmdlet);
    let mut line = Line::default();
    let mut words = Words::new(args.get(verb + 1..).unwrap_or_default());
    while let Some(word) = words.next() {
        let text = word.to_str();
        match text {
            Some("--") => {
                line.names.extend(words.by_ref());
            }
            Some(ours) if definition.takes_value(ours) => {
                out.push(word);
                out.extend(words.next());
            }
            Some(ours) if !parameter::looks_like(ours) || (native && !parameter::meant(cmdlet, ours)) => {
                // A name, or an option of ours. In front of a cmdlet's `-Name` a bare word is the name too.
                if ours.starts_with('-') || native {
                    out.push(word);
                } else {
                    line.names.extend(value::list(ours, &mut words));
                }
            }
            Some(spelled) => line.take(cmdlet, spelled, &mut words)?,
            None => out.push(word),
        }
    }
    if !native {
        line.check_named(cmdlet)?;
    }
    Ok(line.finish(cmdlet, out))
}

/// The definition of the command that a cmdlet becomes.
struct Definition(clap::Command);

impl Definition {
    fn of(cmdlet: &Cmdlet) -> Self {
        let mut command = Cli::command();
        command.build();
        for word in cmdlet.verb.split(' ') {
            if let Some(sub) = command.find_subcommand(word) {
                command = sub.clone();
            }
        }
        Self(command)
    }

    /// Whether a word is an option of ours whose value is the next word.
    fn takes_value(&self, word: &str) -> bool {
        self.0.get_arguments().any(|a| {
            let long = word.strip_prefix("--").is_some_and(|l| {
                a.get_long() == Some(l) || a.get_all_aliases().is_some_and(|all| all.contains(&l))
            });
            let short = a.get_short().is_some_and(|s| word == format!("-{s}"));
            (long || short) && a.get_action().takes_values() && !a.is_require_equals_set()
        })
    }
}

/// Where the verb is: the first word that is no option and no value of one.
fn verb(args: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let word = args.get(at)?.to_str().unwrap_or("verb");
        if VALUED.contains(&word) {
            at += 2;
        } else if word == "--" {
            return None;
        } else if word.starts_with('-') {
            at += 1;
        } else {
            return Some(at);
        }
    }
}

/// What the parameters of one line add up to.
#[derive(Debug, Default)]
struct Line {
    names: Vec<OsString>,
    options: Vec<String>,
    /// Processors of which group and number come separately: the option, group, number.
    parts: Vec<(&'static str, Option<String>, Option<String>)>,
    given: Vec<&'static str>,
    /// Encapsulations that are switched, each with its sign.
    inside: Vec<String>,
}

impl Line {
    /// One parameter with its value.
    fn take(&mut self, cmdlet: &'static Cmdlet, spelled: &str, words: &mut Words<'_>) -> Result<(), Failure> {
        let (name, attached) = match spelled.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (spelled, None),
        };
        let parameter = parameter::find(cmdlet, name)?;
        if self.given.contains(&parameter.name) {
            return Err(Failure::usage(format!("-{} is given twice", parameter.name)).hint("give it once"));
        }
        self.given.push(parameter.name);
        match parameter.meaning {
            Meaning::NotYet => {
                return Err(
                    Failure::usage(format!("-{} is not there yet", parameter.name)).hint(parameter.instead)
                );
            }
            Meaning::Switch(option) => {
                if value::switch(parameter.name, attached)? {
                    self.options.push(option.into());
                }
            }
            Meaning::Question(option) => {
                let on = value::switch(parameter.name, attached)?;
                self.options.push(format!("{option}={on}"));
            }
            Meaning::Nothing => {
                value::switch(parameter.name, attached)?;
            }
            Meaning::Names => {
                let first = value::one(parameter.name, attached, words)?;
                self.names.extend(value::list(&first, words));
            }
            Meaning::Each(option) => {
                let first = value::one(parameter.name, attached, words)?;
                for item in value::list(&first, words) {
                    self.options.push(format!("{option}={}", item.to_string_lossy()));
                }
            }
            Meaning::Value(option) => {
                let value = value::one(parameter.name, attached, words)?;
                self.options.push(format!("{option}={value}"));
            }
            Meaning::Setting(option, part) => {
                let value = value::one(parameter.name, attached, words)?;
                self.setting(parameter.name, option, part, value)?;
            }
            Meaning::Inside(kind) => {
                let value = value::one(parameter.name, attached, words)?;
                self.inside.push(encapsulation::switched(parameter.name, kind, &value)?);
            }
            Meaning::InsideType => {
                let first = value::one(parameter.name, attached, words)?;
                for item in value::list(&first, words) {
                    self.inside.push(encapsulation::of_type(cmdlet.name, &item.to_string_lossy())?);
                }
            }
            Meaning::ErrorAction => {
                let value = value::one(parameter.name, attached, words)?;
                self.options.extend(value::error_action(&value)?.map(str::to_owned));
            }
        }
        Ok(())
    }

    fn setting(
        &mut self,
        name: &'static str,
        option: &'static str,
        part: Part,
        value: String,
    ) -> Result<(), Failure> {
        if part == Part::Whole {
            self.options.push(format!("--{option}={value}"));
            return Ok(());
        }
        value::part(name, part, &value)?;
        let at = match self.parts.iter().position(|(o, ..)| *o == option) {
            Some(at) => at,
            None => {
                self.parts.push((option, None, None));
                self.parts.len() - 1
            }
        };
        if let Some((_, group, number)) = self.parts.get_mut(at) {
            *(if part == Part::Group { group } else { number }) = Some(value);
        }
        Ok(())
    }

    /// In PowerShell the name is mandatory too; `rssctl set` without one means every adapter, a cmdlet never does.
    fn check_named(&self, cmdlet: &Cmdlet) -> Result<(), Failure> {
        let described = self.given.contains(&"InterfaceDescription");
        if !cmdlet.needs_name || !self.names.is_empty() || described {
            return Ok(());
        }
        Err(Failure::usage(format!("{} needs -Name or -InterfaceDescription", cmdlet.name)).hint(format!(
            "name the adapters (-Name 'eth*'), or write `rssctl {}` for every managed one",
            cmdlet.every
        )))
    }

    fn finish(mut self, cmdlet: &Cmdlet, mut out: Vec<OsString>) -> Vec<OsString> {
        let inside = match self.inside.join(",") {
            named if named.is_empty() => encapsulation::unless_named(cmdlet.name).map(str::to_owned),
            named => Some(named),
        };
        self.options.extend(inside.map(|kinds| format!("--encapsulation={kinds}")));
        for (option, group, number) in &self.parts {
            let (group, number) = (group.as_deref().unwrap_or(""), number.as_deref().unwrap_or(""));
            self.options.push(format!("--{option}={group}:{number}"));
        }
        out.extend(self.options.into_iter().map(OsString::from));
        if !self.names.is_empty() {
            out.push("--".into());
            out.append(&mut self.names);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_every_command_that_take_a_value_are_known() {
        let definition = Definition(Cli::command());
        let with_value: Vec<String> = definition
            .0
            .get_arguments()
            .filter(|a| a.get_action().takes_values())
            .flat_map(|a| {
                let short = a.get_short().map(|s| format!("-{s}"));
                short.into_iter().chain(a.get_long().map(|l| format!("--{l}")))
            })
            .collect();
        assert_eq!(with_value, VALUED);
        assert!(definition.takes_value("-o") && !definition.takes_value("-q"));
    }
}
