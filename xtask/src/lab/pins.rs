//! `xtask/lab.toml`: which packages the lab is made of, in which versions.

use super::apt::Apt;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::fs;
use std::path::Path;

const HEADER: &str = "\
# What the kernel lab is made of: Debian packages, unpacked under target/lab and never installed.
# `want`, `suites`, `prefer` and `closure` are written by hand; `cargo xtask lab update` moves `pins`.
# closure = true: with all that they depend on, so that the group's programs run on any distribution.
# closure = false: the newest version that all patterns share.
# Groups whose name starts with `linux-` are kernels, each a row of the lab's matrix.
";

/// The data file.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pins {
    #[serde(rename = "group")]
    pub(crate) groups: Vec<Group>,
}

/// Packages that are unpacked into one folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// Names, or patterns with one `*`.
    pub(crate) want: Vec<String>,
    /// Where to look.
    pub(crate) suites: Vec<String>,
    /// The suite that wins where several have a package.
    pub(crate) prefer: String,
    /// Whether the dependencies belong to it.
    pub(crate) closure: bool,
    /// `name=version`, sorted.
    pub(crate) pins: Vec<String>,
}

impl Pins {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is no list of pins", file.display()))
    }

    /// Pins the newest versions; what moved, in words.
    pub(crate) fn update(&mut self, apt_folder: &Path) -> Result<Vec<String>> {
        let mut moved = Vec::new();
        for group in &mut self.groups {
            println!("{}: reading the lists of {}", group.name, group.suites.join(", "));
            let apt = Apt::new(apt_folder, &group.name, &group.suites)?;
            apt.update()?;
            let new = if group.closure {
                apt.closure(&group.want, &group.prefer)?
            } else {
                apt.newest(&group.want)?
            };
            let fresh = new.iter().filter(|pin| !group.pins.contains(pin));
            moved.extend(fresh.map(|pin| format!("{}: {pin}", group.name)));
            group.pins = new;
        }
        Ok(moved)
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for group in &self.groups {
            text += &format!(
                "\n[[group]]\nname = {:?}\nwant = {:?}\nsuites = {:?}\nprefer = {:?}\nclosure = {}\npins = [\n",
                group.name, group.want, group.suites, group.prefer, group.closure
            );
            for pin in &group.pins {
                text += &format!("    {pin:?},\n");
            }
            text += "]\n";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_reads_back() {
        let group = Group {
            name: "linux-6.1".into(),
            want: vec!["linux-image-6.1.0-*-amd64".into()],
            suites: vec!["bookworm".into(), "bookworm-security".into()],
            prefer: "bookworm".into(),
            closure: false,
            pins: vec!["a=1:2+b~c".into()],
        };
        let pins = Pins { groups: vec![group.clone(), Group { pins: vec![], ..group }] };
        assert_eq!(toml::from_str::<Pins>(&pins.text()).unwrap(), pins);
    }

    #[test]
    fn the_projects_file_is_as_update_writes_it() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab.toml");
        let pins = Pins::read(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), pins.text());
        assert!(pins.groups.iter().all(|group| !group.pins.is_empty()));
    }
}
