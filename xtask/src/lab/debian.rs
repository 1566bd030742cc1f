//! The disk of the full guest: a Debian with systemd, D-Bus and polkit, for tests of the installed product.

use super::apt;
use super::store::Store;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const RELEASE: &str = "bookworm";
const PACKAGES: &str =
    "systemd,systemd-sysv,libpam-systemd,dbus,polkitd,ethtool,iproute2,irqbalance,kmod,udev,strace";

/// Ample for the packages and for what tests install.
const SIZE: &str = "1200M";

/// The disk's image, made when it is not there or was made of other packages. Guests never write to it.
pub(crate) fn disk(store: &Store) -> Result<PathBuf> {
    let folder = store.derived("debian-tools");
    let (image, stamp) = (folder.join("disk"), folder.join("disk.recipe"));
    let recipe = format!("{RELEASE} {PACKAGES} {SIZE}");
    if image.is_file() && fs::read_to_string(&stamp).is_ok_and(|there| there == recipe) {
        return Ok(image);
    }
    let started = Instant::now();
    println!("debian: making the disk");
    let root = folder.join("root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    fs::create_dir_all(&folder)?;
    let tools = store.group("debian-tools");
    run(Command::new("sh")
        .arg(tools.join("usr/sbin/debootstrap"))
        .args(["--variant=minbase", &format!("--include={PACKAGES}"), &format!("--keyring={}", apt::KEYRING)])
        .args([RELEASE.as_ref(), root.as_os_str(), apt::mirror()?.as_ref()])
        .env("DEBOOTSTRAP_DIR", tools.join("usr/share/debootstrap")))?;
    prepare(&root)?;
    run(Command::new("mke2fs").args(["-q", "-t", "ext4", "-F", "-d"]).args([&root, &image]).arg(SIZE))?;
    fs::remove_dir_all(&root)?;
    fs::write(stamp, recipe)?;
    println!("debian: ready after {:.1} s", started.elapsed().as_secs_f64());
    Ok(image)
}

/// What the guest's first process and the agent rely on.
fn prepare(root: &Path) -> Result<()> {
    fs::create_dir_all(root.join("share"))?;
    fs::write(root.join("etc/hostname"), "guest\n")?;
    fs::write(root.join("etc/fstab"), "")?;
    let archives = root.join("var/cache/apt/archives");
    for entry in fs::read_dir(&archives)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {program}"))?;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(5).collect();
    ensure!(
        output.status.success(),
        "{program} failed: {}",
        last.into_iter().rev().collect::<Vec<_>>().join("; ")
    );
    Ok(())
}
