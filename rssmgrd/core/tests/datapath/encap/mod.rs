//! Encapsulated packets: each rule by name, and everything at random against a second implementation.

mod build;
mod oracle;
mod random;
mod rules;

use rssmgr_core::QueueId;
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::EncapConfig;
use rssmgr_core::steer::Steering;
use rssmgr_core::toeplitz::Toeplitz;
use std::sync::{Arc, LazyLock};

const ENTRIES: u16 = 128;
const DEFAULT_QUEUE: QueueId = QueueId(99);

/// 128 entries over 16 queues with Microsoft's key, as the oracle has it.
fn steering(types: HashTypes, config: EncapConfig) -> Steering {
    let table = (0..ENTRIES).map(|entry| QueueId(entry % 16)).collect();
    // Expanding a key takes longer than many packets.
    static TOEPLITZ: LazyLock<Arc<Toeplitz>> =
        LazyLock::new(|| Arc::new(Toeplitz::new(&HashKey::microsoft())));
    Steering::new(Arc::clone(&TOEPLITZ), types, table, DEFAULT_QUEUE).unwrap().with_encapsulation(config)
}
