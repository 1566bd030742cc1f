//! The product in the guest.

mod smoke;

pub(super) use smoke::check as smoke;
