//! `rssctl events`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rssmgr_proto::ErrorKind;
use rssmgr_proto::types::{EventQuery, EventRecord};

use super::Context;
use crate::cli::{EventsArgs, Output};
use crate::client::{Client, Feed, Intent};
use crate::exit::{Failure, Stop};
use crate::render::structured::Form;
use crate::render::{self, structured};
use crate::resolve::since;

/// How long nothing must have come before the end of a burst is looked for.
const QUIET: Duration = Duration::from_secs(1);

/// Shows events of the past, the state as events, or what happens from now on.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &EventsArgs) -> Result<(), Stop> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let query = EventQuery {
        after_seq: None,
        since_ms: args.since.as_ref().map(|t| since(t, now_ms)).transpose()?,
        ids: args.id.clone(),
        adapter: args.adapter.clone(),
        limit: args.limit,
    };
    if args.follow && c.form().is_some_and(|f| f != Form::Jsonl) {
        return Err(Failure::usage("events that go on have no end, and so make no single document")
            .hint("use -o jsonl: one JSON object a line")
            .into());
    }
    let client = c.client(Intent::Read).await?;
    if args.rundown {
        let mut all = client.rundown().await?;
        all.retain(|e| wanted(e, &query));
        return show(c, all);
    }
    if !args.follow {
        let past = client.events(&query).await?;
        return show(c, past);
    }
    follow(c, &client, query).await
}

/// What happens from now on, after what is wanted of the past.
async fn follow(c: &mut Context<'_, '_>, client: &Client, mut query: EventQuery) -> Result<(), Stop> {
    // Listening before asking for the past: nothing can fall in between.
    let mut feed = Feed::open(client).await?;
    let newest = EventQuery { limit: Some(1), ..EventQuery::default() };
    let newest = feed.during(client.events(&newest)).await?;
    let mut seen = newest.last().map_or(0, |e| e.seq);
    if query.since_ms.is_some() || query.limit.is_some() {
        let past = feed.during(client.events(&query)).await?;
        seen = past.last().map_or(seen, |e| e.seq.max(seen));
        show(c, past)?;
    }
    query.since_ms = None;
    // Whether everything up to now is known to be here.
    let mut settled = true;
    loop {
        c.terminal.flush()?;
        let next =
            if settled { Ok(feed.next().await) } else { tokio::time::timeout(QUIET, feed.next()).await };
        let upto = match next {
            Ok(next) => {
                let Some(e) = next? else {
                    return Err(Failure::new(
                        ErrorKind::Unreachable,
                        "the daemon has ended, and with it the events",
                    )
                    .hint("start it again; `rssctl events --since 10m` shows what the ring kept")
                    .into());
                };
                settled = false;
                if e.seq <= seen {
                    continue;
                }
                if e.seq == seen + 1 {
                    seen = e.seq;
                    if wanted(&e, &query) {
                        show(c, vec![e])?;
                    }
                    continue;
                }
                e.seq
            }
            // Nothing came for a while: the last ones of a burst may be among those that were lost.
            Err(_) => {
                settled = true;
                seen + 1
            }
        };
        // Lost on the way; the ring may still have them. Asked without the filter, so that the others can be counted.
        let kept = EventQuery { after_seq: Some(seen), ..EventQuery::default() };
        let kept = feed.during(client.events(&kept)).await?;
        let last = kept.last().map_or(seen, |e| e.seq);
        let last = if settled { last } else { last.max(upto) };
        let lost = (last - seen).saturating_sub(u64::try_from(kept.len()).unwrap_or(u64::MAX));
        if lost > 0 {
            c.terminal.note(&format!("{lost} events were lost: they came faster than they were read"));
        }
        seen = last;
        show(c, kept.into_iter().filter(|e| wanted(e, &query)).collect())?;
    }
}

fn wanted(e: &EventRecord, q: &EventQuery) -> bool {
    (q.ids.is_empty() || q.ids.contains(&e.id)) && (q.adapter.is_none() || q.adapter == e.adapter)
}

fn show(c: &mut Context<'_, '_>, events: Vec<EventRecord>) -> Result<(), Stop> {
    let paint = c.terminal.paint;
    let text = match (c.form(), c.output()) {
        (Some(form), _) => structured::list("events", events, form)?,
        (None, Some(Output::Name)) => events.iter().fold(String::new(), |out, e| out + &e.name + "\n"),
        (None, _) => events.iter().map(|e| render::event(e, paint)).collect(),
    };
    c.terminal.print(&text)
}
