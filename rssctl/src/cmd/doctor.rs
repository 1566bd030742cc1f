//! `rssctl doctor`.

use std::collections::BTreeMap;
use std::path::Path;

use rssmgr_core::doctor::{Finding, diagnose};
use rssmgr_core::manager::{glob, is_glob};
use rssmgr_proto::types::{DoctorRecord, FindingRecord, ListOptions};
use rssmgr_proto::{ErrorKind, convert};

use super::Context;
use crate::cli::{DoctorArgs, Output};
use crate::client::Intent;
use crate::examine::{Examined, Told, recorded_machine, this_machine};
use crate::exit::{Failure, Stop};
use crate::render::structured::Form;
use crate::render::{self, structured};
use crate::resolve::duration;

/// Examines this machine, with what a daemon knows when one answers.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &DoctorArgs) -> Result<(), Stop> {
    forms(c)?;
    let interval = duration("interval", &args.interval)?;
    let told = told(c).await;
    let examined = this_machine(interval, told.as_ref())?;
    report(c, &args.names, examined)
}

/// Examines a recorded machine.
pub(super) fn offline(c: &mut Context<'_, '_>, args: &DoctorArgs) -> Result<(), Stop> {
    forms(c)?;
    let examined = recorded_machine(args.sysroot.as_deref().unwrap_or(Path::new("/")))?;
    report(c, &args.names, examined)
}

fn forms(c: &Context<'_, '_>) -> Result<(), Failure> {
    c.no_names("rssctl doctor", "table, json, jsonl or yaml, or nothing for text")
}

/// What the daemon knows. That none answers is no failure: the machine can be examined all the same.
async fn told(c: &mut Context<'_, '_>) -> Option<Told> {
    let ask = async {
        let client = c.client(Intent::Read).await?;
        let adapters = client.adapters(&[], &ListOptions { include_hidden: true }).await?;
        let mut vports = BTreeMap::new();
        for adapter in adapters.iter().filter(|a| a.state != "observed" && a.state != "away") {
            // One that has gone meanwhile has none.
            let mut list = client.vports(&adapter.name).await.unwrap_or_default();
            list.retain(|v| v.vport_id != 0);
            vports.insert(adapter.name.clone(), list);
        }
        let (config, rss_on) = (client.config().await?, client.global().await?.rss);
        Ok::<_, Stop>(Told { adapters, config, rss_on, vports })
    };
    match ask.await {
        Ok(told) => Some(told),
        Err(Stop::Failed(failure)) => {
            c.terminal.detail(&format!("without the daemon's view: {failure}"));
            None
        }
        Err(Stop::Closed) => None,
    }
}

fn report(c: &mut Context<'_, '_>, names: &[String], examined: Examined) -> Result<(), Stop> {
    let Examined { machine, not_checked } = examined;
    let chosen =
        |name: &str| names.is_empty() || names.iter().any(|n| n == name || (is_glob(n) && glob(n, name)));
    let adapters: Vec<String> = machine.nics.iter().map(|n| n.name.clone()).filter(|n| chosen(n)).collect();
    for name in names.iter().filter(|n| !is_glob(n) && !adapters.contains(n)) {
        let known: Vec<&str> = machine.nics.iter().map(|n| n.name.as_str()).collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        let failure = Failure::new(ErrorKind::NoSuchAdapter, format!("no adapter is called `{name}`"));
        c.note(&failure.hint(format!("adapters that can be examined: {known}")));
    }
    let found: Vec<Finding> =
        diagnose(&machine).into_iter().filter(|f| f.adapter.as_deref().is_none_or(chosen)).collect();
    let worst = found.iter().map(|f| f.severity).max();
    if let Some(severity) = worst {
        c.outcome.found(severity);
    }
    let record = DoctorRecord {
        worst: worst.map(|s| s.name().into()),
        daemon: machine.daemon,
        interval_ms: machine.interval_ms,
        adapters,
        findings: found.iter().map(convert::finding).collect(),
        not_checked,
    };
    let text = match (c.form(), c.output()) {
        // One finding a line.
        (Some(Form::Jsonl), _) => {
            structured::list::<FindingRecord>("findings", record.findings, Form::Jsonl)?
        }
        (Some(form), _) => structured::record(record, form)?,
        (None, Some(Output::Table | Output::Wide)) => render::findings(&record, c.terminal.paint),
        (None, _) => render::doctor(&record, c.terminal.paint, c.terminal.quiet),
    };
    c.terminal.print(&text)
}
