//! What the hand-over of orders, and sleeping until there are some, is made of: the standard library's or, with the
//! feature `loom`, that of a checker which tries every order in which two threads can meet there.

#[cfg(feature = "loom")]
pub(crate) use loom::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
    thread::{self, Thread},
};
#[cfg(not(feature = "loom"))]
pub(crate) use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
    thread::{self, Thread},
};

/// Sleeps until woken, at most for `limit`. The checker knows no time: without a limit there it must be woken.
pub(crate) fn park(limit: Option<std::time::Duration>) {
    #[cfg(not(feature = "loom"))]
    if let Some(limit) = limit {
        return thread::park_timeout(limit);
    }
    let _ = limit;
    thread::park();
}
