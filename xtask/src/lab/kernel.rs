//! A kernel that was unpacked from its packages: its image, and its modules in an order in which they load.

use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An unpacked kernel.
pub(crate) struct Kernel {
    pub(crate) image: PathBuf,
    /// Every module that is not built in, by its name with underscores.
    modules: BTreeMap<String, PathBuf>,
}

/// A module as it is handed to insmod.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

impl Kernel {
    pub(crate) fn find(root: &Path) -> Result<Self> {
        let mut modules = BTreeMap::new();
        let mut image = None;
        for folder in ["boot", "lib/modules", "usr/lib/modules"] {
            let folder = root.join(folder);
            if folder.is_dir() {
                walk(&folder, &mut |file| {
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    if name.starts_with("vmlinuz") {
                        image = Some(file.to_owned());
                    } else if let Some((name, "" | ".xz")) = name.split_once(".ko") {
                        modules.insert(name.replace('-', "_"), file.to_owned());
                    }
                })?;
            }
        }
        let image = image.with_context(|| format!("no kernel image below {}", root.display()))?;
        ensure!(!modules.is_empty(), "no modules below {}", root.display());
        Ok(Self { image, modules })
    }

    /// The modules of these names and all that they depend on, each after what it depends on. What is built in is
    /// left out.
    pub(crate) fn load_order(&self, names: &[&str], busybox: &Path) -> Result<Vec<Module>> {
        let mut order: Vec<Module> = Vec::new();
        for name in names {
            self.add(name, busybox, &mut order)?;
        }
        Ok(order)
    }

    fn add(&self, name: &str, busybox: &Path, order: &mut Vec<Module>) -> Result<()> {
        let name = name.replace('-', "_");
        let Some(file) = self.modules.get(&name) else { return Ok(()) };
        if order.iter().any(|module| module.name == name) {
            return Ok(());
        }
        let content = read(file, busybox)?;
        for need in depends(&content) {
            self.add(&need, busybox, order)?;
        }
        order.push(Module { name, content });
        Ok(())
    }
}

fn read(file: &Path, busybox: &Path) -> Result<Vec<u8>> {
    if file.extension().is_none_or(|extension| extension != "xz") {
        return fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    }
    let output =
        Command::new(busybox).args(["unxz", "-c"]).arg(file).output().context("cannot run busybox")?;
    ensure!(output.status.success(), "cannot unpack {}", file.display());
    Ok(output.stdout)
}

/// What a module's own information says it needs: the entry `depends=a,b` among NUL-terminated ones.
fn depends(module: &[u8]) -> Vec<String> {
    let entry = module.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(b"depends="));
    let names = String::from_utf8_lossy(entry.unwrap_or_default()).into_owned();
    names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn walk(folder: &Path, see: &mut impl FnMut(&Path)) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), see)?;
        } else {
            see(&entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_come_after_what_they_need_and_once() {
        let root = std::env::temp_dir().join(format!("rssmgr-kernel-{}", std::process::id()));
        let modules = root.join("lib/modules/6.1/kernel/net");
        fs::create_dir_all(&modules).unwrap();
        fs::write(root.join("vmlinuz-6.1"), "").unwrap();
        fs::create_dir_all(root.join("boot")).unwrap();
        fs::write(root.join("boot/vmlinuz-6.1"), "").unwrap();
        for (name, needs) in
            [("virtio_net", "net_failover"), ("net-failover", "failover,ptp"), ("failover", "")]
        {
            fs::write(modules.join(format!("{name}.ko")), format!("ELF\0license=GPL\0depends={needs}\0x"))
                .unwrap();
        }
        let kernel = Kernel::find(&root).unwrap();
        let order = kernel.load_order(&["virtio_net", "failover", "e1000e"], Path::new("busybox")).unwrap();
        let names: Vec<&str> = order.iter().map(|m| m.name.as_str()).collect();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(names, ["failover", "net_failover", "virtio_net"]);
    }
}
