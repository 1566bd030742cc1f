//! The parameters of the cmdlets and what becomes of them. Those that carry a setting come from the table of settings.

use rssmgr_core::field::{FIELDS, Part, nearest};

use super::cmdlet::Cmdlet;
use super::encapsulation;
use crate::exit::Failure;

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, without the dash.
    pub name: &'static str,
    /// Its aliases.
    pub aliases: &'static [&'static str],
    /// What becomes of it.
    pub meaning: Meaning,
    /// What to do instead of one that is not there yet.
    pub instead: &'static str,
    /// Whether it is one of PowerShell's own, which every cmdlet has.
    pub common: bool,
}

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Names of adapters.
    Names,
    /// A list, an option each.
    Each(&'static str),
    /// An option with a value.
    Value(&'static str),
    /// A setting, or a part of one: the option's name.
    Setting(&'static str, Part),
    /// A switch: the option when it is on.
    Switch(&'static str),
    /// A switch whose off is told too.
    Question(&'static str),
    /// A switch that changes nothing here.
    Nothing,
    /// What to do about errors.
    ErrorAction,
    /// Whether this encapsulation is looked into.
    Inside(&'static str),
    /// Which encapsulations a cmdlet switches.
    InsideType,
    /// Documented by Windows, but not there yet.
    NotYet,
}

const fn parameter(name: &'static str, aliases: &'static [&'static str], meaning: Meaning) -> Parameter {
    Parameter { name, aliases, meaning, instead: "", common: false }
}

const fn not_yet(name: &'static str, aliases: &'static [&'static str], instead: &'static str) -> Parameter {
    Parameter { name, aliases, meaning: Meaning::NotYet, instead, common: false }
}

const fn common(name: &'static str, aliases: &'static [&'static str], meaning: Meaning) -> Parameter {
    Parameter { name, aliases, meaning, instead: VARIABLES, common: true }
}

const NAME: Parameter = parameter("Name", &["ifAlias", "InterfaceAlias"], Meaning::Names);
const DESCRIPTION: Parameter =
    parameter("InterfaceDescription", &["ifDesc", "InstanceID"], Meaning::Each("--interface-description"));
const HIDDEN: Parameter = parameter("IncludeHidden", &[], Meaning::Switch("--include-hidden"));

/// How the three that change something are applied.
const APPLY: [Parameter; 5] = [
    parameter("PassThru", &[], Meaning::Switch("--pass-thru")),
    parameter("WhatIf", &["wi"], Meaning::Switch("--what-if")),
    parameter("Confirm", &["cf"], Meaning::Question("--confirm")),
    // An adapter is never restarted here, so there is nothing to leave out.
    parameter("NoRestart", &[], Meaning::Nothing),
    not_yet("InputObject", &[], "name the adapters with -Name, for example -Name $(rssctl get -o name)"),
];

/// Remote machines and jobs.
const REMOTE: [Parameter; 3] = [
    not_yet("CimSession", &["Session"], "run rssctl over ssh: `ssh HOST rssctl get`"),
    not_yet("ThrottleLimit", &[], "it limits sessions to other machines; here there is only this one"),
    not_yet("AsJob", &[], "let the shell run it in the background: `rssctl ... &`"),
];

const VARIABLES: &str =
    "PowerShell's variables have no counterpart here; use the shell's own: `x=$(rssctl ...)`";

/// PowerShell's own parameters. They also take part when a prefix is looked for, as in PowerShell.
const COMMON: [Parameter; 12] = [
    common("Verbose", &["vb"], Meaning::Switch("--verbose")),
    common("Debug", &["db"], Meaning::Switch("--verbose")),
    common("ErrorAction", &["ea"], Meaning::ErrorAction),
    common("WarningAction", &["wa"], Meaning::ErrorAction),
    common("InformationAction", &["infa"], Meaning::ErrorAction),
    common("ProgressAction", &["proga"], Meaning::ErrorAction),
    common("ErrorVariable", &["ev"], Meaning::NotYet),
    common("WarningVariable", &["wv"], Meaning::NotYet),
    common("InformationVariable", &["iv"], Meaning::NotYet),
    common("OutVariable", &["ov"], Meaning::NotYet),
    common("OutBuffer", &["ob"], Meaning::NotYet),
    common("PipelineVariable", &["pv"], Meaning::NotYet),
];

/// What Set-NetAdapterVmq has of the settings: on Windows too they are the adapter's, whichever cmdlet sets them.
const VMQ_SETTINGS: [&str; 6] = [
    "BaseProcessorGroup",
    "BaseProcessorNumber",
    "MaxProcessors",
    "MaxProcessorNumber",
    "NumaNode",
    "Enabled",
];

/// The parameters that carry a setting, of those names that are wanted.
fn settings(wanted: impl Fn(&str) -> bool) -> Vec<Parameter> {
    let of = |row: &'static rssmgr_core::field::FieldInfo| {
        let one = |p: &rssmgr_core::field::PowerShell| {
            parameter(p.name, p.aliases, Meaning::Setting(row.flag, p.part))
        };
        row.powershell.iter().map(one)
    };
    FIELDS.iter().flat_map(of).filter(|p| wanted(p.name)).collect()
}

/// The parameters of a cmdlet, PowerShell's own last.
#[must_use]
pub fn parameters(cmdlet: &Cmdlet) -> Vec<Parameter> {
    let mut out = Vec::new();
    match cmdlet.verb {
        _ if cmdlet.name == encapsulation::SET => {
            out.extend([NAME, DESCRIPTION, HIDDEN]);
            out.extend(encapsulation::SWITCHES.map(|(name, meaning)| parameter(name, &[], meaning)));
            out.extend(APPLY);
        }
        _ if encapsulation::unless_named(cmdlet.name).is_some() => {
            out.extend([NAME, DESCRIPTION, HIDDEN, parameter("EncapsulationType", &[], Meaning::InsideType)]);
            out.extend(APPLY);
        }
        "get" | "encapsulation" => out.extend([NAME, DESCRIPTION, HIDDEN]),
        "stats" => out.extend([NAME, DESCRIPTION]),
        "vmq get" => out.extend([NAME, DESCRIPTION, HIDDEN]),
        "vmq queues" => {
            out.extend([NAME, DESCRIPTION, HIDDEN, parameter("Id", &[], Meaning::Each("--id"))]);
        }
        "vport list" => {
            out.extend([NAME, DESCRIPTION, HIDDEN]);
            out.extend([
                parameter("VPortID", &[], Meaning::Each("--id")),
                parameter("SwitchID", &[], Meaning::Each("--switch")),
                parameter("FunctionID", &[], Meaning::Each("--function")),
                parameter("PhysicalFunction", &[], Meaning::Switch("--physical-function")),
            ]);
        }
        "vmq set" => {
            out.extend([NAME, DESCRIPTION, HIDDEN]);
            out.extend(settings(|name| VMQ_SETTINGS.contains(&name)));
            out.extend(APPLY);
        }
        "set" => {
            out.extend([NAME, DESCRIPTION, HIDDEN]);
            out.extend(settings(|_| true));
            out.extend(APPLY);
        }
        "enable" | "disable" | "vmq enable" | "vmq disable" => {
            out.extend([NAME, DESCRIPTION, HIDDEN]);
            out.extend(APPLY);
        }
        "global set" => out.push(parameter("ReceiveSideScaling", &[], Meaning::Value("--rss"))),
        _ => {}
    }
    out.extend(REMOTE);
    out.extend(COMMON);
    out
}

/// Whether a word has the form of a parameter: one dash and a letter, but none of our short options.
pub(super) fn looks_like(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('-') else { return false };
    let ours = matches!(rest, "o" | "q" | "v" | "h" | "V" | "qv" | "vq") || rest.starts_with("o=");
    rest.starts_with(|c: char| c.is_ascii_alphabetic()) && !ours
}

/// Whether a word after a command of ours is certainly a parameter of the cmdlet: not a short option with its value,
/// such as `-ojson`.
pub(super) fn meant(cmdlet: &Cmdlet, word: &str) -> bool {
    if !looks_like(word) {
        return false;
    }
    let name = word.trim_start_matches('-').split(':').next().unwrap_or_default();
    name.len() > 2 && !word.starts_with("-o") && find(cmdlet, &format!("-{name}")).is_ok()
        || parameters(cmdlet).iter().any(|p| {
            p.name.eq_ignore_ascii_case(name) || p.aliases.iter().any(|a| a.eq_ignore_ascii_case(name))
        })
}

/// Finds a parameter by name, alias, or a prefix of either that fits one parameter only.
///
/// # Errors
/// None fits (with the nearest), or several do (with their names).
pub(super) fn find(cmdlet: &Cmdlet, spelled: &str) -> Result<Parameter, Failure> {
    let name = spelled.trim_start_matches('-');
    let all = parameters(cmdlet);
    let exact = |p: &&Parameter| {
        p.name.eq_ignore_ascii_case(name) || p.aliases.iter().any(|a| a.eq_ignore_ascii_case(name))
    };
    if let Some(p) = all.iter().find(exact) {
        return Ok(*p);
    }
    let starts = |full: &str| full.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    let fits: Vec<&Parameter> =
        all.iter().filter(|p| starts(p.name) || p.aliases.iter().any(|a| starts(a))).collect();
    match fits.as_slice() {
        [one] => Ok(**one),
        [] => {
            let known = || {
                all.iter()
                    .filter(|p| !p.common)
                    .flat_map(|p| std::iter::once(p.name).chain(p.aliases.iter().copied()))
            };
            let near = nearest(name, known()).map(|n| format!(" (did you mean -{n}?)")).unwrap_or_default();
            let names: Vec<String> =
                all.iter().filter(|p| !p.common).map(|p| format!("-{}", p.name)).collect();
            Err(Failure::usage(format!("{} has no parameter -{name}{near}", cmdlet.name))
                .hint(format!("it has {}", names.join(", "))))
        }
        several => {
            let names: Vec<String> = several.iter().map(|p| format!("-{}", p.name)).collect();
            Err(Failure::usage(format!("-{name} is ambiguous: it may be {}", names.join(" or ")))
                .hint("write more of the name"))
        }
    }
}
