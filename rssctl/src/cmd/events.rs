//! `rssctl events`.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use rssmgr_proto::ErrorKind;
use rssmgr_proto::types::{EventQuery, EventRecord};
use zbus::export::futures_core::Stream;

use super::Context;
use crate::cli::{EventsArgs, Output};
use crate::client::{Intent, event};
use crate::exit::{Failure, Stop};
use crate::render::structured::Form;
use crate::render::{self, structured};
use crate::resolve::since;

/// Shows events of the past, the state as events, or what happens from now on.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &EventsArgs) -> Result<(), Stop> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let mut query = EventQuery {
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
    // Listening before asking for the past: nothing can fall in between.
    let mut stream = client.manager.receive_event().await?;
    if query.since_ms.is_none() && query.limit.is_none() {
        query.limit = Some(0);
    }
    let mut last = None;
    let mut past = client.events(&query).await?;
    query.limit = None;
    loop {
        last = past.last().map(|e| e.seq).or(last);
        show(c, past)?;
        c.terminal.flush()?;
        let Some(signal) = poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await else {
            return Err(Failure::new(ErrorKind::Unreachable, "the daemon has ended, and with it the events")
                .hint("start it again; `rssctl events --since 10m` shows what the ring kept")
                .into());
        };
        let e = event(&signal.args()?.event)?;
        past = match last {
            Some(seen) if e.seq <= seen => Vec::new(),
            Some(seen) if e.seq > seen + 1 => {
                // Lost on the way; the ring may still have them.
                query.after_seq = Some(seen);
                query.since_ms = None;
                let mut missed = client.events(&query).await?;
                missed.retain(|m| m.seq < e.seq);
                let kept = u64::try_from(missed.len()).unwrap_or(u64::MAX);
                let unfiltered = query.ids.is_empty() && query.adapter.is_none();
                let lost = (e.seq - seen - 1).saturating_sub(kept);
                if unfiltered && lost > 0 {
                    c.terminal
                        .note(&format!("{lost} events were lost: they came faster than they were read"));
                }
                missed.extend(wanted(&e, &query).then(|| e.clone()));
                missed
            }
            _ => Vec::from_iter(wanted(&e, &query).then(|| e.clone())),
        };
        last = Some(e.seq);
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
