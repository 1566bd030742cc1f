//! `rssctl hash`: offline Toeplitz.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use rssmgr_core::QueueId;
use rssmgr_core::hash::{HashKey, HashType, HashTypes, KEY_BYTES};
use rssmgr_core::packet::encap::{EncapConfig, Encapsulations, VxlanPort};
use rssmgr_core::steer::{MAX_ENTRIES, Steering};
use rssmgr_core::toeplitz::Toeplitz;
use rssmgr_host::capture::{Capture, CaptureError, HashedPacket, hash_capture};
use rssmgr_proto::types::HashRecord;
use rssmgr_proto::{ErrorKind, convert};

use super::Context;
use crate::cli::HashArgs;
use crate::exit::{Failure, Stop};
use crate::render::structured::{self, Form};
use crate::render::{packet, packet_header};
use crate::resolve::flow_query;

/// Computes hashes.
pub(super) fn run(c: &mut Context<'_, '_>, args: &HashArgs) -> Result<(), Stop> {
    let steering = steering(args)?;
    match (&args.pcap, &args.src, &args.dst) {
        (Some(file), ..) if file == Path::new("-") => capture(c, io::stdin().lock(), file, &steering),
        (Some(file), ..) => {
            let open = File::open(file).map_err(|e| {
                Failure::new(ErrorKind::BadFile, format!("cannot open capture {}: {e}", file.display()))
            })?;
            capture(c, open, file, &steering)
        }
        (None, Some(src), Some(dst)) => {
            let tuple = convert::flow_tuple(&flow_query(src, dst, args.proto.as_deref())?)?;
            let headers = tuple.headers().map_err(|e| Failure::usage(e.to_string()))?;
            let verdict = steering.steer(&headers);
            let record = record(&HashedPacket::new(1, &verdict));
            let text = match c.form() {
                Some(form) => structured::record(record, form)?,
                None => packet_header(c.terminal.paint, false) + &packet(&record, false),
            };
            c.terminal.print(&text)
        }
        (None, ..) => Err(Failure::usage("give SRC and DST, or --pcap FILE").into()),
    }
}

fn steering(args: &HashArgs) -> Result<Steering, Failure> {
    let key = match args.hash_key.to_ascii_lowercase().as_str() {
        "microsoft" => HashKey::microsoft(),
        "symmetric" => HashKey::symmetric(KEY_BYTES),
        _ => HashKey::parse(&args.hash_key, KEY_BYTES).map_err(|e| {
            Failure::usage(format!("hash-key: {e}; allowed: {KEY_BYTES} bytes in hex, microsoft, symmetric"))
        })?,
    };
    let types = HashTypes::parse(&args.hash_types).map_err(|e| Failure::usage(format!("hash-types: {e}")))?;
    let entries = usize::try_from(args.entries)
        .ok()
        .filter(|n| (1..=MAX_ENTRIES).contains(n))
        .ok_or_else(|| Failure::usage(format!("entries: `{}` is not in 1 to {MAX_ENTRIES}", args.entries)))?;
    // Only the entry is asked for; the queue behind it is that of an adapter.
    let table = vec![QueueId(0); entries].into_boxed_slice();
    let steering = Steering::new(Arc::new(Toeplitz::new(&key)), types, table, QueueId(0))
        .map_err(|e| Failure::usage(e.to_string()))?;
    Ok(steering.with_encapsulation(encapsulation(args)?))
}

/// Which encapsulated packets are looked into, as far as any NIC can.
fn encapsulation(args: &HashArgs) -> Result<EncapConfig, Failure> {
    let wrong = |e: String| Failure::usage(format!("encapsulation: {e}"));
    let kinds = args.encapsulation.as_deref().map_or(Ok(Encapsulations::NONE), Encapsulations::parse);
    let port = args.vxlan_port.as_deref().map_or(Ok(VxlanPort::default()), VxlanPort::parse);
    let kinds = kinds.map_err(|e| wrong(e.to_string()))?;
    let vxlan_port = port.map_err(|e| Failure::usage(e.to_string()))?;
    Ok(EncapConfig { vxlan_port, ..EncapConfig::new(kinds) })
}

fn record(p: &HashedPacket) -> HashRecord {
    HashRecord {
        packet: p.packet,
        hash_type: p.hash_type.map_or("none", HashType::name).into(),
        hash: p.hash.map(|h| format!("{h:08x}")),
        entry: p.entry.map(|e| e.0.into()),
        encapsulation: p.encapsulation.map(|kind| kind.name().into()),
        inner: p.inner,
    }
}

fn damaged(file: &Path, e: &CaptureError) -> Failure {
    Failure::new(ErrorKind::BadFile, format!("{}: {e}", file.display()))
}

/// One record after the other as they are read; what is damaged ends it, after everything before it was printed.
fn capture(c: &mut Context<'_, '_>, reader: impl Read, file: &Path, steering: &Steering) -> Result<(), Stop> {
    let mut capture = Capture::new(reader).map_err(|e| damaged(file, &e))?;
    let form = c.form();
    let inside = steering.looks_inside();
    let mut all: Vec<HashRecord> = Vec::new();
    if form.is_none() {
        let head = packet_header(c.terminal.paint, inside);
        c.terminal.print(&head)?;
    }
    let mut strange: Vec<u16> = Vec::new();
    for found in hash_capture(&mut capture, steering) {
        let record = match found {
            Ok(p) => record(&p),
            // One interface of the file: told once, and its packets are listed as what they are, without a hash.
            Err(e @ CaptureError::LinkType { number, packet: Some(packet) }) => {
                if !strange.contains(&number) {
                    strange.push(number);
                    c.note(&damaged(file, &e));
                }
                HashRecord { packet, hash_type: "none".into(), ..HashRecord::default() }
            }
            Err(e) => {
                c.note(&damaged(file, &e));
                break;
            }
        };
        match form {
            None => c.terminal.print(&packet(&record, inside))?,
            Some(Form::Jsonl) => {
                let line = structured::record(record, Form::Jsonl)?;
                c.terminal.print(&line)?;
            }
            Some(Form::Json | Form::Yaml) => all.push(record),
        }
    }
    if let Some(form @ (Form::Json | Form::Yaml)) = form {
        let text = structured::list("packets", all, form)?;
        c.terminal.print(&text)?;
    }
    Ok(())
}
