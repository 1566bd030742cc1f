//! What the hand-over of orders is made of: the standard library's or, with the feature `loom`, that of a checker which
//! tries every order in which two threads can meet there.

#[cfg(feature = "loom")]
pub(crate) use loom::{
    sync::Mutex,
    sync::atomic::{AtomicBool, AtomicU64, Ordering, fence},
    thread::{Thread, current, park},
};
#[cfg(not(feature = "loom"))]
pub(crate) use std::{
    sync::Mutex,
    sync::atomic::{AtomicBool, AtomicU64, Ordering, fence},
    thread::{Thread, current, park, park_timeout},
};

/// The checker knows no time.
#[cfg(feature = "loom")]
pub(crate) fn park_timeout(_limit: std::time::Duration) {
    park();
}
