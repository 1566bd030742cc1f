//! Debian packages without touching the machine's package management: apt with its own sources, lists and cache under
//! `target/lab/apt`, and `dpkg -x`. Nothing is installed. Mirrors are those that the machine's apt is configured with.

use anyhow::{Context as _, Result, bail, ensure};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Signs every suite that the lab reads; from the package of the same name, on Debian's derivatives too.
pub(crate) const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The names that a plain release of Debian has in an apt source, as opposed to `-security`, `-updates`, `-backports`.
const RELEASES: &[&str] =
    &["bookworm", "trixie", "forky", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable"];

/// A private apt for some suites.
pub(crate) struct Apt {
    folder: PathBuf,
    sources: PathBuf,
}

/// Where the machine gets Debian from.
struct Mirrors {
    main: String,
    security: Option<String>,
}

impl Apt {
    /// An apt that knows `suites` alone, its state in `folder`.
    pub(crate) fn new(folder: &Path, name: &str, suites: &[String]) -> Result<Self> {
        let mirrors = Mirrors::of_this_machine()?;
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part)).with_context(|| format!("cannot make {part} for apt"))?;
        }
        // An empty status: packages are resolved as for an empty machine, so the result is whole by itself.
        fs::write(folder.join("status"), "")?;
        let sources = folder.join(format!("{name}.sources"));
        fs::write(&sources, mirrors.sources(suites)?)?;
        Ok(Self { folder: folder.to_owned(), sources })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let mut option = |name: &str, value: &OsStr| {
            let mut text = std::ffi::OsString::from(format!("{name}="));
            text.push(value);
            command.arg("-o").arg(text);
        };
        option("Dir::Etc::sourcelist", self.sources.as_os_str());
        option("Dir::Etc::sourceparts", "/dev/null".as_ref());
        option("Dir::Etc::preferences", "/dev/null".as_ref());
        option("Dir::Etc::preferencesparts", "/dev/null".as_ref());
        option("Dir::State::lists", self.folder.join("lists").as_os_str());
        option("Dir::State::status", self.folder.join("status").as_os_str());
        option("Dir::Cache", self.folder.join("cache").as_os_str());
        // Groups with other sources share the lists.
        option("APT::Get::List-Cleanup", "false".as_ref());
        option("Acquire::Languages", "none".as_ref());
        option("Acquire::Retries", "3".as_ref());
        option("APT::Sandbox::User", "root".as_ref());
        option("APT::Architecture", "amd64".as_ref());
        command.env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    fn output(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self
            .command(program)
            .args(arguments)
            .output()
            .with_context(|| format!("cannot run {program}: the lab fetches Debian packages with it"))?;
        ensure!(
            output.status.success(),
            "{program} {} failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        String::from_utf8(output.stdout).with_context(|| format!("{program} wrote no UTF-8"))
    }

    /// Reads the package lists anew.
    pub(crate) fn update(&self) -> Result<()> {
        self.output("apt-get", &["update", "-q", "--error-on=any"]).map(drop)
    }

    /// All packages with these versions into `folder`; those that are there are not loaded again. apt checks every
    /// file against the signed lists.
    pub(crate) fn download(&self, pins: &[String], folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        let run = || -> Result<()> {
            let output = self.command("apt-get").current_dir(folder).arg("download").args(pins).output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
            Ok(())
        };
        if run().is_ok() {
            return Ok(());
        }
        // No lists yet, or old ones.
        self.update()?;
        run().context("the mirror has not all pinned versions; `cargo xtask lab update` moves the pins")
    }

    /// `want` and everything they depend on, as `name=version`, `prefer` before the other suites.
    pub(crate) fn closure(&self, want: &[String], prefer: &str) -> Result<Vec<String>> {
        let mut arguments = vec!["-s", "--no-install-recommends", "-t", prefer, "install"];
        arguments.extend(want.iter().map(String::as_str));
        let plan = self.output("apt-get", &arguments)?;
        let mut pins: Vec<String> = plan.lines().filter_map(planned).collect();
        pins.sort();
        for name in want {
            let there = pins.iter().any(|pin| pin.split('=').next() == Some(name));
            ensure!(there, "apt plans to install {name} without naming it");
        }
        Ok(pins)
    }

    /// The newest version that every pattern has a package of, as `name=version`. A `*` stands for any text without
    /// a hyphen, which leaves out kernel flavours.
    pub(crate) fn newest(&self, patterns: &[String]) -> Result<Vec<String>> {
        let mut found: Vec<Vec<(String, String)>> = Vec::new();
        for pattern in patterns {
            let prefix = pattern.split('*').next().unwrap_or_default();
            let names = self.output("apt-cache", &["pkgnames", prefix])?;
            let names: Vec<&str> = names.lines().filter(|name| matches(pattern, name)).collect();
            ensure!(!names.is_empty(), "no package matches {pattern}");
            let table = self.output("apt-cache", &[&["madison"], &names[..]].concat())?;
            found.push(table.lines().filter_map(row).collect());
        }
        let (first, others) = found.split_first().context("a group without packages")?;
        let mut best: Option<&(String, String)> = None;
        for candidate in first {
            let everywhere =
                others.iter().all(|other| other.iter().any(|(_, version)| *version == candidate.1));
            if everywhere && best.is_none_or(|best| newer(&candidate.1, &best.1)) {
                best = Some(candidate);
            }
        }
        let Some((_, version)) = best else { bail!("no version has packages for all of {patterns:?}") };
        let pick = |of: &Vec<(String, String)>| {
            of.iter().find(|(_, v)| v == version).map(|(name, v)| format!("{name}={v}"))
        };
        Ok(found.iter().filter_map(pick).collect())
    }
}

impl Mirrors {
    fn of_this_machine() -> Result<Self> {
        let output = Command::new("apt-get")
            .args(["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"])
            .stdin(Stdio::null())
            .output()
            .context("cannot run apt-get: the lab fetches Debian packages with it")?;
        Self::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// From lines of address, suite and component.
    fn parse(text: &str) -> Result<Self> {
        let rows: Vec<[&str; 3]> = text
            .lines()
            .filter_map(|line| <[&str; 3]>::try_from(line.split(' ').collect::<Vec<_>>()).ok())
            .filter(|[_, _, component]| *component == "main")
            .collect();
        let main = rows.iter().find(|[_, suite, _]| RELEASES.contains(suite));
        let main =
            main.context("apt has no source of a Debian release, from which the lab takes QEMU and kernels")?;
        let security = rows.iter().find(|[_, suite, _]| {
            suite.strip_suffix("-security").is_some_and(|release| RELEASES.contains(&release))
        });
        Ok(Self { main: main[0].to_owned(), security: security.map(|[address, ..]| (*address).to_owned()) })
    }

    fn sources(&self, suites: &[String]) -> Result<String> {
        let mut text = String::new();
        for suite in suites {
            let mirror = if suite.ends_with("-security") {
                self.security.as_ref().context("apt has no source of Debian's security updates")?
            } else {
                &self.main
            };
            text += &format!(
                "Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nArchitectures: amd64\nSigned-By: {KEYRING}\n\n"
            );
        }
        Ok(text)
    }
}

/// Where the machine gets Debian's releases from.
pub(crate) fn mirror() -> Result<String> {
    Ok(Mirrors::of_this_machine()?.main)
}

/// Unpacks packages into `root`, without running any of their scripts.
pub(crate) fn unpack(packages: &[PathBuf], root: &Path) -> Result<()> {
    fs::create_dir_all(root)?;
    for package in packages {
        let status = Command::new("dpkg").arg("-x").args([package, root]).status();
        let status = status.context("cannot run dpkg")?;
        ensure!(status.success(), "dpkg -x {} failed", package.display());
    }
    Ok(())
}

/// `name=version` of a line `Inst name [old] (version suite [arch])` of a simulated installation.
fn planned(line: &str) -> Option<String> {
    let rest = line.strip_prefix("Inst ")?;
    let name = rest.split(' ').next()?;
    let version = rest.split_once('(')?.1.split(' ').next()?;
    Some(format!("{name}={version}"))
}

/// Name and version of a line `name | version | source` of `apt-cache madison`.
fn row(line: &str) -> Option<(String, String)> {
    let mut columns = line.split('|').map(str::trim);
    let (name, version) = (columns.next()?, columns.next()?);
    (columns.next()?.ends_with("Packages")).then(|| (name.to_owned(), version.to_owned()))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|middle| !middle.is_empty() && !middle.contains('-')),
    }
}

fn newer(a: &str, b: &str) -> bool {
    Command::new("dpkg").args(["--compare-versions", a, "gt", b]).status().is_ok_and(|s| s.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_come_from_the_machines_sources() {
        let text = "http://a/x/ jammy main\nhttp://b/y/ trixie-updates main\nhttp://b/y/ trixie main\n\
                    http://c/z/ trixie-security main\nhttp://d/ sid contrib";
        let mirrors = Mirrors::parse(text).unwrap();
        let sources = mirrors.sources(&["sid".into(), "bookworm-security".into()]).unwrap();
        let lines: Vec<&str> =
            sources.lines().filter(|l| l.starts_with("URIs") || l.starts_with("Suites")).collect();
        let expected = ["URIs: http://b/y/", "Suites: sid", "URIs: http://c/z/", "Suites: bookworm-security"];
        assert_eq!(lines, expected);
        assert!(Mirrors::parse("http://a/x/ jammy main").is_err());
        let plain = Mirrors::parse("http://b/y/ trixie main").unwrap();
        assert!(plain.sources(&["trixie-security".into()]).is_err());
    }

    #[test]
    fn flavours_do_not_match_a_pattern() {
        let pattern = "linux-image-6.12.*+deb12-amd64";
        assert!(matches(pattern, "linux-image-6.12.100+deb12-amd64"));
        for other in
            ["linux-image-6.12.100+deb12-rt-amd64", "linux-image-6.12.90-1+deb12-amd64", "linux-image-6.1"]
        {
            assert!(!matches(pattern, other), "{other}");
        }
    }

    #[test]
    fn reads_what_apt_prints() {
        let inst = "Inst libc6 [2.35] (2.36-9+deb12u14 Debian:12/oldstable [amd64]) []";
        assert_eq!(planned(inst).unwrap(), "libc6=2.36-9+deb12u14");
        assert_eq!(planned("Conf libc6 (2.36-9 Debian:12 [amd64])"), None);
        let madison = "   ethtool |    1:6.1-1 | http://a/debian bookworm/main amd64 Packages";
        assert_eq!(row(madison).unwrap(), ("ethtool".to_owned(), "1:6.1-1".to_owned()));
        assert_eq!(row("   ethtool |    1:6.1-1 | http://a/debian bookworm/main Sources"), None);
    }
}
