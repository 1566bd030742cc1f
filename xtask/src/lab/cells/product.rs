//! The product in the guest, a card at a time.

mod agreement;
mod big;
mod blackbox;
mod card;
mod checkpoints;
mod doctor;
mod events;
mod faults;
mod figures;
mod kernel;
mod lies;
mod pairwise;
mod ports;
mod random;
mod rest;
mod rows;
mod smoke;
mod steering;
mod step;
mod subject;
mod trace;
mod traffic;
mod transmit;
mod writes;

use super::Checks;
use crate::lab::guest::Guest;
use crate::lab::product::Product;
use anyhow::{Context as _, Result};
use card::{CARDS, Card};
use subject::Subject;

pub(super) use big::check as big;
pub(super) use doctor::check as doctor;
pub(in crate::lab) use figures::print as figures;
pub(super) use ports::check as ports;
pub(super) use random::of_seed as sequence;
pub(in crate::lab) use random::{lines as sequence_lines, seed_of_now};
pub(super) use smoke::check as smoke;

/// A test of one card: its name, what it does, and which cards can show it.
struct Test {
    name: &'static str,
    run: fn(&mut Subject<'_>) -> Result<()>,
    of: fn(&Card) -> bool,
}

/// Tests of what depends on no kernel: each card shows each of them on one kernel, in turn.
const ONCE: &[Test] = &[
    Test { name: "confirmed: stays", run: checkpoints::confirmed, of: |_| true },
    Test { name: "not confirmed: goes back", run: checkpoints::unconfirmed, of: |_| true },
    Test { name: "not confirmed, and killed meanwhile", run: checkpoints::killed_meanwhile, of: |_| true },
    Test {
        name: "each CPU sends through the nearest queue",
        run: transmit::nearest_queue,
        of: |card| card.queues > 1,
    },
    Test {
        name: "weights stay over a resize",
        run: blackbox::weights_stay,
        of: |card| card.channels.is_some(),
    },
    Test {
        name: "connections are answered through the queue they come in on",
        run: transmit::answers,
        // The one with an interface outside.
        of: |card| card.driver == "virtio_net",
    },
    Test { name: "few system calls at rest", run: rest::few_calls, of: |_| true },
    Test {
        name: "a request right after interrupts moved by hand",
        run: events::set_right_after,
        of: |card| card.queues > 1,
    },
    Test { name: "into a bridge and out", run: events::bridged, of: |_| true },
    Test { name: "queues in use", run: blackbox::queues_in_use, of: |card| card.channels == Some("link") },
    Test { name: "a new key under traffic", run: blackbox::rekeyed_under_traffic, of: |card| card.key },
];

const TESTS: &[Test] = &[
    Test { name: "the driver does what its row says", run: rows::as_described, of: |_| true },
    Test { name: "says what the kernel says, every pair", run: agreement::every_pair, of: |_| true },
    Test {
        name: "unsupported: exit code 5, nothing changed",
        run: agreement::unsupported,
        of: |card| !card.key,
    },
    Test { name: "every flow arrives where it should", run: steering::every_flow, of: |card| card.spreads },
    Test {
        name: "queues grow and shrink, whatever the table",
        run: blackbox::growing_and_shrinking,
        of: |card| card.channels.is_some(),
    },
    Test {
        name: "refused for its impact, without a trace",
        run: blackbox::refused_without_a_trace,
        of: |card| card.channels == Some("link"),
    },
    Test {
        name: "entries that do not fit",
        run: blackbox::entries_that_do_not_fit,
        of: |card| card.entries > 0,
    },
    Test { name: "a new key alone", run: blackbox::key_alone, of: |card| card.key },
    Test { name: "one event a change", run: blackbox::one_event_a_change, of: |card| card.entries > 0 },
    Test { name: "both directions at one queue", run: blackbox::both_directions, of: |card| card.key },
    Test {
        name: "the table is no table on paper",
        run: lies::table_on_paper,
        of: |card| card.driver == "virtio_net",
    },
    Test { name: "the traffic is asked", run: lies::traffic_is_asked, of: |card| card.entries > 0 },
    Test {
        name: "a table of no effect is not believed",
        run: lies::table_of_no_effect,
        of: |card| card.driver == "vmxnet3",
    },
    Test { name: "an affinity file that cannot be written", run: faults::read_only_affinity, of: |_| true },
    Test { name: "killed in an apply", run: faults::killed_in_an_apply, of: |_| true },
    Test { name: "no write where the kernel agrees", run: writes::none_when_in_force, of: |_| true },
    Test { name: "an apply makes the plan's changes", run: writes::the_plans_steps, of: |_| true },
    Test { name: "the daemon stops and starts", run: events::daemon_restarts, of: |_| true },
    Test { name: "released as it was found", run: events::released, of: |_| true },
    Test { name: "a table written by hand", run: events::table_by_hand, of: |card| card.entries > 0 },
    Test { name: "interrupts moved by hand", run: events::affinity_by_hand, of: |_| true },
    Test {
        name: "channels changed by hand",
        run: events::channels_by_hand,
        of: |card| card.channels.is_some(),
    },
    Test { name: "another namespace and back", run: events::moved_to_a_namespace, of: |_| true },
    Test { name: "the link goes and comes", run: events::link_flaps, of: |_| true },
    Test { name: "a processor goes and comes", run: events::processor_off_line, of: |_| true },
    Test { name: "the driver goes and comes", run: events::driver_rebound, of: |_| true },
    Test {
        name: "named while it is closed",
        run: events::named_while_closed,
        of: |card| card.driver == "vmxnet3",
    },
    Test { name: "suspended and resumed", run: events::suspended, of: |_| true },
    Test { name: "unplugged in an apply", run: faults::unplugged_in_an_apply, of: |_| true },
    Test { name: "random sequences", run: random::sequences, of: |_| true },
    Test { name: "sequences that failed once", run: random::kept, of: random::has_kept },
    Test { name: "a transfer goes on", run: traffic::survives, of: has_tap },
    Test { name: "another name and back", run: events::renamed, of: |_| true },
];

/// Whether a card can show that a transfer survives.
pub(super) fn has_transfer(driver: &str) -> bool {
    CARDS.iter().any(|card| card.driver == driver && has_tap(card))
}

/// Virtio's alone is on a tap, where another machine's TCP can reach it.
fn has_tap(card: &Card) -> bool {
    card.driver == "virtio_net"
}

/// A transfer that goes on under many changes of the table.
pub(super) fn transfer(guest: &mut Guest, checks: &mut Checks, driver: &str) -> Result<()> {
    let card = CARDS.iter().find(|card| card.driver == driver).context("no such card")?;
    traffic::under(&mut Subject::new(guest, checks, card)?, traffic::MANY)
}

/// All that the card of a driver can show, or the parts whose names contain a text.
pub(super) fn check(guest: &mut Guest, checks: &mut Checks, driver: &str, part: &str) -> Result<()> {
    let card = CARDS.iter().find(|card| card.driver == driver).context("no such card")?;
    trace::start(guest)?;
    let asked = |test: &&Test| (test.of)(card) && super::named(test.name, part);
    let turn = kernel::turn(guest)?;
    let place = CARDS.iter().position(|other| other.driver == driver).unwrap_or_default();
    let mine =
        |(number, test): &(usize, &Test)| test.name == part || (number + place) % kernel::TURNS == turn;
    let once = ONCE.iter().enumerate().filter(mine).map(|(_, test)| test).filter(asked);
    for test in TESTS.iter().filter(asked).chain(once) {
        checks.part(test.name, |checks| {
            let mut subject = Subject::new(guest, checks, card)?;
            (test.run)(&mut subject)
        });
    }
    // What comes next in this guest finds the card as after boot, and nobody who manages it.
    Product::end_all(guest)?;
    subject::as_after_boot(guest, card)
}
