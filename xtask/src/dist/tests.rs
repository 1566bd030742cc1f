use super::*;
use std::os::unix::fs::MetadataExt as _;

/// A folder of a test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rssmgr-dist-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn project() -> Project {
    Project::at(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
}

/// A package of small programs, as a guest gets it.
fn small(folder: &Path) -> Result<PathBuf> {
    for program in ["rssmgrd", "rssctl"] {
        fs::copy("/bin/true", folder.join(program)).unwrap();
    }
    package(&project(), folder, &Recipe::quick(7), "libraries", folder)
}

fn said(command: &mut Command) -> String {
    let output = command.env("LC_ALL", "C").output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_package_is_whole_and_the_same_every_time() {
    let folder = Folder::new("package");
    let file = match small(&folder.0) {
        Ok(file) => file,
        Err(e) if e.to_string().contains("cannot run") => {
            eprintln!("SKIPPED a_package_is_whole_and_the_same_every_time: {e}");
            return;
        }
        Err(e) => panic!("{e:#}"),
    };
    let first = fs::read(&file).unwrap();
    assert_eq!(fs::read(small(&folder.0).unwrap()).unwrap(), first, "made again");

    let deb = |arguments: &[&str]| said(Command::new("dpkg-deb").args(arguments).arg(&file));
    let fields = deb(&["-f"]);
    let version = concat!("Version: ", env!("CARGO_PKG_VERSION"), "-7\n");
    assert!(fields.contains(version) && fields.contains("\nDepends: libc6 (>= 2."), "{fields}");

    let listing = deb(&["-c"]);
    for (mode, file) in [
        ("-rwxr-xr-x", "./usr/bin/rssmgrd\n"),
        ("-rwxr-xr-x", "./usr/bin/rssctl\n"),
        ("-rw-r--r--", "./usr/lib/systemd/system/rssmgrd.service\n"),
        ("-rw-r--r--", "./usr/share/dbus-1/system.d/org.rssmgr1.conf\n"),
        ("-rw-r--r--", "./etc/rssmgrd/rssmgrd.toml\n"),
        ("-rw-r--r--", "./usr/share/man/man8/rssmgrd.8.gz\n"),
        ("-rw-r--r--", "./usr/share/man/man1/rssctl-set.1.gz\n"),
        ("-rw-r--r--", "./usr/share/bash-completion/completions/rssctl\n"),
    ] {
        assert!(
            listing.split_inclusive('\n').any(|line| line.ends_with(file) && line.starts_with(mode)),
            "{mode} {file} in {listing}"
        );
    }
    assert!(listing.lines().all(|line| line.contains(" root/root ")), "{listing}");

    let control = folder.0.join("control");
    said(Command::new("dpkg-deb").arg("-e").args([&file, &control]));
    assert_eq!(fs::read_to_string(control.join("conffiles")).unwrap(), "/etc/rssmgrd/rssmgrd.toml\n");
    for script in ["postinst", "prerm", "postrm"] {
        let script = control.join(script);
        assert_eq!(script.metadata().unwrap().mode() & 0o777, 0o755);
        assert_eq!(said(Command::new("sh").arg("-n").arg(&script)), "", "{}", script.display());
    }
    let tree = folder.0.join("tree");
    said(Command::new("dpkg-deb").arg("-x").args([&file, &tree]));
    let sums = said(
        Command::new("md5sum").args(["--check", "--quiet"]).arg(control.join("md5sums")).current_dir(&tree),
    );
    assert_eq!(sums, "");
}

#[test]
fn the_unit_is_understood() {
    let folder = Folder::new("unit");
    let unit = fs::read_to_string(project().root.join("packaging/systemd/rssmgrd.service")).unwrap();
    let program = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    // The program is where the package puts it, which need not be here.
    let unit = unit.replace(program, "/bin/true");
    let file = folder.0.join("rssmgrd.service");
    let verify = |unit: &str| {
        fs::write(&file, unit).unwrap();
        let output = Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .arg(&file)
            .output();
        output.map(|o| String::from_utf8_lossy(&o.stderr).into_owned())
    };
    let Ok(said) = verify(&unit) else {
        eprintln!("SKIPPED the_unit_is_understood: no systemd-analyze here");
        return;
    };
    assert_eq!(said, "");
    let said = verify(&unit.replace("RestartSec", "RestartSecs")).unwrap();
    assert!(said.contains("RestartSecs"), "a mistake is seen: {said}");
}
