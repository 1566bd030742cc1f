//! What the hand-over of orders is made of: the standard library's or, with the feature `loom`, that of a checker which
//! tries every order in which two threads can meet there.

#[cfg(feature = "loom")]
pub(crate) use loom::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};
#[cfg(not(feature = "loom"))]
pub(crate) use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};
