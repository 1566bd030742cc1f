//! What irqbalance is to leave alone, and how that is said on its socket.
//!
//! Its list of banned interrupts is replaced as a whole by each request, and knows numbers, not devices. So whoever
//! changes it reads it first and keeps what others put there; and says it again when numbers change. The words are
//! those of its source (`sock_handle` of 1.9).

use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt::Write as _;

/// Asks for its settings.
pub const SETUP: &str = "setup";

/// What versions before 1.9.5 read of a request, in bytes. What is longer is cut, also in the middle of a number.
pub const SHORT_REQUEST: usize = 500;

/// Interrupts, as in `/proc/irq`.
pub type Interrupts = BTreeSet<u32>;

/// The list as it is to be: what is there, without what we put there before (`before`) and need no more, with what we need
/// now (`ours`). What its own command line bans (`fixed`) is never taken out.
#[must_use]
pub fn wanted(there: &Interrupts, fixed: &Interrupts, before: &Interrupts, ours: &Interrupts) -> Interrupts {
    let stale = |irq: &u32| before.contains(irq) && !fixed.contains(irq);
    there.iter().filter(|irq| !stale(irq)).chain(ours).copied().collect()
}

/// The banned interrupts in its answer to [`SETUP`]; `None` when that is no such answer.
#[must_use]
pub fn banned(answer: &str) -> Option<Interrupts> {
    let mut words = answer.split_ascii_whitespace();
    if words.next()? != "SLEEP" {
        return None;
    }
    let mut banned = Interrupts::new();
    while let Some(word) = words.next() {
        match word {
            // The processors that it leaves alone end the answer.
            "BANNED" => return Some(banned),
            "IRQ" => drop(banned.insert(words.next()?.parse().ok()?)),
            _ => {}
        }
    }
    None
}

/// The request that makes this the list, in `limit` bytes at most: of a list that is too long, the lowest that fit.
#[must_use]
pub fn request(list: &Interrupts, limit: usize) -> String {
    let mut text = String::from("settings ban irqs");
    if list.is_empty() {
        text.push_str(" NONE");
    }
    for irq in list {
        let before = text.len();
        // Writing to a text cannot fail.
        let _ = write!(text, " {irq}");
        if text.len() > limit {
            text.truncate(before);
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(irqs: &[u32]) -> Interrupts {
        irqs.iter().copied().collect()
    }

    #[test]
    fn others_bans_stay_and_ours_follow_the_interrupts() {
        let none = Interrupts::new();
        assert_eq!(wanted(&set(&[9]), &none, &none, &set(&[40, 41])), set(&[9, 40, 41]));
        let renumbered = wanted(&set(&[9, 40, 41]), &none, &set(&[40, 41]), &set(&[50, 51]));
        assert_eq!(renumbered, set(&[9, 50, 51]));
        let released = wanted(&set(&[9, 50, 51]), &none, &set(&[50, 51]), &none);
        assert_eq!(released, set(&[9]));
        let on_its_command_line = wanted(&set(&[50, 51]), &set(&[51]), &set(&[50, 51]), &none);
        assert_eq!(on_its_command_line, set(&[51]));
    }

    #[test]
    fn its_answer_is_read_whole_or_not_at_all() {
        let answer =
            "SLEEP 10 IRQ 24 LOAD 0 DIFF 0 CLASS 0 IRQ 33 LOAD 7 DIFF 1 CLASS 3 BANNED 00000000,0000000f";
        assert_eq!(banned(answer), Some(set(&[24, 33])));
        assert_eq!(banned("SLEEP 10 BANNED 0"), Some(set(&[])));
        for damaged in
            ["", "SLEEP 10 IRQ", "SLEEP 10 IRQ x BANNED 0", "SLEEP 10 IRQ 24 LOAD 0", "TYPE 0 NUMBER 0"]
        {
            assert_eq!(banned(damaged), None, "{damaged:?}");
        }
    }

    #[test]
    fn a_request_never_ends_in_the_middle_of_a_number() {
        assert_eq!(request(&set(&[]), SHORT_REQUEST), "settings ban irqs NONE");
        assert_eq!(request(&set(&[24, 125]), SHORT_REQUEST), "settings ban irqs 24 125");
        assert_eq!(request(&set(&[24, 125]), 23), "settings ban irqs 24");
        let long = request(&(100..999).collect(), SHORT_REQUEST);
        assert!(long.len() <= SHORT_REQUEST && long.ends_with(" 219"), "{long}");
    }
}
