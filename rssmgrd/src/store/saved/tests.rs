use super::*;
use proptest::prelude::*;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Filter, Queue, VPortDevice};
use rssmgr_core::driver::Impact;
use rssmgr_core::field::{Field, Raw};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::manager::{
    BootGuard, Checkpoint, CheckpointId, CheckpointPart, GivenUp, OpenTransaction, SavedAdapter, SavedSoftnic,
};
use rssmgr_core::scaling::{VPort, VPortState};
use rssmgr_core::vport::{AskedScaling, AskedVPort};
use rssmgr_core::{CpuId, EntryIndex, FilterId, Moment, Processor, QueueId, VPortId};

fn device() -> Device {
    Device {
        enabled: true,
        queues: vec![Queue { home: Some(CpuId(70)) }, Queue { home: None }],
        table: vec![QueueId(0), QueueId(1)],
        key: HashKey::microsoft(),
        hash_types: HashTypes::DEFAULT,
        xps: vec!["0-2,4".parse().unwrap(), CpuSet::new()],
        xps_rxqs: vec![[QueueId(0), QueueId(2)].into(), [].into()],
        rps: vec!["0,70".parse().unwrap(), CpuSet::new()],
        ..Device::default()
    }
}

fn vport_device() -> VPortDevice {
    VPortDevice {
        hash_types: HashTypes::DEFAULT,
        key: HashKey::microsoft(),
        table: vec![QueueId(5), QueueId(4)],
        ..VPortDevice::new(vec![QueueId(4), QueueId(5)])
    }
}

fn filters() -> Vec<Filter> {
    let filter = |id, mac, vlan| Filter { id: FilterId(id), mac, vlan };
    vec![filter(1, Some([2, 0, 0, 0xab, 0, 9]), Some(100)), filter(7, None, Some(0))]
}

fn asked() -> AskedVPort {
    let state = VPort {
        state: VPortState::Activated,
        rss_enabled: true,
        hash_types: HashTypes::DEFAULT,
        key: HashKey::microsoft(),
        queues: 2,
        entries: vec![CpuId(5), CpuId(70)],
        primary: CpuId(4),
        default: CpuId(5),
    };
    AskedVPort { name: "web".into(), queues: 16, state, filters: filters() }
}

fn state(queues: i64) -> SavedState {
    let mut a = SavedAdapter {
        name: "nic0".into(),
        managed: true,
        assigned: vec![CpuId(1), CpuId(64)],
        basis: "profile=Closest queues=4".into(),
        found_queues: 16,
        pending: Some(Impact::Reorder),
        gives_back: GivenUp::ALL.into(),
        original: Some(Device {
            vports: [(VPortId(3), VPortDevice { enabled: true, filters: filters(), ..vport_device() })]
                .into(),
            ..device()
        }),
        ..SavedAdapter::default()
    };
    a.scaling.vports.insert(VPortId(3), asked());
    (a.scaling.vmq_off, a.scaling.primary) = (true, Some(Processor { group: 1, number: 3 }));
    a.patch.set(Field::Queues, &Raw::Int(queues)).unwrap();
    a.patch.set(Field::Profile, &Raw::from("Closest")).unwrap();
    a.patch.set(Field::Enabled, &Raw::Bool(false)).unwrap();
    a.patch.set(Field::BaseProcessor, &Raw::from("1:")).unwrap();
    a.table.insert(EntryIndex(12), Processor { group: 1, number: 3 });
    let options = [("source".to_owned(), "synthetic:rate=10".to_owned())].into();
    let after = SavedAdapter { scaling: AskedScaling::default(), original: None, ..a.clone() };
    let part = |applied, after| CheckpointPart { name: "nic0".into(), before: device(), applied, after };
    let parts = [("k".to_owned(), part(true, Some(after))), ("l".to_owned(), part(false, None))].into();
    let checkpoint = Checkpoint {
        id: CheckpointId(7),
        boot: "8f6a".into(),
        deadline: Moment(12_345_678_901),
        by_uid: 1000,
        parts,
    };
    SavedState {
        checkpoints: vec![checkpoint],
        last_checkpoint: 7,
        boot: "8f6a".into(),
        guard: BootGuard {
            carriers: ["pci:a".to_owned()].into(),
            gateways: ["pci:a".to_owned()].into(),
            unproven: ["pci:b".to_owned()].into(),
            failures: 1,
            ended: true,
        },
        rss_on: false,
        adapters: [("softnic:nic0".to_owned(), a)].into(),
        softnics: vec![SavedSoftnic { name: "nic0".into(), options }],
        open: vec![OpenTransaction { adapter: "softnic:nic0".into(), before: device() }],
    }
}

/// A folder with a state and the one before it; in memory where that is possible, because thousands of syncs follow.
fn folder() -> (tempfile::TempDir, SavedState, SavedState) {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let mut file = SavedFile::new(dir.path());
    let (before, now) = (state(4), state(8));
    file.save(&before).unwrap();
    file.save(&now).unwrap();
    (dir, before, now)
}

#[test]
fn what_is_saved_is_read_again() {
    let (dir, _, now) = folder();
    let (read, told) = SavedFile::new(dir.path()).load().unwrap();
    assert_eq!((read, told.len()), (now, 0));
}

/// A file from before that was noted has no word of it, nor has one of a daemon that nobody ended.
#[test]
fn what_was_not_noted_of_the_end_is_not_there() {
    let mut plain = state(4);
    plain.guard.ended = false;
    let text = v1::render(&plain).unwrap();
    assert!(text.contains("failures = 1") && !text.contains("ended"), "{text}");
    assert_eq!(v1::parse(&text).unwrap(), plain);
}

#[test]
fn a_file_from_before_parts_were_given_back_is_read() {
    let mut now = state(8);
    let text = v1::render(&now).unwrap();
    let old: String =
        text.lines().filter(|l| !l.starts_with("gives_back")).map(|l| format!("{l}\n")).collect();
    assert_eq!(text.lines().count(), old.lines().count() + 2);
    let waiting =
        now.checkpoints.iter_mut().flat_map(|c| c.parts.values_mut()).filter_map(|p| p.after.as_mut());
    now.adapters.values_mut().chain(waiting).for_each(|a| a.gives_back.clear());
    assert_eq!(v1::parse(&old), Ok(now));
    let unknown = text.replace("\"hash_key\"", "\"colour\"");
    assert!(v1::parse(&unknown).unwrap_err().contains("colour"));
}

#[test]
fn a_file_that_says_the_same_is_not_written() {
    let (dir, _, now) = folder();
    let mut file = SavedFile::new(dir.path());
    file.load().unwrap();
    let inode = |p: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(p).unwrap());
    let before = inode(file.path());
    file.save(&now).unwrap();
    assert_eq!(inode(file.path()), before);
}

/// The state that is in force after `saved.toml` has become `bytes`, and whether it was set aside.
fn start_with(bytes: &[u8], now: &SavedState, before: &SavedState, dir: &Path) -> bool {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("damaged") {
            fs::remove_file(path).unwrap();
        }
    }
    fs::write(dir.join(FILE), bytes).unwrap();
    let (state, told) = SavedFile::new(dir).load().expect("starts");
    let set_aside = !told.is_empty();
    assert_eq!(&state, if set_aside { before } else { now });
    assert_eq!(dir.join(FILE).exists(), !set_aside);
    set_aside
}

#[test]
fn cut_at_every_byte_it_is_set_aside_and_the_last_good_copy_used() {
    let (dir, before, now) = folder();
    let whole = fs::read(dir.path().join(FILE)).unwrap();
    for end in 0..whole.len() {
        assert!(start_with(&whole[..end], &now, &before, dir.path()), "cut at {end}");
    }
    assert!(!start_with(&whole, &now, &before, dir.path()));
}

#[test]
fn with_any_byte_changed_it_is_set_aside() {
    let (dir, before, now) = folder();
    let whole = fs::read(dir.path().join(FILE)).unwrap();
    for at in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            assert!(start_with(&bytes, &now, &before, dir.path()), "byte {at} ^ {flip:#x}");
        }
    }
}

#[test]
fn both_files_damaged_means_defaults_and_both_are_kept_for_people() {
    let (dir, _, _) = folder();
    fs::write(dir.path().join(FILE), "x").unwrap();
    fs::write(dir.path().join("saved.toml.last-good"), "y").unwrap();
    let (state, told) = SavedFile::new(dir.path()).load().unwrap();
    assert_eq!(state, SavedState::default());
    let kept = fs::read_dir(dir.path()).unwrap();
    assert_eq!(kept.filter(|e| e.as_ref().unwrap().path().to_string_lossy().contains("damaged")).count(), 2);
    assert!(told[0].to_string().contains("its checksum is wrong") || told[0].to_string().contains("cut off"));
}

#[test]
fn a_later_version_is_neither_used_nor_overwritten() {
    let (dir, _, _) = folder();
    let rest = "version = 2\ncolour = \"blue\"\n";
    let newer = format!("{HEAD}{:016x}\"\n{rest}", checksum(rest));
    fs::write(dir.path().join(FILE), &newer).unwrap();
    let error = SavedFile::new(dir.path()).load().unwrap_err().to_string();
    assert!(error.contains("has version 2") && error.contains("move the file away"), "{error}");
    assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), newer);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_the_old_file_stays() {
    let (dir, _, now) = folder();
    let mut file = SavedFile::new(dir.path());
    file.load().unwrap();
    // A folder where the new file is to be written first.
    fs::create_dir(dir.path().join("saved.toml.new")).unwrap();
    let error = file.save(&state(3)).unwrap_err().to_string();
    assert!(error.contains("saved.toml") && error.contains("writing"), "{error}");
    assert_eq!(SavedFile::new(dir.path()).load().unwrap().0, now);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parse(&bytes);
        let rest = String::from_utf8_lossy(&bytes);
        parse(format!("{HEAD}{:016x}\"\n{rest}", checksum(&rest)).as_bytes());
    }

    #[test]
    fn a_right_checksum_over_a_changed_text_panics_nowhere(at in 0usize..1200, with in any::<u8>()) {
        let mut rest = v1::render(&state(8)).unwrap().into_bytes();
        let at = at % rest.len();
        rest[at] = with;
        let rest = String::from_utf8_lossy(&rest).into_owned();
        parse(format!("{HEAD}{:016x}\"\n{rest}", checksum(&rest)).as_bytes());
    }
}

#[test]
fn a_save_that_fails_leaves_two_copies() {
    let (dir, before, now) = folder();
    let mut file = SavedFile::new(dir.path());
    file.load().unwrap();
    // Nothing can be written beside it.
    fs::create_dir(dir.path().join("saved.toml.new")).unwrap();
    assert!(file.save(&state(2)).is_err());
    let copy = dir.path().join("saved.toml.last-good");
    let inode = |p: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(p).unwrap());
    assert_ne!(inode(file.path()), inode(&copy));
    assert_eq!(SavedFile::new(dir.path()).load().unwrap().0, now);
    fs::remove_file(file.path()).unwrap();
    fs::rename(copy, file.path()).unwrap();
    assert_eq!(SavedFile::new(dir.path()).load().unwrap().0, before);
}
