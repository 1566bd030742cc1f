//! The parity ledger: every parameter that Microsoft documents for the four cmdlets, what it is here, and the test that
//! shows it. It is kept as PARITY.md; `RSSMGR_BLESS=1` writes it anew.
//!
//! What Windows has is written out here from its documentation, apart from the table that translates, so that neither can
//! lose a row unseen. Rows that are missing are run too: one that starts to work fails the test until it is written down.

mod common;

use common::rssctl;
use rssctl::powershell::{CMDLETS, Meaning, Parameter, parameters};
use rssmgr_core::field::{FIELDS, Part};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A documented parameter: in which cmdlets (Get, Set, Enable, Disable), its name, its aliases, and a value.
struct Documented {
    of: &'static str,
    name: &'static str,
    aliases: &'static [&'static str],
    /// `None` for a switch.
    value: Option<&'static str>,
    /// The tests that show what it does; empty for what is missing.
    shown: &'static str,
}

const fn row(
    of: &'static str,
    name: &'static str,
    aliases: &'static [&'static str],
    value: Option<&'static str>,
    shown: &'static str,
) -> Documented {
    Documented { of, name, aliases, value, shown }
}

const SETTING: &str = "rssmgrd --test cli parity::every_setting_takes_effect";
const WHICH: &str = "rssmgrd --test cli parity::adapters_are_found_as_on_windows";
const HOW: &str = "rssmgrd --test cli parity::changes_are_applied_as_on_windows";

/// Windows Server 2016 to 2025, identical in all.
const DOCUMENTED: [Documented; 20] = [
    row("GSED", "Name", &["ifAlias", "InterfaceAlias"], Some("nic0"), WHICH),
    row("GSED", "InterfaceDescription", &["ifDesc", "InstanceID"], Some("*software*"), WHICH),
    row("GSED", "IncludeHidden", &[], None, WHICH),
    row("SED", "InputObject", &[], Some("x"), ""),
    row("S", "NumberOfReceiveQueues", &[], Some("8"), SETTING),
    row("S", "Profile", &[], Some("Closest"), SETTING),
    row("S", "BaseProcessorGroup", &["BaseG"], Some("0"), SETTING),
    row("S", "BaseProcessorNumber", &["BaseN"], Some("2"), SETTING),
    row("S", "MaxProcessorGroup", &["MaxG"], Some("0"), SETTING),
    row("S", "MaxProcessorNumber", &["MaxN"], Some("8"), SETTING),
    row("S", "MaxProcessors", &["Max"], Some("4"), SETTING),
    row("S", "NumaNode", &[], Some("1"), SETTING),
    row("S", "Enabled", &[], Some("$false"), SETTING),
    row("SED", "NoRestart", &[], None, HOW),
    row("SED", "PassThru", &[], None, HOW),
    row("SED", "WhatIf", &["wi"], None, HOW),
    row("SED", "Confirm", &["cf"], None, HOW),
    row("GSED", "CimSession", &["Session"], Some("host"), ""),
    row("GSED", "ThrottleLimit", &[], Some("4"), ""),
    row("GSED", "AsJob", &[], None, ""),
];

const VPORTS: &str = "rssmgrd --test cli vports::the_cmdlets_of_vmq_and_vports_work";

/// The cmdlets of VMQ and VPorts: Get-, Set-, Enable- and Disable-NetAdapterVmq (v w x y), Get-NetAdapterVmqQueue (q),
/// Get-NetAdapterVPort (p).
const VMQ: [Documented; 22] = [
    row("vwxyqp", "Name", &["ifAlias", "InterfaceAlias"], Some("nic0"), VPORTS),
    row("vwxyqp", "InterfaceDescription", &["ifDesc", "InstanceID"], Some("*software*"), VPORTS),
    row("vwxyqp", "IncludeHidden", &[], None, VPORTS),
    row("wxy", "InputObject", &[], Some("x"), ""),
    row("w", "BaseProcessorGroup", &["BaseG"], Some("0"), VPORTS),
    row("w", "BaseProcessorNumber", &["BaseN"], Some("2"), VPORTS),
    row("w", "MaxProcessorNumber", &["MaxN"], Some("8"), VPORTS),
    row("w", "MaxProcessors", &["Max"], Some("4"), VPORTS),
    row("w", "NumaNode", &[], Some("1"), VPORTS),
    row("w", "Enabled", &[], Some("$false"), VPORTS),
    row("q", "Id", &[], Some("6"), VPORTS),
    row("p", "VPortID", &[], Some("1"), VPORTS),
    row("p", "SwitchID", &[], Some("0"), VPORTS),
    row("p", "FunctionID", &[], Some("PF"), VPORTS),
    row("p", "PhysicalFunction", &[], None, VPORTS),
    row("wxy", "NoRestart", &[], None, VPORTS),
    row("wxy", "PassThru", &[], None, VPORTS),
    row("wxy", "WhatIf", &["wi"], None, VPORTS),
    row("wxy", "Confirm", &["cf"], None, VPORTS),
    row("vwxyqp", "CimSession", &["Session"], Some("host"), ""),
    row("vwxyqp", "ThrottleLimit", &[], Some("4"), ""),
    row("vwxyqp", "AsJob", &[], None, ""),
];

/// All documented parameters.
fn documented() -> impl Iterator<Item = &'static Documented> {
    DOCUMENTED.iter().chain(&VMQ)
}

/// What may be missing.
const EXCEPTIONS: [&str; 4] = ["CimSession", "ThrottleLimit", "AsJob", "InputObject"];

fn cmdlets(of: &str) -> impl Iterator<Item = &'static str> + '_ {
    of.chars().map(|c| match c {
        'G' => "Get-NetAdapterRss",
        'S' => "Set-NetAdapterRss",
        'E' => "Enable-NetAdapterRss",
        'D' => "Disable-NetAdapterRss",
        'v' => "Get-NetAdapterVmq",
        'w' => "Set-NetAdapterVmq",
        'x' => "Enable-NetAdapterVmq",
        'y' => "Disable-NetAdapterVmq",
        'q' => "Get-NetAdapterVmqQueue",
        _ => "Get-NetAdapterVPort",
    })
}

/// Runs a cmdlet with one spelling of a parameter, without a daemon; `Confirm` says no to its question, which nobody could
/// answer.
fn run(cmdlet: &str, spelling: &str, d: &Documented) -> common::Said {
    let mut line = vec![cmdlet.to_owned()];
    if !matches!(d.name, "Name" | "InterfaceDescription") {
        line.extend(["-Name".into(), "nic0".into()]);
    }
    let settings = ["Base", "Max", "Numa", "Enabled"];
    if cmdlet.starts_with("Set") && d.shown != SETTING && !settings.iter().any(|s| d.name.starts_with(s)) {
        line.extend(["-MaxProcessors".into(), "4".into()]);
    }
    line.push(if d.name == "Confirm" { format!("-{spelling}:$false") } else { format!("-{spelling}") });
    line.extend(d.value.map(str::to_owned));
    rssctl(&line.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn every_documented_parameter_works_by_every_spelling_or_is_known_to_be_missing() {
    let mut wrong = Vec::new();
    for d in documented() {
        for cmdlet in cmdlets(d.of) {
            for spelling in std::iter::once(&d.name).chain(d.aliases) {
                let said = run(cmdlet, spelling, d);
                let missing = said.code == 2 && said.err.contains(&format!("-{} is not there yet", d.name));
                // 8: it is understood, and only the daemon is missing.
                let fits = if d.shown.is_empty() { missing } else { said.code == 8 };
                if !fits {
                    wrong.push(format!("{cmdlet} -{spelling}: {said:?}"));
                }
            }
        }
        if d.shown.is_empty() && !EXCEPTIONS.contains(&d.name) {
            wrong.push(format!("{} may not be missing", d.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn windows_and_the_translation_have_the_same_parameters() {
    for letter in ["G", "S", "E", "D", "v", "w", "x", "y", "q", "p"] {
        let name = cmdlets(letter).next().unwrap();
        let cmdlet = CMDLETS.iter().find(|c| c.name == name).unwrap();
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list
        };
        let spelled = |name: &str, aliases: &[&str]| format!("{name} {}", aliases.join(" "));
        let documented =
            documented().filter(|d| d.of.contains(letter)).map(|d| spelled(d.name, d.aliases)).collect();
        let translated =
            parameters(cmdlet).iter().filter(|p| !p.common).map(|p| spelled(p.name, p.aliases)).collect();
        assert_eq!(sorted(translated), sorted(documented), "{name}");
    }
}

/// What becomes of a parameter here.
fn here(p: &Parameter) -> String {
    match p.meaning {
        Meaning::Names => "`NAME..`".into(),
        Meaning::Each(o) | Meaning::Value(o) => format!("`{o}`"),
        Meaning::Switch(o) | Meaning::Question(o) => format!("`{o}`"),
        Meaning::Setting(o, Part::Whole) => format!("`--{o}`"),
        Meaning::Setting(o, Part::Group) => format!("`--{o} G:`"),
        Meaning::Setting(o, Part::Number) => format!("`--{o} :N`"),
        Meaning::Nothing => "accepted; an adapter is never restarted".into(),
        Meaning::Inside(kind) => format!("`--encapsulation +{kind}` or `-{kind}`"),
        Meaning::InsideType => "`--encapsulation +KIND` or `-KIND`".into(),
        Meaning::ErrorAction => "`--quiet`".into(),
        Meaning::NotYet => format!("missing: {}", p.instead),
    }
}

/// The parameter of the first cmdlet that has it.
fn of(letters: &str, name: &str) -> Parameter {
    let cmdlet = cmdlets(letters).next().unwrap();
    let cmdlet = CMDLETS.iter().find(|c| c.name == cmdlet).unwrap();
    parameters(cmdlet).into_iter().find(|p| p.name == name).unwrap()
}

/// The section of VMQ and VPorts.
fn virtual_ports() -> String {
    let mut out = String::from(
        "\n## VMQ and VPorts\n\n\
         Every parameter of Get-, Set-, Enable- and Disable-NetAdapterVmq, of Get-NetAdapterVmqQueue and of Get-NetAdapterVPort. As\n\
         on Windows the processors of VMQ are those of RSS. What Windows makes VPorts with belongs to its virtual switch; here it is\n\
         `rssctl vport create`.\n\n\
         All of it works on the software NIC. On a network card a VPort is an RSS context with receive rules, with mlx5_core and sfc\n\
         alone, and after their source: it has never run on real hardware. There a filter needs an address, spreading is static, and\n\
         where packets without a hash go is the hardware's business; with every other driver it is refused as not supported by name.\n\n\
         | Parameter | Aliases | Get-Vmq | Set-Vmq | Enable-Vmq | Disable-Vmq | Get-VmqQueue | Get-VPort | Here | Shown by |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for d in &VMQ {
        let aliases: Vec<String> = d.aliases.iter().map(|a| format!("`{a}`")).collect();
        let shown = if d.shown.is_empty() { "-".into() } else { format!("`{}`", d.shown) };
        let has = |letter: char| if d.of.contains(letter) { " x |" } else { "  |" };
        let columns: String = "vwxyqp".chars().map(has).collect();
        let _ = writeln!(
            out,
            "| `{}` | {} |{columns} {} | {shown} |",
            d.name,
            aliases.join(", "),
            here(&of(d.of, d.name))
        );
    }
    out
}

fn ledger() -> String {
    let mut out = String::from(
        "# Parity with Windows\n\n\
         Every parameter of Get-, Set-, Enable- and Disable-NetAdapterRss (Windows Server 2016 to 2025), and what it is here. This\n\
         file is written by `RSSMGR_BLESS=1 cargo test -p rssctl --test parity`, and that test compares it.\n\n\
         The cmdlets themselves are understood: `rssctl Set-NetAdapterRss -Name nic0 -Profile Closest -WhatIf`. Case does not matter,\n\
         parameters may be shortened as long as only one fits, values follow as the next word or after a colon. In a POSIX shell\n\
         quote what starts with a dollar sign: `-Enabled '$true'`.\n\n\
         Each spelling of each row is run by `cargo test -p rssctl --test parity`; what it does is shown by the test in the last\n\
         column (`cargo test -p CRATE --test FILE NAME`).\n\n\
         | Parameter | Aliases | Get | Set | Enable | Disable | Here | Shown by |\n|---|---|---|---|---|---|---|---|\n",
    );
    let set = CMDLETS.iter().find(|c| c.name == "Set-NetAdapterRss").unwrap();
    for d in &DOCUMENTED {
        let p = parameters(set).into_iter().find(|p| p.name == d.name).unwrap();
        let here = here(&p);
        let has = |letter: &str| if d.of.contains(letter) { "x" } else { "" };
        let aliases: Vec<String> = d.aliases.iter().map(|a| format!("`{a}`")).collect();
        let shown = if d.shown.is_empty() { "-".into() } else { format!("`{}`", d.shown) };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {here} | {shown} |",
            d.name,
            aliases.join(", "),
            has("G"),
            has("S"),
            has("E"),
            has("D")
        );
    }
    out += &virtual_ports();
    out += "\n## Settings\n\n\
            Every setting with its spellings. Those without a PowerShell parameter cannot be set on Windows.\n\n\
            | Setting | Option | PowerShell | WMI property | Allowed |\n|---|---|---|---|---|\n";
    for f in &FIELDS {
        let code = |list: Vec<&str>| list.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            out,
            "| `{}` | `--{} {}` | {} | {} | {} |",
            f.key,
            f.flag,
            f.value_name.replace('|', "\\|"),
            code(f.powershell.iter().map(|p| p.name).collect()),
            code(f.wmi.to_vec()),
            f.allowed
        );
    }
    out += "\n## Other cmdlets\n\n\
            Those of Windows that are understood too, with the parameters that mean something here.\n\n\
            | Cmdlet | Here | Parameters |\n|---|---|---|\n";
    for cmdlet in CMDLETS.iter().filter(|c| !c.name.ends_with("-NetAdapterRss")) {
        let all = parameters(cmdlet);
        let here = all.iter().filter(|p| !p.common && p.meaning != Meaning::NotYet);
        let names: Vec<String> = here.map(|p| format!("`{}`", p.name)).collect();
        let _ = writeln!(out, "| `{}` | `rssctl {}` | {} |", cmdlet.name, cmdlet.every, names.join(", "));
    }
    out
}

#[test]
fn the_ledger_is_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (file, test) in documented().filter_map(|d| d.shown.rsplit_once("::")) {
        let file = file.rsplit_once(' ').unwrap().1;
        let shown = fs::read_to_string(root.join(format!("rssmgrd/tests/cli/{file}.rs"))).unwrap();
        assert!(shown.contains(&format!("\nfn {test}()")), "there is no test {test}");
    }
    let path = root.join("PARITY.md");
    let text = ledger();
    if std::env::var_os("RSSMGR_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "PARITY.md is out of date: run it with RSSMGR_BLESS=1 and look at the difference");
}
