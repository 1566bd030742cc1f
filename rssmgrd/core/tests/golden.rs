//! Golden cases: each folder of `golden/` is a machine and its adapters (`case.toml`) and what is planned for them
//! (`expected.txt`). `golden/README.md` tells how to add one. `RSSMGR_BLESS=1` writes what is expected anew.

#[path = "support/case.rs"]
mod case;
#[path = "support/machine.rs"]
mod machine;
#[path = "support/show.rs"]
mod show;

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> process::ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<PathBuf> = match fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect(),
        Err(e) => {
            eprintln!("{}: {e}", folder.display());
            return process::ExitCode::FAILURE;
        }
    };
    cases.sort();
    let trials = cases.into_iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || check(&path).map_err(Failed::from))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn check(folder: &Path) -> Result<(), String> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).map_err(|e| format!("{name}: {e}"));
    let case: case::Case = toml::from_str(&read("case.toml")?).map_err(|e| format!("case.toml: {e}"))?;
    let got = show::plan(&case)?;
    if env::var_os("RSSMGR_BLESS").is_some_and(|v| v == "1") {
        return fs::write(folder.join("expected.txt"), got).map_err(|e| format!("expected.txt: {e}"));
    }
    let expected = read("expected.txt")?;
    if expected == got { Ok(()) } else { Err(difference(&expected, &got)) }
}

/// The lines that differ, `-` expected and `+` planned.
fn difference(expected: &str, got: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), got.lines().collect());
    let same_start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same_start;
    let same_end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let lines = |mark: char, lines: &[&str]| -> String {
        lines[same_start..lines.len() - same_end].iter().map(|l| format!("{mark} {l}\n")).collect()
    };
    format!("differs from line {}:\n{}{}", same_start + 1, lines('-', &old), lines('+', &new))
}
