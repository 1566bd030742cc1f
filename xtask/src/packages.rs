//! Debian packages that some tests need beyond the Rust toolchain, a C compiler and git.

use crate::run::Project;
use anyhow::Result;
use std::path::Path;

/// A package, the program that shows that it is there, and what its absence costs.
struct Package {
    name: &'static str,
    program: &'static str,
    tests: &'static str,
}

/// The whole list: a test that needs more adds a row, and prints `SKIPPED name: reason` where the program is missing.
const PACKAGES: &[Package] = &[
    Package { name: "iproute2", program: "ip", tests: "frames of real interfaces, in network namespaces" },
    Package { name: "ethtool", program: "ethtool", tests: "what the kernel says, against another program" },
    Package { name: "strace", program: "strace", tests: "which system calls are made" },
    Package { name: "dbus", program: "dbus-daemon", tests: "the daemon on a bus of the test's own" },
];

/// What can be done about missing packages.
#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    Nothing,
    Install,
    /// Why not to install.
    Tell(&'static str),
}

fn remedy(missing: usize, root: bool, apt: bool) -> Remedy {
    match (missing, root, apt) {
        (0, ..) => Remedy::Nothing,
        (_, _, false) => Remedy::Tell("there is no apt-get here"),
        (_, false, true) => Remedy::Tell("installing needs root"),
        (_, true, true) => Remedy::Install,
    }
}

/// Installs what is missing where that is possible, else says which tests will be skipped. Never fails for lack of a
/// package: the tests that need it are skipped and counted as such.
pub(crate) fn ensure(project: &Project) -> Result<bool> {
    let missing: Vec<&Package> = PACKAGES.iter().filter(|p| !on_path(p.program)).collect();
    let names: Vec<&str> = missing.iter().map(|p| p.name).collect();
    let root = project.program(Path::new("id"), &["-u"]).output()?.trim() == "0";
    let why = match remedy(missing.len(), root, on_path("apt-get")) {
        Remedy::Nothing => return Ok(true),
        Remedy::Tell(why) => why,
        Remedy::Install => {
            let apt = |arguments: &[&str]| {
                let call = project.program(Path::new("apt-get"), arguments);
                call.env("DEBIAN_FRONTEND", "noninteractive").status()
            };
            let install = [&["install", "-y", "--no-install-recommends"], &names[..]].concat();
            if apt(&["update"])? && apt(&install)? {
                return Ok(true);
            }
            "apt-get failed"
        }
    };
    for package in missing {
        println!("without the package {} these tests are skipped: {}", package.name, package.tests);
    }
    println!("{why}; to have them: apt-get install {}", names.join(" "));
    Ok(true)
}

fn on_path(program: &str) -> bool {
    // Administrators' programs are often not on the path of others, who can run them all the same.
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|directory| directory.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_only_what_is_missing_and_only_as_root() {
        assert_eq!(remedy(0, false, false), Remedy::Nothing);
        assert_eq!(remedy(1, true, true), Remedy::Install);
        assert!(matches!(remedy(1, false, true), Remedy::Tell(why) if why.contains("root")));
        assert!(matches!(remedy(1, true, false), Remedy::Tell(why) if why.contains("apt-get")));
    }

    #[test]
    fn finds_programs() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program"));
    }
}
