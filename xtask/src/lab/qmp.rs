//! QEMU's machine protocol: a line of JSON each way, events in between.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long QEMU may take for an answer: it is busy emulating.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection.
pub(crate) struct Qmp {
    stream: BufReader<UnixStream>,
    events: VecDeque<Value>,
}

impl Qmp {
    /// Takes up a connection that QEMU made.
    pub(crate) fn new(stream: UnixStream) -> Result<Self> {
        let mut qmp = Self { stream: BufReader::new(stream), events: VecDeque::new() };
        ensure!(qmp.line(PATIENCE)?.get("QMP").is_some(), "QEMU's first line is no greeting");
        qmp.execute("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }

    /// Runs a command and gives its result.
    pub(crate) fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        let line = json!({ "execute": command, "arguments": arguments });
        self.stream.get_mut().write_all(format!("{line}\n").as_bytes())?;
        loop {
            let mut line = self.line(PATIENCE)?;
            if line.get("event").is_some() {
                self.events.push_back(line);
            } else if let Some(result) = line.get_mut("return") {
                return Ok(result.take());
            } else {
                bail!("QEMU refuses {command} {arguments}: {}", line["error"]["desc"]);
            }
        }
    }

    /// Waits for an event of this name for which `is` holds.
    pub(crate) fn event(
        &mut self,
        name: &str,
        is: impl Fn(&Value) -> bool,
        within: Duration,
    ) -> Result<Value> {
        let end = Instant::now() + within;
        loop {
            while let Some(event) = self.events.pop_front() {
                if event["event"] == name && is(&event["data"]) {
                    return Ok(event);
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), "QEMU told of no {name}");
            let line = self.line(left).with_context(|| format!("while waiting for {name}"))?;
            self.events.push_back(line);
        }
    }

    fn line(&mut self, within: Duration) -> Result<Value> {
        self.stream.get_ref().set_read_timeout(Some(within))?;
        let mut line = String::new();
        self.stream.read_line(&mut line).context("no line from QEMU")?;
        ensure!(!line.is_empty(), "QEMU has ended");
        serde_json::from_str(&line).with_context(|| format!("QEMU wrote no JSON: {line}"))
    }
}
