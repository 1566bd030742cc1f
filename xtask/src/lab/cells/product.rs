//! The product in the guest.

mod doctor;
mod smoke;

pub(super) use doctor::check as doctor;
pub(super) use smoke::check as smoke;
