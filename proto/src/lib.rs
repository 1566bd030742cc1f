#![forbid(unsafe_code)]
//! The contract between `rssmgrd` and its clients: names, errors, the JSON and D-Bus types, and the D-Bus proxies.
//!
//! Every record is one serde type: as JSON it is what `rssctl -o json` prints, as `a{sv}` (see [`dict`]) it is what
//! travels over D-Bus. Core's types never appear here; [`convert`] makes records from them, in the daemon and in the
//! command line's offline modes alike.

pub mod convert;
pub mod dict;
pub mod error;
pub mod names;
pub mod proxy;
#[cfg(feature = "schema")]
pub mod schema;
pub mod text;
pub mod types;

pub use error::{ApiError, ErrorKind};

/// Version of every JSON document. Grows when a key changes its meaning or disappears; new keys do not count.
pub const JSON_VERSION: u32 = 1;
