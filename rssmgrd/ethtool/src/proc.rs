//! Interrupts in `/proc/irq`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::ids::CpuId;

use crate::files::{Files, Which};

fn folder(root: &Path, irq: u32) -> PathBuf {
    root.join(format!("proc/irq/{irq}"))
}

/// The names under which an interrupt was requested: its folder has a folder of each.
pub(crate) fn actions(root: &Path, irq: u32) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder(root, irq)) else { return Vec::new() };
    let folders = entries.filter_map(Result::ok).filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
    folders.filter_map(|e| e.file_name().into_string().ok()).collect()
}

/// Whether these are still the names under which an interrupt was requested. That of a device has one.
pub(crate) fn has_still(root: &Path, irq: u32, names: &[String]) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    /// Links to a folder that has no folders.
    const EMPTY: u64 = 2;
    let folder = folder(root, irq);
    match names {
        [] => fs::metadata(folder).is_ok_and(|m| m.nlink() == EMPTY),
        names => names.iter().all(|name| fs::metadata(folder.join(name)).is_ok_and(|m| m.is_dir())),
    }
}

/// The CPUs that an interrupt may go to; `None` when the kernel does not say.
pub(crate) fn affinity(files: &mut Files, root: &Path, irq: u32) -> Option<CpuSet> {
    let text = files.read(Which::Affinity(irq), &folder(root, irq).join("smp_affinity_list")).ok()?;
    CpuSet::parse_list(text.trim()).ok()
}

/// Whether the kernel lets the interrupt be moved: it makes the file read-only when it does not (since Linux 6.2; older
/// kernels refuse the write).
pub(crate) fn is_movable(root: &Path, irq: u32) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(folder(root, irq).join("smp_affinity_list"))
        .is_ok_and(|m| m.permissions().mode() & 0o200 != 0)
}

/// Sends an interrupt to one CPU.
///
/// # Errors
/// What the kernel says.
pub(crate) fn pin(root: &Path, irq: u32, cpu: CpuId) -> io::Result<()> {
    fs::write(folder(root, irq).join("smp_affinity_list"), cpu.to_string())
}

/// Lets an interrupt go to these CPUs only.
///
/// # Errors
/// What the kernel says.
pub(crate) fn allow(root: &Path, irq: u32, cpus: &CpuSet) -> io::Result<()> {
    fs::write(folder(root, irq).join("smp_affinity_list"), cpus.to_string())
}

/// Lets an interrupt go wherever the kernel sends new ones.
///
/// # Errors
/// What the kernel says.
pub(crate) fn unpin(root: &Path, irq: u32) -> io::Result<()> {
    let default = fs::read_to_string(root.join("proc/irq/default_smp_affinity"))?;
    fs::write(folder(root, irq).join("smp_affinity"), default.trim())
}
