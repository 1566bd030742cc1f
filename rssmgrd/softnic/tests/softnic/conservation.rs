//! Every packet is counted once, wherever one looks.

use crate::support::{conserved, let_pass, nic, quiet};

#[test]
fn all_counters_agree_at_rest() {
    let mut nic = nic("queues=8 topology=2x8x2 source=synthetic:rate=max");
    let_pass(&nic, 200_000);
    let sample = quiet(&mut nic);
    conserved(&nic, &sample);
    assert_eq!((sample.adapter.drops, sample.adapter.reordered, sample.adapter.misses), (0, 0, 0));
    let cpus: Vec<_> = sample.cpus.iter().map(|c| c.cpu.0).collect();
    assert_eq!(cpus, (0..8).collect::<Vec<_>>(), "the homes that the NIC starts with");
    assert!(sample.queues.iter().all(|q| q.packets > 0));
}
