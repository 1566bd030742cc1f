//! Replaying captures: each packet on the queue that it belongs to, by an oracle of the test's own.

use std::fs::OpenOptions;
use std::io::Write as _;

use rssmgr_core::EntryIndex;
use rssmgr_core::QueueId;
use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::Op;
use rssmgr_core::hash::HashKey;
use rssmgr_softnic::{SoftNic, SoftnicSpec, SourceSpec, SourceState};

use crate::frames::{Random, TempFile, frame, pcap};
use crate::oracle;
use crate::support::{conserved, nic, quiet, wait};

fn source(file: &TempFile, options: &str) -> SourceSpec {
    SourceSpec::parse(&format!("pcap:{}{options}", file.path().display())).unwrap()
}

fn finished(nic: &SoftNic) {
    wait("the capture ends", || nic.source_state() == SourceState::Finished);
    let sampler = nic.sampler();
    wait("all are handled", || {
        let a = sampler.sample().adapter;
        a.packets + a.drops == nic.generated()
    });
}

/// Every single packet: its hash, entry, queue and CPU, with a table, a key and homes of no regular pattern.
#[test]
fn each_packet_is_where_the_oracle_says() {
    let mut random = Random(7);
    let frames: Vec<_> = (0..3000).map(|_| frame(&mut random)).collect();
    let file = TempFile::new(&pcap(&frames));
    let mut nic = nic("queues=5 entries=64 topology=2x8x2");
    let key = random.bytes(40);
    let table: Vec<_> = (0..64).map(|_| QueueId(u16::try_from(random.below(5)).unwrap())).collect();
    for op in [
        Op::SetKey(HashKey::new(key.clone())),
        Op::WriteTable(table.clone()),
        Op::DefaultQueue(QueueId(3)),
        Op::Home { queue: QueueId(0), cpu: Some(rssmgr_core::CpuId(27)) },
    ] {
        nic.execute(&op).unwrap();
    }
    let homes = [27, 1, 2, 3, 4];
    let tap = nic.tap(frames.len());
    nic.set_source(source(&file, ",loop=once,pace=max")).unwrap();
    finished(&nic);

    let mut handled = Vec::new();
    while let Some(packet) = tap.next_packet() {
        handled.push(packet);
    }
    handled.sort_by_key(|packet| packet.number);
    assert_eq!(handled.len(), frames.len(), "each packet once");
    let mut queues = [(0, 0); 5];
    for ((number, frame), packet) in (1..).zip(&frames).zip(&handled) {
        assert_eq!((packet.number, &*packet.header), (number, &frame[..frame.len().min(128)]));
        let hash = oracle::hash(&key, frame);
        let entry = hash.map(|hash| EntryIndex(u16::try_from(hash % 64).unwrap()));
        let queue = entry.map_or(QueueId(3), |entry| table[entry.index()]);
        assert_eq!((packet.hash, packet.entry, packet.queue), (hash, entry, queue), "packet {number}");
        assert_eq!(packet.cpu.0, homes[queue.index()], "packet {number}");
        queues[queue.index()].0 += 1;
        queues[queue.index()].1 += u64::try_from(frame.len()).unwrap();
    }
    let sample = nic.sampler().sample();
    conserved(&nic, &sample);
    let counted: Vec<_> = sample.queues.iter().map(|q| (q.packets, q.bytes)).collect();
    assert_eq!(counted, queues);
    let unhashed = frames.iter().filter(|frame| oracle::hash(&key, frame).is_none()).count();
    assert_eq!(sample.adapter.unhashed, u64::try_from(unhashed).unwrap());
    assert_eq!(sample.adapter.unparsed, sample.adapter.unhashed);
    let broadcast = frames.iter().filter(|frame| frame[0] == 0xff).count();
    let multicast = frames.iter().filter(|frame| frame[0] == 0x33).count();
    assert_eq!(sample.adapter.broadcast_packets, u64::try_from(broadcast).unwrap());
    assert_eq!(sample.adapter.multicast_packets, u64::try_from(multicast).unwrap());
    assert_eq!((sample.adapter.drops, sample.adapter.reordered), (0, 0));
}

/// A source that ends leaves the NIC working; counters go on with the next one.
#[test]
fn the_nic_goes_on_after_its_source() {
    let mut random = Random(1);
    let frames: Vec<_> = (0..100).map(|_| frame(&mut random)).collect();
    let file = TempFile::new(&pcap(&frames));
    let mut nic = nic("queues=4 topology=1x4x1 ring=2");
    for rounds in 1..=3_u64 {
        nic.set_source(source(&file, ",loop=7,pace=1M")).unwrap();
        finished(&nic);
        assert_eq!(nic.sampler().sample().adapter.packets, 700 * rounds);
    }
    nic.execute(&Op::Channels(4)).unwrap();
    nic.set_source(source(&file, ",pace=max")).unwrap();
    let sampler = nic.sampler();
    wait("for ever", || sampler.sample().adapter.packets > 10_000);
    assert_eq!(nic.source_state(), SourceState::Running);
    let sample = quiet(&mut nic);
    conserved(&nic, &sample);
    assert_eq!(sample.adapter.reordered, 0);
}

/// What is wrong with a capture is said, and the source that runs goes on.
#[test]
fn bad_captures_are_refused() {
    let mut random = Random(1);
    let frames: Vec<_> = (0..3).map(|_| frame(&mut random)).collect();
    let whole = pcap(&frames);
    let create = |source: &SourceSpec| {
        let spec = SoftnicSpec { source: source.clone(), ..SoftnicSpec::new("nic0").unwrap() };
        SoftNic::create(spec, HashKey::microsoft()).err().map(|e| e.to_string())
    };
    let refused = |content: &[u8], words: &[&str]| {
        let file = TempFile::new(content);
        let message = create(&source(&file, "")).expect("refused");
        for word in [&[file.path().to_str().unwrap()], words].concat() {
            assert!(message.contains(word), "`{message}` lacks `{word}`");
        }
    };
    refused(&whole[..whole.len() - 1], &["packets 1 to 2", "cut short"]);
    refused(&whole[..24], &["holds no packet"]);
    refused(b"GIF89a, which is no capture", &["not a capture"]);
    refused(&[0x1f, 0x8b, 8, 0], &["gzip", "zcat"]);
    let missing = SourceSpec::parse("pcap:/nonexistent.pcap").unwrap();
    assert!(create(&missing).unwrap().contains("/nonexistent.pcap"));

    let mut nic = nic("queues=2 topology=1x2x1 source=synthetic");
    assert!(nic.set_source(missing).is_err());
    let before = nic.generated();
    wait("the old source goes on", || nic.generated() > before);
    assert_eq!(nic.source_state(), SourceState::Running);
}

/// No more memory is taken than was promised, and the error says what to do.
#[test]
fn a_huge_capture_is_refused() {
    // A sparse file: 513 packets of 512 KiB of zeros.
    let file = TempFile::new(&pcap(&[]));
    let mut writer = OpenOptions::new().append(true).open(file.path()).unwrap();
    for i in 0..513_u64 {
        let length = 1_u32 << 19;
        for word in [0, 0, length, length] {
            writer.write_all(&word.to_le_bytes()).unwrap();
        }
        writer.set_len(24 + (i + 1) * (16 + u64::from(length))).unwrap();
    }
    let spec = SoftnicSpec { source: source(&file, ""), ..SoftnicSpec::new("nic0").unwrap() };
    let message = SoftNic::create(spec, HashKey::microsoft()).unwrap_err().to_string();
    assert!(message.contains("packet 512") && message.contains("256 MiB"), "{message}");
}
