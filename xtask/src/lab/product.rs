//! The product in a guest: its two programs, the daemon's life, and what `rssctl` says.

use super::guest::{Guest, Job, Output};
use crate::run::Project;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PROGRAMS: [&str; 2] = ["rssmgrd", "rssctl"];

/// Programs of tests that run in the guest: their names here and there.
const TESTS: [(&str, &str); 2] = [("real", ROWS_TEST), ("many_changes", CHANGES_TEST)];

/// The name in the guest of the test that compares real drivers with their rows.
pub(crate) const ROWS_TEST: &str = "driver-rows";

/// The name in the guest of the test that makes many changes.
pub(crate) const CHANGES_TEST: &str = "many-changes";

const SOCKET: &str = "/run/rssmgrd.sock";
const STATE: &str = "/var/lib/rssmgrd";
const LOG: &str = "/run/rssmgrd.log";
const PID: &str = "/run/rssmgrd.pid";

/// How long the daemon may take until it answers, or until it has ended: far more than on a free machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Builds both programs and the tests that run in the guest.
pub(crate) fn build(project: &Project) -> Result<Vec<PathBuf>> {
    let mut programs = programs(project)?;
    let target = project.root.join("target");
    let built = build_tests(project)?;
    for (test, name) in TESTS {
        let program =
            built.get(test).with_context(|| format!("cargo does not say where the test `{test}` is"))?;
        programs.push(stripped(&target, name, program)?);
    }
    Ok(programs)
}

/// Builds both programs as users have them, and strips copies for the guest. Emulated, unoptimised ones would be most of
/// what a guest has to do.
pub(crate) fn programs(project: &Project) -> Result<Vec<PathBuf>> {
    let arguments = ["build", "--quiet", "--locked", "--release", "--bin", "rssmgrd", "--bin", "rssctl"];
    ensure!(project.cargo(&arguments).status()?, "the product does not build");
    let target = project.root.join("target");
    let built = PROGRAMS.iter().map(|program| (*program, target.join("release").join(program)));
    built.map(|(program, from)| stripped(&target, program, &from)).collect()
}

/// The tests as programs, with all of the workspace in view as the gate has them, so that nothing is built twice. Where
/// they are built is cargo's to say.
fn build_tests(project: &Project) -> Result<BTreeMap<String, PathBuf>> {
    let tests = TESTS.iter().flat_map(|(test, _)| ["--test", test]);
    let output = Command::new(&project.cargo)
        .current_dir(&project.root)
        .args(["test", "--quiet", "--locked", "--workspace", "--no-run", "--message-format=json"])
        .args(tests)
        .output()
        .context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the tests for the guest do not build: {}", said.trim());
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let program =
        |m: Value| Some((m["target"]["name"].as_str()?.to_owned(), m["executable"].as_str()?.into()));
    Ok(messages.filter_map(program).collect())
}

fn stripped(target: &Path, program: &str, from: &Path) -> Result<PathBuf> {
    fs::create_dir_all(target.join("product"))?;
    let to = target.join("product").join(program);
    let status = Command::new("strip").arg("-o").arg(&to).arg(from).status();
    ensure!(
        status.context("cannot run strip, which comes with a C compiler")?.success(),
        "cannot strip {program}"
    );
    Ok(to)
}

/// A running daemon.
pub(crate) struct Product {
    daemon: Option<Job>,
    options: Options,
}

/// How the daemon is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The text of its configuration file.
    pub(crate) config: String,
    /// A program with its arguments that starts it, such as `strace -o FILE`; empty for none.
    pub(crate) under: String,
}

impl Product {
    /// Starts the daemon in a guest that has both programs, and waits until it answers.
    pub(crate) fn start(guest: &mut Guest, options: Options) -> Result<Self> {
        let mut product = Self { daemon: None, options };
        product.restart(guest)?;
        Ok(product)
    }

    /// As [`Product::start`], without what an earlier daemon has saved, and without that daemon.
    pub(crate) fn fresh(guest: &mut Guest, options: Options) -> Result<Self> {
        Self::end_all(guest)?;
        guest.expect(&format!("rm -rf {STATE} {LOG}"))?;
        Self::start(guest, options)
    }

    /// Ends whatever daemon there is.
    pub(crate) fn end_all(guest: &mut Guest) -> Result<()> {
        let script = format!(
            "if [ -s {PID} ]; then p=$(cat {PID}); kill -9 $p; while [ -d /proc/$p ]; do sleep 0.02; done; fi 2>/dev/null\n\
             rm -f {PID} {SOCKET}"
        );
        guest.expect(&script).map(drop)
    }

    /// Starts the daemon where it has ended, after it was told to end where it has not.
    pub(crate) fn restart(&mut self, guest: &mut Guest) -> Result<()> {
        self.stop(guest)?;
        let Options { config, under } = &self.options;
        let script = format!(
            "mkdir -p {STATE} && cat >/etc/rssmgrd.toml <<'END'\n{config}\nEND\n\
             exec {under} sh -c 'echo $$ >{PID}; exec rssmgrd --config /etc/rssmgrd.toml --socket {SOCKET} \
             --state {STATE} --metrics 127.0.0.1:9758' >>{LOG} 2>&1"
        );
        guest.expect(&format!("rm -f {PID} {SOCKET}"))?;
        let job = guest.start(&script)?;
        self.daemon = Some(job);
        // Ends with the daemon's own end, too.
        let script = format!(
            "until [ -s {PID} ]; do sleep 0.02; done; \
             until [ -S {SOCKET} ] && rssctl --address {SOCKET} wait; do [ -d /proc/$(cat {PID}) ] || exit 1; sleep 0.02; done"
        );
        let ready = guest.run_within(&script, PATIENCE);
        let ready = ready.and_then(|output| {
            ensure!(output.code == 0, "it ended");
            Ok(())
        });
        match ready {
            Ok(()) => Ok(()),
            Err(error) => {
                Err(error.context(format!("the daemon does not answer; its log: {}", self.log(guest)?)))
            }
        }
    }

    /// Ends the daemon as a service manager does, and waits for it.
    pub(crate) fn stop(&mut self, guest: &mut Guest) -> Result<()> {
        self.end(guest, "TERM")
    }

    /// Ends the daemon as a crash does.
    pub(crate) fn kill9(&mut self, guest: &mut Guest) -> Result<()> {
        self.end(guest, "KILL")
    }

    fn end(&mut self, guest: &mut Guest, signal: &str) -> Result<()> {
        let Some(job) = self.daemon.take() else { return Ok(()) };
        // It may have been killed by a script of a test.
        guest.run(&format!("kill -{signal} $(cat {PID})"))?;
        guest.wait(&job, PATIENCE).map(drop)
    }

    /// For scripts that call `rssctl` themselves: what follows `--address`.
    pub(crate) const fn address(&self) -> &'static str {
        SOCKET
    }

    /// The file with the daemon's process number.
    pub(crate) const fn pid_file(&self) -> &'static str {
        PID
    }

    /// Has it read its configuration again.
    pub(crate) fn reload(&self, guest: &mut Guest) -> Result<()> {
        guest.expect(&format!("kill -HUP $(cat {PID})")).map(drop)
    }

    /// Runs `rssctl`; the arguments are those of a shell.
    pub(crate) fn rssctl(&self, guest: &mut Guest, arguments: &str) -> Result<Output> {
        guest.run(&format!("exec rssctl --address {SOCKET} {arguments}"))
    }

    /// Starts `rssctl`, and does not wait for it.
    pub(crate) fn begin(&self, guest: &mut Guest, arguments: &str) -> Result<Job> {
        guest.start(&format!("exec rssctl --address {SOCKET} {arguments}"))
    }

    /// What `rssctl` prints, which must succeed.
    pub(crate) fn expect(&self, guest: &mut Guest, arguments: &str) -> Result<String> {
        let output = self.rssctl(guest, arguments)?;
        if output.code != 0 {
            let Output { code, stdout, stderr } = output;
            anyhow::bail!(
                "`rssctl {arguments}` ended with {code}: {}{}\nthe daemon's log: {}",
                stdout.trim(),
                stderr.trim(),
                self.log(guest)?
            );
        }
        Ok(output.stdout)
    }

    /// What `rssctl ... -o json` prints.
    pub(crate) fn json(&self, guest: &mut Guest, arguments: &str) -> Result<Value> {
        let text = self.expect(guest, &format!("{arguments} -o json"))?;
        serde_json::from_str(&text).with_context(|| format!("`rssctl {arguments} -o json` printed {text}"))
    }

    /// One adapter as `rssctl get` shows it.
    pub(crate) fn adapter(&self, guest: &mut Guest, name: &str) -> Result<Value> {
        let mut all = self.json(guest, &format!("get {name}"))?;
        let adapters = all["adapters"].as_array_mut().context("no adapters")?;
        adapters.pop().with_context(|| format!("no adapter {name}"))
    }

    /// The end of the daemon's log, without each entry that moved.
    pub(crate) fn log(&self, guest: &mut Guest) -> Result<String> {
        guest.expect(&format!("grep -v 'table entry' {LOG} 2>/dev/null | tail -n 15 || :"))
    }
}
