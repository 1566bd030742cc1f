//! The files of the package, laid out as they are installed.

use super::control::NAME;
use super::output;
use anyhow::{Context as _, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs, and the packages that they are built from.
pub(super) const PROGRAMS: [&str; 2] = ["rssmgrd", "rssctl"];

/// Files of the project and where they go.
const FILES: &[(&str, &str)] = &[
    ("packaging/systemd/rssmgrd.service", "usr/lib/systemd/system/rssmgrd.service"),
    ("packaging/dbus/org.rssmgr1.conf", "usr/share/dbus-1/system.d/org.rssmgr1.conf"),
    ("proto/dbus/org.rssmgr1.Adapter.xml", "usr/share/dbus-1/interfaces/org.rssmgr1.Adapter.xml"),
    ("proto/dbus/org.rssmgr1.Manager.xml", "usr/share/dbus-1/interfaces/org.rssmgr1.Manager.xml"),
    ("packaging/etc/rssmgrd.toml", "etc/rssmgrd/rssmgrd.toml"),
    ("packaging/completions/rssctl.bash", "usr/share/bash-completion/completions/rssctl"),
    ("packaging/completions/_rssctl", "usr/share/zsh/vendor-completions/_rssctl"),
    ("packaging/completions/rssctl.fish", "usr/share/fish/vendor_completions.d/rssctl.fish"),
    ("packaging/debian/copyright", "usr/share/doc/rssmgr/copyright"),
    ("packaging/debian/lintian-overrides", "usr/share/lintian/overrides/rssmgr"),
];

/// Folders of manual pages.
const MANUALS: [&str; 2] = ["man", "packaging/man"];

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// What is installed below here is configuration: an upgrade keeps what the administrator changed.
const CONFIGURATION: &str = "etc/";

/// A staged package.
pub(super) struct Tree<'a> {
    project: &'a Path,
    root: &'a Path,
    /// Relative to the root, in the order of their making.
    files: Vec<String>,
}

impl<'a> Tree<'a> {
    /// An empty one, in a folder that is not there yet.
    pub(super) fn new(project: &'a Path, root: &'a Path) -> Result<Self> {
        let tree = Self { project, root, files: Vec::new() };
        tree.folder(&root.join("DEBIAN"))?;
        for script in SCRIPTS {
            let text = fs::read(project.join("packaging/debian").join(script))
                .with_context(|| format!("cannot read the script {script}"))?;
            write(&root.join("DEBIAN").join(script), &text, 0o755)?;
        }
        Ok(tree)
    }

    /// The programs of a folder, without what is for debuggers alone.
    pub(super) fn programs(&mut self, from: &Path) -> Result<()> {
        for program in PROGRAMS {
            let to = self.place(&format!("usr/bin/{program}"))?;
            output(Command::new("strip").arg("-o").arg(&to).arg(from.join(program)), "binutils")?;
            mode(&to, 0o755)?;
        }
        Ok(())
    }

    /// The project's files.
    pub(super) fn files(&mut self) -> Result<()> {
        for (from, to) in FILES {
            let content = self.read(from)?;
            let to = self.place(to)?;
            write(&to, &content, 0o644)?;
        }
        for folder in MANUALS {
            let path = self.project.join(folder);
            for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
                let page = entry?.file_name().to_string_lossy().into_owned();
                let section = page.rsplit('.').next().unwrap_or_default();
                let content = self.read(&format!("{folder}/{page}"))?;
                self.compressed(&content, &format!("usr/share/man/man{section}/{page}"))?;
            }
        }
        let changes = self.read("CHANGELOG.md")?;
        self.compressed(&changes, &format!("usr/share/doc/{NAME}/changelog"))
    }

    /// A text for people.
    pub(super) fn document(&mut self, name: &str, text: &str) -> Result<()> {
        self.compressed(text.as_bytes(), &format!("usr/share/doc/{NAME}/{name}"))
    }

    /// A file of the package's description.
    pub(super) fn control(&self, name: &str, text: &str) -> Result<()> {
        write(&self.root.join("DEBIAN").join(name), text.as_bytes(), 0o644)
    }

    /// What takes room, in KiB.
    pub(super) fn kibibytes(&self) -> u64 {
        let size = |file: &String| fs::metadata(self.root.join(file)).map_or(0, |m| m.len().div_ceil(1024));
        self.files.iter().map(size).sum()
    }

    /// The programs where they are staged.
    pub(super) fn program_files(&self) -> Vec<PathBuf> {
        PROGRAMS.iter().map(|program| self.root.join("usr/bin").join(program)).collect()
    }

    /// The file `conffiles`.
    pub(super) fn configuration(&self) -> String {
        self.files.iter().filter(|f| f.starts_with(CONFIGURATION)).map(|f| format!("/{f}\n")).collect()
    }

    /// The file `md5sums`, with which `dpkg --verify` works.
    pub(super) fn sums(&self) -> Result<String> {
        let mut files: Vec<&String> = self.files.iter().filter(|f| !f.starts_with(CONFIGURATION)).collect();
        files.sort();
        output(Command::new("md5sum").args(files).current_dir(self.root), "coreutils")
    }

    fn read(&self, file: &str) -> Result<Vec<u8>> {
        fs::read(self.project.join(file)).with_context(|| format!("cannot read {file}"))
    }

    fn compressed(&mut self, content: &[u8], to: &str) -> Result<()> {
        let compressed = self.place(&format!("{to}.gz"))?;
        let plain = compressed.with_extension("");
        fs::write(&plain, content).with_context(|| format!("cannot write {}", plain.display()))?;
        output(Command::new("gzip").args(["-9n"]).arg(&plain), "gzip")?;
        mode(&compressed, 0o644)
    }

    /// Where a file goes, with the folders around it.
    fn place(&mut self, to: &str) -> Result<PathBuf> {
        let path = self.root.join(to);
        if let Some(folder) = path.parent() {
            self.folder(folder)?;
        }
        self.files.push(to.to_owned());
        Ok(path)
    }

    /// A folder that everybody may look into, whatever the umask.
    fn folder(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for inside in folder.ancestors().take_while(|part| part.starts_with(self.root)) {
            mode(inside, 0o755)?;
        }
        Ok(())
    }
}

fn write(file: &Path, content: &[u8], bits: u32) -> Result<()> {
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))?;
    mode(file, bits)
}

fn mode(file: &Path, bits: u32) -> Result<()> {
    let permissions = fs::Permissions::from_mode(bits);
    fs::set_permissions(file, permissions)
        .with_context(|| format!("cannot set the mode of {}", file.display()))
}
