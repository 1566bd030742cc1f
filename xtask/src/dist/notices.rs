//! The licences of the libraries that are part of the programs, whose texts must go with them.

use crate::metadata::{Metadata, Package};
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// How files with licences begin, in upper case.
const FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

/// Each text once, with the libraries that came with it.
pub(super) fn text(metadata: &Metadata, programs: &[&str]) -> Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for library in libraries(metadata, programs) {
        let title = format!("{} {} ({})", library.name, library.version, library.license);
        let found = files(library).with_context(|| format!("cannot read the licence of {}", library.name))?;
        if found.is_empty() {
            without.push(title.clone());
        }
        for text in found {
            texts.entry(text).or_default().push(title.clone());
        }
    }
    let mut all = String::from("Libraries that are part of rssmgrd and rssctl, and their licences.\n");
    if !without.is_empty() {
        all += &format!("\nWithout a text of their own:\n  {}\n", without.join("\n  "));
    }
    for (text, titles) in texts {
        all += &format!("\n{}\n  {}\n\n{}\n", "-".repeat(80), titles.join("\n  "), text.trim_end());
    }
    Ok(all)
}

/// What the programs need, without what is ours, by name and version.
fn libraries<'a>(metadata: &'a Metadata, programs: &[&str]) -> Vec<&'a Package> {
    let ours = |package: &Package| package.member && programs.contains(&package.name.as_str());
    let mut open: Vec<&str> =
        metadata.packages.iter().filter(|(_, package)| ours(package)).map(|(id, _)| id.as_str()).collect();
    let mut seen: BTreeSet<&str> = open.iter().copied().collect();
    let mut found = Vec::new();
    while let Some(package) = open.pop().and_then(|id| metadata.packages.get(id)) {
        open.extend(package.needs.iter().map(String::as_str).filter(|id| seen.insert(id)));
        if !package.member {
            found.push(package);
        }
    }
    found.sort_by_key(|package| (&package.name, &package.version));
    found
}

/// The texts that come with a library.
fn files(library: &Package) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(&library.folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && FILES.iter().any(|start| name.starts_with(start)) {
            texts.push(String::from_utf8_lossy(&fs::read(&path)?).into_owned());
        }
    }
    texts.sort();
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_of_the_programs_is_named_and_no_text_comes_twice() {
        let folder = std::env::temp_dir().join(format!("rssmgr-notices-{}", std::process::id()));
        let mut metadata = Metadata { packages: BTreeMap::new(), target_directory: folder.clone() };
        let mut add = |name: &str, member, needs: &[&str], licence: Option<&str>| {
            let sources = folder.join(name);
            fs::create_dir_all(&sources).unwrap();
            fs::write(sources.join("README.md"), "not this").unwrap();
            if let Some(text) = licence {
                fs::write(sources.join("LICENSE-MIT"), text).unwrap();
            }
            let package = Package {
                name: name.into(),
                version: "1.2.3".into(),
                license: "MIT".into(),
                folder: sources,
                member,
                needs: needs.iter().map(|need| (*need).to_owned()).collect(),
                targets: Vec::new(),
            };
            metadata.packages.insert(name.to_owned(), package);
        };
        add("rssctl", true, &["own"], None);
        add("own", true, &["one", "two"], None);
        add("one", false, &["three"], Some("the text"));
        add("two", false, &[], Some("the text"));
        add("three", false, &["one"], None);
        add("other", false, &[], Some("another text"));
        let text = text(&metadata, &["rssctl"]);
        fs::remove_dir_all(&folder).unwrap();
        let text = text.unwrap();
        assert!(text.contains("Without a text of their own:\n  three 1.2.3 (MIT)\n"), "{text}");
        assert!(text.ends_with("\n  one 1.2.3 (MIT)\n  two 1.2.3 (MIT)\n\nthe text\n"), "{text}");
        assert_eq!((text.matches("the text").count(), text.matches("not this").count()), (1, 0), "{text}");
        assert!(!text.contains("other") && !text.contains("own 1"), "{text}");
    }
}
