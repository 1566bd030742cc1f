//! `cargo xtask dist`: the Debian package, from programs of any profile and the project's files.

mod control;
mod needs;
mod notices;
mod tree;

use crate::metadata::Metadata;
use crate::run::Project;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use tree::Tree;

/// What the package is made from.
pub(crate) struct Recipe {
    /// Cargo's profile.
    profile: &'static str,
    /// Debian's revision of our version: a higher one is an upgrade.
    revision: u32,
    /// As `dpkg-deb -Z` takes it.
    compression: &'static str,
    /// Whether nothing of the building machine's paths may be in the programs.
    remapped: bool,
    /// Where the package goes, below the target folder.
    folder: &'static str,
}

/// What is handed out.
const RELEASE: Recipe =
    Recipe { profile: "dist", revision: 1, compression: "xz", remapped: true, folder: "dist" };

impl Recipe {
    /// The package of a guest: quick to build and to unpack, of the programs that the other guests have.
    pub(crate) const fn quick(revision: u32) -> Self {
        Self { profile: "release", revision, compression: "none", remapped: false, folder: "product" }
    }
}

/// `cargo xtask dist`
pub(crate) fn dist(project: &Project) -> Result<bool> {
    let started = Instant::now();
    let package = build(project, &RELEASE)?;
    println!(
        "{}: {} KiB, {:.1} s",
        package.display(),
        package.metadata()?.len().div_ceil(1024),
        started.elapsed().as_secs_f64()
    );
    Ok(true)
}

/// Builds the programs and makes a package of them.
pub(crate) fn build(project: &Project, recipe: &Recipe) -> Result<PathBuf> {
    let mut call = project.cargo(&[
        "build",
        "--locked",
        "--profile",
        recipe.profile,
        "--bin",
        "rssmgrd",
        "--bin",
        "rssctl",
    ]);
    if recipe.remapped {
        call = call.env("CARGO_ENCODED_RUSTFLAGS", &remapping(project)?);
    }
    ensure!(call.status()?, "the programs do not build");
    let metadata = Metadata::read(project)?;
    let notices = notices::text(&metadata, &tree::PROGRAMS)?;
    let target = metadata.target_directory;
    let programs = target.join(if recipe.profile == "dev" { "debug" } else { recipe.profile });
    package(project, &programs, recipe, &notices, &target.join(recipe.folder))
}

/// Paths of the building machine, replaced in what the compiler writes into programs.
fn remapping(project: &Project) -> Result<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?;
    let flag = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags: Vec<String> =
        std::env::var("RUSTFLAGS").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    flags.extend([flag(&home, "/usr/src/cargo"), flag(&project.root, "/usr/src/rssmgr")]);
    Ok(flags.join("\u{1f}"))
}

/// Makes a package in `folder` of programs that are built.
fn package(
    project: &Project,
    programs: &Path,
    recipe: &Recipe,
    notices: &str,
    folder: &Path,
) -> Result<PathBuf> {
    let version = control::version(recipe.revision);
    let architecture = control::architecture()?;
    let epoch = epoch(project)?;
    let staged = folder.join("staged");
    if staged.exists() {
        fs::remove_dir_all(&staged).with_context(|| format!("cannot empty {}", staged.display()))?;
    }
    let mut tree = Tree::new(&project.root, &staged)?;
    tree.programs(programs)?;
    tree.files()?;
    tree.document("changelog.Debian", &control::changelog(&version, epoch)?)?;
    tree.document("libraries", notices)?;
    let size = tree.kibibytes();
    let needs = needs::of(&tree.program_files())?;
    tree.control("control", &control::control(&version, architecture, &needs, size))?;
    tree.control("conffiles", &tree.configuration())?;
    tree.control("md5sums", &tree.sums()?)?;

    let file = folder.join(format!("{}_{version}_{architecture}.deb", control::NAME));
    // One thread: several write the same content in other bytes.
    let status = Command::new("dpkg-deb")
        .args(["--root-owner-group", "--threads-max=1", "-Z", recipe.compression, "--build"])
        .args([&staged, &file])
        .env("SOURCE_DATE_EPOCH", epoch.to_string())
        .stdout(std::process::Stdio::null())
        .status()
        .context("cannot run dpkg-deb, which makes the package: build on Debian, or install dpkg")?;
    ensure!(status.success(), "dpkg-deb failed");
    fs::remove_dir_all(&staged)?;
    Ok(file)
}

/// The time of everything in the package, in seconds: as the environment says, else of the last commit.
fn epoch(project: &Project) -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => project.program(Path::new("git"), &["log", "-1", "--format=%ct"]).output()?,
    };
    text.trim()
        .parse()
        .with_context(|| format!("SOURCE_DATE_EPOCH: `{}` is no number of seconds", text.trim()))
}

/// The output of a program that must succeed.
fn output(command: &mut Command, package: &str) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.env("LC_ALL", "C").output();
    let output =
        output.with_context(|| format!("cannot run {program}, which is in Debian's package {package}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} failed: {}", said.trim());
    String::from_utf8(output.stdout).with_context(|| format!("{program} wrote no UTF-8"))
}

#[cfg(test)]
mod tests;
