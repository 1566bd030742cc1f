//! The rules, in the order of what they are about.

mod contract;
mod lifecycle;
mod moves;
mod parameters;
mod statuses;
mod steering;
mod v1;
mod vports;

use crate::Rule;

/// All rules.
pub static RULES: std::sync::LazyLock<Vec<Rule>> = std::sync::LazyLock::new(|| {
    let rooms = [
        v1::RULES,
        steering::RULES,
        parameters::RULES,
        moves::RULES,
        statuses::RULES,
        vports::RULES,
        contract::RULES,
        lifecycle::RULES,
    ];
    rooms.concat()
});
