//! The life of an adapter: what follows what.

use crate::lab::{Checked, Lab, begin, is, same};
use crate::{Rule, Variant};
use rssmgr_core::adapter::{Event, LifeError, Phase};

const fn rule(
    name: &'static str,
    says: &'static str,
    variant: Variant,
    check: fn(&mut Lab) -> Checked,
) -> Rule {
    Rule { name, source: "NetAdapterCx power and queue sequence", says, variant, check }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "capabilities-before-start",
        "an adapter starts after it told what it can do",
        Variant::Full,
        capabilities,
    ),
    rule("rss-needs-a-table", "an adapter without a table has no RSS", Variant::NoTable, table),
    rule(
        "life-has-an-order",
        "nothing else than what fits happens, and what does not changes nothing",
        Variant::Full,
        order,
    ),
    rule("removed-is-the-end", "nothing happens to an adapter that is gone", Variant::Full, end),
];

fn capabilities(lab: &mut Lab) -> Checked {
    is("it does not start", lab.subject.handle(Event::Start(begin())).is_err())?;
    lab.event(Event::Capabilities)?;
    lab.event(Event::Start(begin()))?;
    is("nor tells again", lab.subject.handle(Event::Capabilities).is_err())
}

fn table(lab: &mut Lab) -> Checked {
    let refused = lab.subject.handle(Event::Capabilities);
    is("it is refused", matches!(refused, Err(LifeError::NoRss { entries: 0, .. })))
}

/// In each state, every event but those that fit is refused.
fn order(lab: &mut Lab) -> Checked {
    let all = || {
        [
            Event::PowerUp,
            Event::CreateQueues,
            Event::DestroyQueues,
            Event::PowerDown,
            Event::Reset,
            Event::Restore,
        ]
    };
    lab.event(Event::Capabilities)?;
    lab.event(Event::Start(begin()))?;
    let way = [
        (Phase::Started, vec![Event::PowerUp]),
        (Phase::Powered, vec![Event::CreateQueues, Event::PowerDown]),
        (Phase::Running, vec![Event::Reset, Event::DestroyQueues]),
        (Phase::Resetting, vec![Event::Restore]),
        (Phase::Running, vec![Event::DestroyQueues, Event::Reset]),
        (Phase::Draining, vec![Event::PowerDown]),
        (Phase::Started, vec![Event::PowerUp]),
        (Phase::Powered, vec![Event::PowerDown, Event::CreateQueues]),
    ];
    for (phase, fits) in way {
        same("phase", lab.subject.phase(), phase)?;
        for event in all().into_iter().filter(|event| !fits.contains(event)) {
            let name = event.name();
            is(&format!("{name} while {phase} is refused"), lab.subject.handle(event).is_err())?;
            same("phase after a refusal", lab.subject.phase(), phase)?;
        }
        if let Some(next) = fits.into_iter().next() {
            lab.event(next)?;
        }
    }
    Ok(())
}

fn end(lab: &mut Lab) -> Checked {
    lab.up()?;
    lab.event(Event::Remove)?;
    for event in [Event::Capabilities, Event::PowerUp, Event::CreateQueues, Event::Restore, Event::Remove] {
        is("it is refused", lab.subject.handle(event).is_err())?;
    }
    same("phase", lab.subject.phase(), Phase::Removed)
}
