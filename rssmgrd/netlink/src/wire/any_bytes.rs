//! Any bytes as messages, as attributes, and as answers to a request.

use super::message::{FLAG_ACK_ATTRIBUTES, FLAG_CAPPED, FLAG_DUMP_INTERRUPTED, TYPE_DONE, TYPE_ERROR};
use super::{Attributes, Exchange, Failure, Kind, Messages, Names, Request};

/// No message nests deeper.
const DEPTH: usize = 8;

const SEQUENCE: u32 = 7;
const PORT: u32 = 4000;
const FAMILY: u16 = 0x15;

static BIT: Names = Names(&[(2, "name", None), (3, "value", None)]);
static BITS: Names = Names(&[(1, "bit", Some(&BIT))]);
static NAMES: Names = Names(&[(1, "header", Some(&BIT)), (3, "bits", Some(&BITS)), (4, "indir", None)]);

pub(crate) fn read(bytes: &[u8]) {
    let count = Messages::new(bytes).inspect(|message| {
        assert!(message.as_ref().is_ok_and(|message| inside(message.payload, bytes)) || message.is_err());
    });
    // Each message takes its header; a malformed one is the last.
    assert!(count.count() <= bytes.len() / super::message::HEADER + 1);
    attributes(bytes, 0);
    answers(bytes);
}

/// Every attribute, as every type and as attributes.
fn attributes(bytes: &[u8], depth: usize) {
    let mut count = 0;
    for attribute in Attributes::new("test", bytes) {
        count += 1;
        let Ok(attribute) = attribute else { continue };
        assert!(inside(attribute.payload, bytes));
        let length = attribute.payload.len();
        assert_eq!(attribute.u8().is_ok(), length == 1);
        assert_eq!(attribute.u16().is_ok(), length == 2);
        assert_eq!(attribute.u32().is_ok(), length == 4);
        assert_eq!(attribute.i32().is_ok(), length == 4);
        assert_eq!(attribute.u64().is_ok(), length == 8);
        assert_eq!(attribute.uint().is_ok(), matches!(length, 4 | 8));
        assert_eq!(attribute.u32s().is_ok(), length.is_multiple_of(4));
        assert!(!attribute.string().contains('\0'));
        if depth < DEPTH {
            attributes(attribute.payload, depth + 1);
        }
    }
    assert!(count <= bytes.len() / super::attributes::HEADER + 1);
}

fn inside(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

/// As answers to a request: as they are, in two datagrams, and as the payload of each kind of answer.
fn answers(bytes: &[u8]) {
    let mut request = Request::new("test", Kind::Do, FAMILY, &[48, 1, 0, 0], &NAMES).about("nothing");
    request.nest(1, |header| header.string(2, "eth0"));
    request.nest(3, |bits| bits.nest(1, |bit| bit.flag(3)));
    request.u32s(4, &[1, 2]);
    let Ok(sent) = request.finish(SEQUENCE) else { return };

    // Whose answer it is the bytes may say themselves.
    let first = Messages::new(bytes).flatten().next();
    let (sequence, port) = first.map_or((SEQUENCE, PORT), |first| (first.sequence, first.port));
    let (front, back) = bytes.split_at(bytes.len() / 2);
    exchange(Exchange::new(&request, &sent, sequence, port), &[bytes]);
    exchange(Exchange::new(&request, &sent, sequence, port), &[front, back]);
    for kind in [TYPE_ERROR, TYPE_DONE, FAMILY] {
        for flags in [0, FLAG_ACK_ATTRIBUTES, FLAG_ACK_ATTRIBUTES | FLAG_CAPPED, FLAG_DUMP_INTERRUPTED] {
            let answer = answer(kind, flags, bytes);
            exchange(Exchange::new(&request, &sent, SEQUENCE, PORT), &[&answer]);
        }
    }
    for offset in [0, 1, bytes.len() / 2, bytes.len(), usize::MAX] {
        assert_eq!(NAMES.path(bytes, usize::MAX, offset).map(drop), None);
        if let Some((path, _)) = NAMES.path(bytes, 0, offset) {
            assert!(offset < bytes.len() && !path.is_empty());
        }
    }
}

/// A message to the request.
fn answer(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(super::message::HEADER + payload.len()).unwrap_or(u32::MAX);
    let [flags, kind] = [flags, kind].map(u16::to_ne_bytes);
    let [length, sequence, port] = [length, SEQUENCE, PORT].map(u32::to_ne_bytes);
    [&length[..], &kind, &flags, &sequence, &port, payload].concat()
}

fn exchange(mut exchange: Exchange<'_>, datagrams: &[&[u8]]) {
    for datagram in datagrams {
        let end = exchange.feed(datagram, |answer| {
            assert!(inside(answer.payload, datagram));
            Attributes::behind("test", answer.payload, 4).map(drop)
        });
        match end {
            Ok(false) => {}
            Ok(true) | Err(Failure::Interrupted | Failure::Lost) => return,
            Err(Failure::Malformed(malformed)) => {
                assert!(!malformed.to_string().is_empty());
                return;
            }
            Err(Failure::Refused(refusal)) => {
                assert!((1..=4095).contains(&refusal.errno.raw_os_error()));
                assert!(refusal.to_string().starts_with("test of nothing refused: "));
                return;
            }
        }
    }
}
