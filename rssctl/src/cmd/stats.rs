//! `rssctl stats`.

use std::collections::BTreeMap;
use std::time::Duration;

use rssmgr_core::manager::is_glob;
use rssmgr_proto::types::{ListOptions, StatsRecord};

use super::{Context, adapters};
use crate::cli::{Output, StatsArgs};
use crate::client::{Client, Intent};
use crate::exit::{Failure, Stop};
use crate::render::structured::Form;
use crate::render::{self, Serving, structured};
use crate::resolve;

/// Clears the screen and goes to its top left.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Shows counters, once or again and again.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &StatsArgs) -> Result<(), Stop> {
    let every = args.watch.as_deref().map(interval).transpose()?;
    let client = c.client(Intent::Read).await?;
    let mut names = args.names.clone();
    if !args.interface_description.is_empty() {
        names = adapters::described(c, &client, &args.interface_description, &ListOptions::default()).await?;
        if names.is_empty() {
            return Ok(());
        }
    }
    let per = args.per.as_deref().unwrap_or_default();
    let first = read(c, &client, &names, per).await?;
    match every {
        None => show(c, &client, first, &names).await,
        Some(every) => watch(c, &client, args, (&names, per), every, first).await,
    }
}

/// How often to look: not so often that watching becomes the load that is watched.
fn interval(text: &str) -> Result<Duration, Failure> {
    let every = resolve::duration("watch", text)?;
    let fits = (Duration::from_millis(100)..=Duration::from_secs(3600)).contains(&every);
    fits.then_some(every)
        .ok_or_else(|| Failure::usage(format!("watch: `{text}` is not in 0.1 to 3600 seconds")))
}

async fn read(
    c: &mut Context<'_, '_>,
    client: &Client,
    names: &[String],
    per: &str,
) -> Result<Vec<StatsRecord>, Stop> {
    let ask = async |names: &[String]| client.stats(names, per).await;
    adapters::each(c, names, |s: &StatsRecord| &s.name, ask).await
}

/// Which CPU serves which queues now, for those that are shown by CPU.
async fn serving(client: &Client, found: &[StatsRecord]) -> Result<BTreeMap<String, Serving>, Stop> {
    let names: Vec<String> = found.iter().filter(|s| s.cpus.is_some()).map(|s| s.name.clone()).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut out = BTreeMap::new();
    for adapter in client.adapters(&names, &ListOptions::default()).await? {
        let serving: &mut Serving = out.entry(adapter.name).or_default();
        for queue in adapter.queues.iter().filter(|q| q.entries > 0) {
            if let Some(cpu) = queue.cpu {
                serving.entry(cpu).or_default().push(queue.queue);
            }
        }
    }
    Ok(out)
}

/// One adapter that was named is one object; everything else is a list, however many there are.
async fn show(
    c: &mut Context<'_, '_>,
    client: &Client,
    mut found: Vec<StatsRecord>,
    names: &[String],
) -> Result<(), Stop> {
    let one = matches!(names, [name] if !is_glob(name));
    let paint = c.terminal.paint;
    let text = match (c.form(), c.output()) {
        (Some(form), _) if one && form != Form::Jsonl => match found.pop() {
            Some(record) => structured::record(record, form)?,
            None => return Ok(()),
        },
        (Some(form), _) => structured::adapters(found, form)?,
        (None, Some(Output::Name)) => found.iter().fold(String::new(), |out, s| out + &s.name + "\n"),
        (None, _) => {
            let serving = serving(client, &found).await?;
            let none = Serving::new();
            let text = |s: &StatsRecord| render::stats(s, serving.get(&s.name).unwrap_or(&none), paint);
            found.iter().map(text).collect::<Vec<_>>().join("\n")
        }
    };
    c.terminal.print(&text)
}

async fn watch(
    c: &mut Context<'_, '_>,
    client: &Client,
    args: &StatsArgs,
    (names, per): (&[String], &str),
    every: Duration,
    first: Vec<StatsRecord>,
) -> Result<(), Stop> {
    let mut before = first;
    let mut times = 0;
    let mut clock = tokio::time::interval(every);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    clock.tick().await;
    while args.count.is_none_or(|n| times < n) {
        clock.tick().await;
        let now = read(c, client, names, per).await?;
        if c.form().is_some() {
            show(c, client, now.clone(), names).await?;
        } else {
            let paint = c.terminal.paint;
            let mut text = if c.terminal.tty { CLEAR.to_string() } else { String::new() };
            let serving = serving(client, &now).await?;
            let none = Serving::new();
            for record in &now {
                if let Some(old) = before.iter().find(|b| b.name == record.name) {
                    text += &render::rates(old, record, serving.get(&record.name).unwrap_or(&none), paint);
                }
            }
            c.terminal.print(&text)?;
        }
        c.terminal.flush()?;
        before = now;
        times += 1;
    }
    Ok(())
}
