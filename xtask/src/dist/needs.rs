//! Which packages a program needs for its libraries, from what it says of itself. Debian's own tool for that belongs to
//! `dpkg-dev`, which a Rust toolchain does without; `objdump` comes with every linker.

use super::output;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// A library, the package that has it, and how its symbol versions begin.
const LIBRARIES: &[(&str, &str, &str)] = &[
    ("libc.so.6", "libc6", "GLIBC_"),
    ("libm.so.6", "libc6", "GLIBC_"),
    ("ld-linux-x86-64.so.2", "libc6", "GLIBC_"),
    ("ld-linux-aarch64.so.1", "libc6", "GLIBC_"),
    ("libgcc_s.so.1", "libgcc-s1", "GCC_"),
];

/// Lowest versions by package.
type Needs = BTreeMap<&'static str, Vec<u32>>;

/// The `Depends` of some programs.
pub(super) fn of(programs: &[PathBuf]) -> Result<String> {
    let mut needs = Needs::new();
    for program in programs {
        let text = output(Command::new("objdump").arg("-p").arg(program), "binutils")?;
        add(&text, &mut needs).with_context(|| format!("{} cannot be packaged", program.display()))?;
    }
    let version = |parts: &[u32]| parts.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    let needs = needs.iter().map(|(package, least)| format!("{package} (>= {})", version(least)));
    Ok(needs.collect::<Vec<_>>().join(", "))
}

fn add(text: &str, needs: &mut Needs) -> Result<()> {
    let mut from = None;
    for line in text.lines().map(str::trim) {
        if let Some(library) = line.strip_prefix("NEEDED") {
            row(library.trim())?;
        } else if let Some(library) = line.strip_prefix("required from ") {
            from = Some(row(library.trim_end_matches(':'))?);
        } else if let (Some((_, package, prefix)), Some(symbols)) = (from, line.split(' ').next_back())
            && let Some(version) = symbols.strip_prefix(prefix)
        {
            // What has no number is private to the libraries of one package.
            if let Ok(version) = version.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>() {
                let least = needs.entry(package).or_default();
                if version > *least {
                    *least = version;
                }
            }
        }
    }
    Ok(())
}

fn row(library: &str) -> Result<(&'static str, &'static str, &'static str)> {
    let row = LIBRARIES.iter().find(|(name, ..)| *name == library);
    row.copied()
        .with_context(|| format!("no package is known for {library}; xtask/src/dist/needs.rs has the list"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_highest_version_of_each_package_counts() {
        let text = "Dynamic Section:\n  NEEDED               libgcc_s.so.1\n  NEEDED               libc.so.6\n\n\
                    Version References:\n  required from libgcc_s.so.1:\n    0x0b79 0x00 14 GCC_3.0\n    0x0b79 0x00 09 GCC_4.2.0\n  \
                    required from libc.so.6:\n    0x0 0x00 18 GLIBC_2.9\n    0x0 0x00 16 GLIBC_2.34\n    0x0 0x00 1 GLIBC_PRIVATE\n";
        let mut needs = Needs::new();
        add(text, &mut needs).unwrap();
        assert_eq!(needs, Needs::from([("libc6", vec![2, 34]), ("libgcc-s1", vec![4, 2, 0])]));
        let unknown = add("  NEEDED   libpcap.so.0.8\n", &mut needs).unwrap_err();
        assert!(unknown.to_string().contains("libpcap.so.0.8"), "{unknown}");
    }

    #[test]
    fn agrees_with_debians_own_tool() {
        let program = std::env::current_exe().unwrap();
        let folder = std::env::temp_dir().join(format!("rssmgr-needs-{}", std::process::id()));
        fs::create_dir_all(folder.join("debian")).unwrap();
        fs::write(folder.join("debian/control"), "Source: x\nPackage: x\nArchitecture: any\n").unwrap();
        let theirs =
            Command::new("dpkg-shlibdeps").args(["-O", "-e"]).arg(&program).current_dir(&folder).output();
        fs::remove_dir_all(&folder).unwrap();
        let Ok(theirs) = theirs else {
            eprintln!("SKIPPED agrees_with_debians_own_tool: no dpkg-shlibdeps here");
            return;
        };
        let theirs = String::from_utf8(theirs.stdout).unwrap();
        let ours = of(&[program]).unwrap();
        let libc = |text: &str| {
            text.split(['=', ',']).map(str::trim).find(|p| p.starts_with("libc6 (>")).map(str::to_owned)
        };
        let of_theirs = theirs.trim().split_once("Depends=").unwrap().1;
        let names = |text: &str| {
            let mut names: Vec<_> =
                text.split(", ").map(|p| p.split(' ').next().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&ours), names(of_theirs), "{ours} and {theirs}");
        assert!(libc(&ours).is_some(), "{ours}");
        let version = |text: &str| {
            let at = text.split_once("libc6 (>= ").unwrap().1;
            at.split_once(')').unwrap().0.to_owned()
        };
        assert_eq!(version(&ours), version(of_theirs));
    }
}
