//! Files that rssctl writes about itself and that are kept in the project: man pages, completions, JSON schemas.

use crate::metadata::Metadata;
use crate::run::{Call, Project};
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What `rssctl generate KIND --dir DIR` writes, and the folder where it is kept. These folders hold nothing else.
const KINDS: &[(&str, &str)] =
    &[("man", "man"), ("completions", "packaging/completions"), ("schema", "proto/schema")];

/// Builds all programs with the features that the tests use, so that nothing is compiled twice.
pub(crate) fn build(project: &Project) -> Call {
    project.cargo(&["build", "--locked", "--workspace", "--bins", "--tests"])
}

/// Writes all of them anew.
pub(crate) fn write(project: &Project) -> Result<bool> {
    let rssctl = built(project)?;
    for (kind, folder) in KINDS {
        let fresh = generate(project, &rssctl, kind)?;
        let folder = project.root.join(folder);
        empty(&folder)?;
        for (name, bytes) in fresh {
            fs::write(folder.join(&name), bytes).with_context(|| format!("cannot write {name}"))?;
        }
        println!("{}: written", folder.display());
    }
    Ok(true)
}

/// Compares them with what rssctl would write now.
pub(crate) fn check(project: &Project) -> Result<bool> {
    let rssctl = built(project)?;
    let mut differ = Vec::new();
    for (kind, folder) in KINDS {
        let kept = read(&project.root.join(folder))?;
        let fresh = generate(project, &rssctl, kind)?;
        differ.extend(differences(&kept, &fresh).into_iter().map(|d| format!("{folder}/{d}")));
    }
    for difference in &differ {
        println!("{difference}");
    }
    if !differ.is_empty() {
        println!("run `cargo xtask man` and commit what it writes");
    }
    Ok(differ.is_empty())
}

/// The rssctl of a debug build.
fn built(project: &Project) -> Result<PathBuf> {
    ensure!(build(project).status()?, "rssctl does not build");
    Ok(Metadata::read(project)?.target_directory.join("debug/rssctl"))
}

/// What rssctl writes of one kind, by file name. It writes beside itself in the target folder, so that a failure
/// leaves the project's files alone.
fn generate(project: &Project, rssctl: &Path, kind: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = rssctl.with_file_name("xtask-generated").join(kind);
    empty(&folder)?;
    let path = folder.to_str().context("the path of the target folder is not UTF-8")?;
    let call = project.program(rssctl, &["generate", kind, "--dir", path]);
    let text = call.to_string();
    ensure!(call.status()?, "`{text}` failed");
    let files = read(&folder)?;
    ensure!(!files.is_empty(), "`{text}` wrote nothing");
    Ok(files)
}

/// Makes the folder, or removes what is in it: a page whose command is gone must go too.
fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// The files of a folder by name; an absent folder is an empty one.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
    }
    Ok(files)
}

/// The names of the files that differ, and how.
fn differences(kept: &BTreeMap<String, Vec<u8>>, fresh: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, bytes) in fresh {
        match kept.get(name) {
            None => found.push(format!("{name}: missing")),
            Some(old) if old != bytes => found.push(format!("{name}: out of date")),
            Some(_) => {}
        }
    }
    found.extend(
        kept.keys()
            .filter(|name| !fresh.contains_key(*name))
            .map(|name| format!("{name}: no longer written")),
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_the_program_writes_is_taken_and_old_files_go() {
        let folder = std::env::temp_dir().join(format!("xtask-generated-test-{}", std::process::id()));
        let project = Project::at(&folder);
        fs::create_dir_all(folder.join("xtask-generated/man")).unwrap();
        fs::write(folder.join("xtask-generated/man/old.1"), "").unwrap();
        // A shell by another name, which runs the script `generate` of the project.
        let program = folder.join("rssctl");
        symlink("/bin/sh", &program).unwrap();
        let run = |script: &str| {
            fs::write(folder.join("generate"), script).unwrap();
            generate(&project, &program, "man")
        };
        let files = run("echo \"$1 $2\" > \"$3/new.1\"").unwrap();
        assert_eq!(files, BTreeMap::from([("new.1".to_owned(), b"man --dir\n".to_vec())]));
        assert!(run("true").unwrap_err().to_string().contains("wrote nothing"));
        assert!(run("exit 1").unwrap_err().to_string().contains("failed"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn every_kind_of_difference_is_told() {
        let folder = |files: &[(&str, &str)]| {
            files.iter().map(|(n, t)| ((*n).to_owned(), t.as_bytes().to_vec())).collect::<BTreeMap<_, _>>()
        };
        let kept = folder(&[("same", "1"), ("changed", "1"), ("dropped", "1")]);
        let fresh = folder(&[("same", "1"), ("changed", "2"), ("new", "1")]);
        assert_eq!(
            differences(&kept, &fresh),
            ["changed: out of date", "new: missing", "dropped: no longer written"]
        );
        assert_eq!(differences(&kept, &kept), [""; 0]);
    }
}
