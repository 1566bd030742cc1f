//! Every example in a help text, the README and the manual pages is a command line that works: those that need no daemon
//! are run, of the others it is shown that they get as far as looking for one.

mod common;

use common::{Folder, bash, rssctl};
use rssmgr_core::packet::LinkType;
use rssmgr_host::capture::PcapWriter;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Lines that are commands of ours, as typed.
fn commands(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("$ ");
        let line = line.strip_prefix("target/release/").unwrap_or(line);
        // What is in capitals stands for something (`rssctl COMMAND --help`).
        let typed = line.split(" #").next().unwrap_or(line).trim_end();
        let placeholder = typed.split(' ').any(|w| w.len() > 1 && w.chars().all(|c| c.is_ascii_uppercase()));
        (typed.starts_with("rssctl ") && !placeholder && !typed.contains("...")).then(|| typed.to_owned())
    })
}

/// The help of every command, the program's own first.
fn helps() -> Vec<(String, String)> {
    fn collect(words: &[&str], out: &mut Vec<(String, String)>) {
        let said = rssctl(&[words, &["--help"]].concat());
        assert_eq!(said.code, 0, "{words:?}: {said:?}");
        let subcommands: Vec<String> = match said.out.split_once("Commands:\n") {
            Some((_, rest)) => {
                let list = rest.lines().take_while(|l| !l.is_empty());
                let names = list.filter(|l| l.starts_with("  ") && !l.starts_with("   "));
                names.filter_map(|l| l.split_whitespace().next().map(str::to_owned)).collect()
            }
            None => Vec::new(),
        };
        out.push((words.join(" "), said.out));
        for name in subcommands {
            collect(&[words, &[name.as_str()]].concat(), out);
        }
    }
    let mut out = Vec::new();
    collect(&[], &mut out);
    out
}

fn works(line: &str, folder: &Folder) -> Result<(), String> {
    let said = bash(line, &folder.0);
    let offline = ["rssctl hash", "rssctl generate", "rssctl plan --sysroot", "rssctl plan --topology"];
    // The daemon's program is not beside the one that is tested; that it was looked for is what can be shown.
    let wanted: &[i32] = match line {
        _ if offline.iter().any(|o| line.starts_with(o)) => &[0],
        // By what it finds on the machine that runs the test.
        _ if line.starts_with("rssctl doctor") => &[0, 20, 21],
        _ if line.starts_with("rssctl config check") => &[0, 1, 65],
        _ if line.split(' ').any(|w| w == "--confirm") => &[2],
        _ => &[8],
    };
    if wanted.contains(&said.code) { Ok(()) } else { Err(format!("{line}\n  {said:?}, expected {wanted:?}")) }
}

#[test]
fn examples_work() {
    let folder = Folder::new("examples");
    let mut capture = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
    capture.write(0, &[0; 60], 60).unwrap();
    folder.file("traffic.pcap", &capture.finish().unwrap());
    folder.file("rssmgrd.toml", b"");
    folder.file("flows.txt", b"192.0.2.1:1 198.51.100.7:443 tcp\n");
    fs::create_dir_all(folder.0.join("recorded/sys/devices/system/cpu/cpu0")).unwrap();

    let helps = helps();
    let mut lines = BTreeSet::new();
    for (command, help) in &helps {
        let found: Vec<String> = commands(help).collect();
        let parent = help.contains("Commands:\n");
        assert!(parent || !found.is_empty(), "`rssctl {command}` has no example");
        lines.extend(found);
    }
    assert!(helps.len() > 20 && lines.len() > 40, "{} helps, {} examples", helps.len(), lines.len());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for file in [
        "README.md",
        "packaging/man/rssmgrd.8",
        "packaging/man/rssmgrd.toml.5",
        "packaging/man/rssmgrd-profiles.7",
    ] {
        if let Ok(text) = fs::read_to_string(root.join(file)) {
            lines.extend(commands(&text.replace("\\-", "-")));
        }
    }
    let wrong: Vec<String> = lines.iter().filter_map(|l| works(l, &folder).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
