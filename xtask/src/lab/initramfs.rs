//! What the fast guest runs from: busybox, a few tools, the drivers, and our two scripts.

use super::cpio::Archive;
use super::kernel::Kernel;
use super::store::Store;
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const INIT: &str = include_str!("../../lab/init.sh");
const AGENT: &str = include_str!("../../lab/agent.sh");
const AGENT_SERVICE: &str = include_str!("../../lab/agent.service");

/// The modules that every guest loads, in this order, each after what it depends on.
const MODULES: &[&str] = &[
    "virtio_pci",
    "9pnet_virtio",
    "9p",
    "virtio_net",
    "igb",
    "e1000e",
    "vmxnet3",
    "tun",
    "veth",
    "bonding",
    "bridge",
    "xsk_diag",
];

/// The modules of a guest that goes on from a disk.
const DISK_MODULES: &[&str] = &["crc32c_generic", "ext4", "virtio_blk"];

/// Programs of the group `tools`, beside busybox.
const TOOLS: &[&str] = &["bin/dash", "sbin/ethtool", "usr/bin/strace", "bin/ip", "bin/ss", "sbin/tc"];

/// What the parts that are kept were made by: this file. Packages that change take the parts with them.
const RECIPE: &str = include_str!("initramfs.rs");

/// Where Debian's packages keep libraries.
const LIBRARIES: &[&str] = &["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];

/// The program that starts a dynamically linked one.
pub(crate) const LOADER: &str = "lib64/ld-linux-x86-64.so.2";

/// The library path below an unpacked root.
pub(crate) fn library_path(root: &Path) -> String {
    let folders: Vec<String> =
        LIBRARIES.iter().map(|folder| root.join(folder).display().to_string()).collect();
    folders.join(":")
}

/// busybox, as it runs here too.
pub(crate) fn busybox(store: &Store) -> PathBuf {
    store.group("tools").join("bin/busybox")
}

/// The initramfs of a kernel, with more programs of this machine and the libraries that they need.
pub(crate) fn build(
    store: &Store,
    kernel_name: &str,
    kernel: &Kernel,
    programs: &[PathBuf],
) -> Result<Vec<u8>> {
    let mut bytes = derived(&store.derived("tools"), "tools", RECIPE, || tools(store))?;
    let modules = || modules(kernel, &busybox(store));
    bytes.extend(derived(&store.derived(kernel_name), "modules", RECIPE, modules)?);
    bytes.extend(ours(programs)?);
    Ok(bytes)
}

/// `make`'s result, kept in a file as long as what it is made from (`recipe`) stays.
fn derived(
    folder: &Path,
    name: &str,
    recipe: &str,
    make: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let (file, recipe_file) = (folder.join(format!("{name}.cpio")), folder.join(format!("{name}.recipe")));
    if fs::read_to_string(&recipe_file).is_ok_and(|there| there == recipe) {
        return fs::read(&file).with_context(|| format!("cannot read {}", file.display()));
    }
    let bytes = make()?;
    fs::create_dir_all(folder)?;
    fs::write(&file, &bytes)?;
    fs::write(&recipe_file, recipe)?;
    Ok(bytes)
}

fn tools(store: &Store) -> Result<Vec<u8>> {
    let root = store.group("tools");
    let mut archive = Archive::default();
    // Before anything is mounted the kernel opens these for the first process.
    archive.character_device("/dev/console", (5, 1))?;
    archive.character_device("/dev/null", (1, 3))?;
    for folder in
        ["/proc", "/sys", "/run", "/tmp", "/etc", "/root", "/share", "/sbin", "/usr/bin", "/usr/sbin"]
    {
        archive.folder(folder)?;
    }
    let busybox = busybox(store);
    archive.file("/bin/busybox", 0o755, &fs::read(&busybox)?)?;
    let applets = Command::new(&busybox).arg("--list").output().context("cannot run busybox")?;
    for applet in String::from_utf8_lossy(&applets.stdout).lines().filter(|a| !matches!(*a, "busybox" | "sh"))
    {
        archive.link(&format!("/bin/{applet}"), "busybox")?;
    }
    // busybox's own shell runs its applets in place of the programs of the same name.
    archive.link("/bin/sh", "/usr/bin/dash")?;
    let mut libraries = BTreeSet::new();
    for tool in TOOLS {
        let file = root.join(tool);
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Ahead of busybox's applet of the same name on the guest's path.
        archive.file(&format!("/usr/bin/{name}"), 0o755, &content)?;
        let loader = root.join(LOADER);
        let list = Command::new(&loader)
            .args(["--library-path", &library_path(&root), "--list"])
            .arg(&file)
            .output()?;
        ensure!(list.status.success(), "{tool} lacks libraries: {}", String::from_utf8_lossy(&list.stdout));
        libraries.extend(listed(&String::from_utf8_lossy(&list.stdout)));
    }
    add_libraries(&mut archive, &libraries)?;
    archive.file(&format!("/{LOADER}"), 0o755, &fs::read(root.join(LOADER))?)?;
    archive.finish()
}

fn modules(kernel: &Kernel, busybox: &Path) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    for (list, names) in [("all", MODULES), ("disk", DISK_MODULES)] {
        let mut order = String::new();
        for module in kernel.load_order(names, busybox)? {
            archive.file(&format!("/modules/{}.ko", module.name), 0o644, &module.content)?;
            order += &module.name;
            order.push('\n');
        }
        archive.file(&format!("/modules/{list}"), 0o644, order.as_bytes())?;
    }
    archive.finish()
}

/// The scripts, and programs with the libraries that this machine runs them with. Those replace the tools' libraries
/// where they are the same: a newer C library also runs older programs.
fn ours(programs: &[PathBuf]) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    archive.file("/init", 0o755, INIT.as_bytes())?;
    archive.file("/agent", 0o755, AGENT.as_bytes())?;
    archive.file("/agent.service", 0o644, AGENT_SERVICE.as_bytes())?;
    let mut libraries = BTreeSet::new();
    for program in programs {
        let content = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
        let name = program.file_name().with_context(|| format!("{} is no file", program.display()))?;
        archive.file(&format!("/usr/bin/{}", name.to_string_lossy()), 0o755, &content)?;
        let list = Command::new("ldd").arg(program).output().context("cannot run ldd")?;
        // It fails for a static program, which needs nothing.
        let list = String::from_utf8_lossy(&list.stdout).into_owned();
        libraries.extend(listed(&list));
        if let Some(loader) = list.split_whitespace().find(|word| word.ends_with(LOADER)) {
            archive.file(&format!("/{LOADER}"), 0o755, &fs::read(loader)?)?;
        }
    }
    add_libraries(&mut archive, &libraries)?;
    archive.finish()
}

fn add_libraries(archive: &mut Archive, libraries: &BTreeSet<PathBuf>) -> Result<()> {
    for library in libraries {
        let name = library.file_name().unwrap_or_default().to_string_lossy();
        archive.file(&format!("/lib/x86_64-linux-gnu/{name}"), 0o755, &fs::read(library)?)?;
    }
    Ok(())
}

/// The files of lines `name => file (address)`.
fn listed(text: &str) -> impl Iterator<Item = PathBuf> {
    text.lines().filter_map(|line| Some(line.split_once("=> ")?.1.split(" (").next()?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_files_that_ldd_lists() {
        let text = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibc.so.6 => /lib/x86/libc.so.6 (0x00007f)\n\t/lib64/ld.so (0x7)";
        assert_eq!(listed(text).collect::<Vec<_>>(), [Path::new("/lib/x86/libc.so.6")]);
    }

    #[test]
    fn what_is_derived_is_made_again_only_for_another_recipe() {
        let folder = std::env::temp_dir().join(format!("rssmgr-derived-{}", std::process::id()));
        let make = |text: &'static str| move || Ok(text.as_bytes().to_vec());
        let results = [
            derived(&folder, "x", "1", make("a")).unwrap(),
            derived(&folder, "x", "1", make("b")).unwrap(),
            derived(&folder, "x", "2", make("c")).unwrap(),
        ];
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(results, [b"a", b"a", b"c"]);
    }
}
