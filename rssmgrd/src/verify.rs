//! Asks the traffic: packets are captured on a thread of their own and compared with what the adapter's state predicts.
//!
//! On request, and by itself for each managed adapter whose state was only read back: soon after a change, then rarely,
//! so that its cost stays a small part of one processor whatever the traffic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rssmgr_core::AdapterId;
use rssmgr_core::driver::Driver;
use rssmgr_core::manager::{AdapterState, AdapterView, Kind, Notice, Verified};
use rssmgr_core::verify::{Check, Evidence, Verdict};
use rssmgr_ethtool::{Capture, capture};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::owner::Handle;

/// How long the background looks at an adapter, and at how many packets at most.
const GLANCE: Capture = Capture { window: Duration::from_millis(500), packets: 500 };

/// How often the background considers whom to look at.
const ROUND: Duration = Duration::from_secs(5);

/// How long an adapter that traffic has proven, or that has none, is left alone.
const AGAIN: Duration = Duration::from_secs(300);

/// One capture at a time, whoever asks.
static TURN: Mutex<()> = Mutex::const_new(());

/// What a look at an adapter's traffic gave.
#[derive(Debug)]
pub struct Looked {
    /// What was seen.
    pub evidence: Evidence,
    /// What it says.
    pub verdict: Verdict,
}

/// Compares an adapter's traffic with its state, and tells the owner.
///
/// # Errors
/// Why its packets cannot be looked at.
pub async fn look(handle: &Handle, view: Arc<AdapterView>, how: Capture) -> Result<Looked, String> {
    if view.facts.kind == Kind::Softnic {
        return Err("a software NIC counts by itself what goes astray: see `rssctl stats`, misses".to_owned());
    }
    let turn = TURN.lock().await;
    let adapter = view.id;
    let device = view.device.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let driver = Driver::of(&view.facts.driver);
        let mut check = Check::of(driver, &view.device, &view.capability.encapsulation);
        let queues = view.device.channels();
        capture(&view.facts.name, queues, how, |queue, frame| check.take(queue, frame))
            .map_err(|e| e.to_string())?;
        Ok::<_, String>(Looked { verdict: check.verdict(), evidence: check.evidence().clone() })
    });
    let looked = looked.await.map_err(|e| e.to_string())??;
    drop(turn);
    handle.tell(Notice::Checked {
        adapter,
        device: Box::new(device),
        verdict: looked.verdict.clone(),
        packets: looked.evidence.packets,
    });
    Ok(looked)
}

/// Looks at managed adapters by turns, for as long as the daemon runs.
pub async fn in_background(handle: Handle) {
    let mut due: BTreeMap<AdapterId, (Instant, Verified)> = BTreeMap::new();
    loop {
        tokio::time::sleep(ROUND).await;
        let snapshot = handle.snapshot();
        due.retain(|id, _| snapshot.adapters.contains_key(id));
        let now = Instant::now();
        for (id, view) in &snapshot.adapters {
            if view.facts.kind != Kind::Kernel
                || !matches!(view.state, AdapterState::Managed | AdapterState::Pending)
            {
                continue;
            }
            // A change brings it back to what was only read.
            let waits = due.get(id).is_some_and(|(at, then)| now < *at && *then == view.verified);
            if waits || view.capability.table_entries == 0 {
                continue;
            }
            if let Err(e) = look(&handle, Arc::clone(view), GLANCE).await {
                tracing::debug!("{}: its traffic cannot be looked at: {e}", view.facts.name);
            }
            let verified = handle.snapshot().adapters.get(id).map_or(view.verified, |v| v.verified);
            // One without traffic costs little to look at, and is soon looked at again.
            let pause = if verified == Verified::Config { ROUND * 6 } else { AGAIN };
            due.insert(*id, (Instant::now() + pause, verified));
        }
    }
}
