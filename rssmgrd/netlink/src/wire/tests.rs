//! All bytes here are written by hand, for a little-endian host.

use super::message::{FLAG_ACK_ATTRIBUTES, FLAG_CAPPED, FLAG_DUMP_INTERRUPTED, TYPE_DONE, TYPE_ERROR};
use super::*;
use crate::Error;
use crate::testing::{attribute, message};
use proptest::prelude::*;
use rustix::io::Errno;

static INNER: Names = Names(&[(2, "name", None)]);
static NAMES: Names = Names(&[(1, "header", Some(&INNER)), (4, "indir", None)]);

/// type 0x15, header {name "eth0"}, indir [1, 2].
fn request() -> Request {
    let mut request =
        Request::new("rss-set", Kind::Do, 0x15, &[48, 1, 0, 0], &NAMES).about("interface `eth0`");
    request.nest(1, |header| header.string(2, "eth0"));
    request.u32s(4, &[1, 2]);
    request
}

#[rustfmt::skip]
const REQUEST: [u8; 48] = [
    48, 0, 0, 0, 0x15, 0, 0x05, 0, 7, 0, 0, 0, 0, 0, 0, 0, // length, type, request|ack, sequence 7, port 0
    48, 1, 0, 0,                                           // command 48, version 1
    16, 0, 0x01, 0x80,                                     // header, nested: at 20
    9, 0, 2, 0, b'e', b't', b'h', b'0', 0, 0, 0, 0,        //   name with NUL, padded: at 24
    12, 0, 4, 0, 1, 0, 0, 0, 2, 0, 0, 0,                   // indir: at 36
];

#[test]
fn requests_are_written_byte_for_byte() {
    assert_eq!(request().finish(7).unwrap(), REQUEST);
    let mut dump = Request::new("list", Kind::Dump, 0x1234, &[], &NAMES);
    dump.uint(1, 0xffff_ffff);
    dump.uint(2, 0x1_0000_0000);
    dump.flag(3);
    #[rustfmt::skip]
    let expected = [
        40, 0, 0, 0, 0x34, 0x12, 0x01, 0x03, 1, 0, 0, 0, 0, 0, 0, 0, // request|dump
        8, 0, 1, 0, 0xff, 0xff, 0xff, 0xff,                          // a uint that fits 4 bytes
        12, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0,                         // one that does not
        4, 0, 3, 0,                                                  // a flag
    ];
    assert_eq!(dump.finish(1).unwrap(), expected);
}

#[test]
fn an_attribute_that_is_too_long_is_named() {
    let fits = |entries: usize| {
        let mut request = Request::new("rss-set", Kind::Do, 0x15, &[], &NAMES);
        request.u32s(4, &vec![0; entries]);
        request.finish(1)
    };
    // 4 bytes of header and 16,382 entries are 65,532 bytes; the length field holds 65,535.
    assert!(fits(16_382).is_ok());
    let expected =
        Error::TooLong { operation: "rss-set", attribute: "indir".into(), got: 65_536, max: 65_535 };
    assert_eq!(fits(16_383).unwrap_err(), expected);
}

#[test]
fn messages_of_a_datagram_are_found() {
    let datagram = [message(0x15, 2, 1, 9, &[1, 2, 3]), message(3, 2, 1, 9, &[])].concat();
    let found: Vec<Message<'_>> = Messages::new(&datagram).map(Result::unwrap).collect();
    let first = Message { kind: 0x15, flags: 2, sequence: 1, port: 9, payload: &[1, 2, 3] };
    assert_eq!(found, [first, Message { kind: 3, payload: &[], ..first }]);
    // Without the padding of the last message.
    assert_eq!(Messages::new(&message(0x15, 2, 1, 9, &[1, 2, 3])[..19]).count(), 1);
}

#[test]
fn damaged_messages_end_the_datagram() {
    let good = message(0x15, 0, 1, 9, &[1, 2, 3, 4]);
    for (length, problem) in [
        (0, Problem::Length { claimed: 0, available: 40 }),
        (15, Problem::Length { claimed: 15, available: 40 }),
        (41, Problem::Length { claimed: 41, available: 40 }),
        (u32::MAX, Problem::Length { claimed: 0xffff_ffff, available: 40 }),
    ] {
        let mut datagram = [good.clone(), good.clone()].concat();
        datagram[..4].copy_from_slice(&length.to_le_bytes());
        let found: Vec<_> = Messages::new(&datagram).collect();
        assert_eq!(found, [Err(Malformed { what: "message header", attribute: None, problem })]);
    }
    let short = Messages::new(&good[..15]).next().unwrap().unwrap_err();
    assert_eq!(short.problem, Problem::Short { got: 15, want: 16 });
}

#[test]
fn attributes_are_read_and_checked() {
    let bytes = [
        attribute(1, &[7]),
        attribute(2, &[1, 2]),
        attribute(0x8003, &attribute(9, &[4, 3, 2, 1])),
        attribute(0x4004, &[1, 0, 0, 0, 0, 0, 0, 0x80]),
        attribute(5, b"eth0\0junk"),
        attribute(6, b"no nul \xff"),
        attribute(7, &[1, 0, 0, 0, 2, 0, 0, 0]),
    ]
    .concat();
    let all: Vec<Attribute<'_>> = Attributes::new("test", &bytes).map(Result::unwrap).collect();
    assert_eq!(all.iter().map(|a| a.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((all[0].u8(), all[1].u16()), (Ok(7), Ok(0x0201)));
    let inner: Vec<_> = all[2].nested("inner").map(Result::unwrap).collect();
    assert_eq!((inner[0].number, inner[0].u32(), inner[0].uint()), (9, Ok(0x0102_0304), Ok(0x0102_0304)));
    assert_eq!(inner[0].i32(), Ok(0x0102_0304));
    assert_eq!((all[3].u64(), all[3].uint()), (Ok(1 << 63 | 1), Ok(1 << 63 | 1)));
    assert_eq!((all[4].string().as_ref(), all[5].string().as_ref()), ("eth0", "no nul \u{fffd}"));
    assert_eq!(all[6].u32s(), Ok(vec![1, 2]));

    let wrong =
        |got, want| Malformed { what: "test", attribute: Some(1), problem: Problem::Size { got, want } };
    assert_eq!(all[0].u16(), Err(wrong(1, 2)));
    assert_eq!(all[0].u32(), Err(wrong(1, 4)));
    assert_eq!(all[0].uint(), Err(wrong(1, 8)));
    assert_eq!(all[0].u32s().unwrap_err().problem, Problem::Elements { got: 1, element: 4 });
    let message = wrong(1, 2).to_string();
    assert_eq!(message, "malformed message from the kernel: test, attribute 1: 1 bytes of payload, 2 wanted");

    let cut: Vec<_> = Attributes::new("test", &bytes[..9]).collect();
    assert_eq!(cut[1].unwrap_err().problem, Problem::Short { got: 1, want: 4 });
    let cut: Vec<_> = Attributes::new("test", &bytes[..13]).collect();
    assert_eq!(cut[1].unwrap_err().problem, Problem::Length { claimed: 6, available: 5 });
    assert_eq!(cut.len(), 2);
}

#[test]
fn places_in_a_request_have_names() {
    let path = |offset| NAMES.path(&REQUEST, 20, offset).map(|(path, _)| path);
    assert_eq!(path(20).as_deref(), Some("header"));
    assert_eq!(path(24).as_deref(), Some("header.name"));
    assert_eq!(path(36).as_deref(), Some("indir"));
    for nowhere in [0, 19, 21, 28, 40, 47, 48, 4096, usize::MAX] {
        assert_eq!(path(nowhere), None, "{nowhere}");
    }
    static OTHER: Names = Names(&[]);
    assert_eq!(OTHER.path(&REQUEST, 20, 24).map(|(path, _)| path).as_deref(), Some("1.2"));
}

const PORT: u32 = 4000;

/// What the exchange of [`request`] makes of datagrams, and the payloads of the answers.
fn exchange(datagrams: &[Vec<u8>]) -> (Result<bool, Failure>, Vec<Vec<u8>>, Option<String>) {
    let (request, mut answers) = (request(), Vec::new());
    let mut exchange = Exchange::new(&request, &REQUEST, 7, PORT);
    let mut last = Ok(false);
    for datagram in datagrams {
        last = exchange.feed(datagram, |message| {
            answers.push(message.payload.to_vec());
            Ok(())
        });
        if !matches!(last, Ok(false)) {
            break;
        }
    }
    (last, answers, exchange.into_warning())
}

/// An acknowledgement with the request's header but not its payload.
fn acknowledgement(errno: i32, attributes: &[u8]) -> Vec<u8> {
    let payload = [&(-errno).to_le_bytes()[..], &REQUEST[..16], attributes].concat();
    message(TYPE_ERROR, FLAG_CAPPED | FLAG_ACK_ATTRIBUTES, 7, PORT, &payload)
}

fn refusal(datagram: Vec<u8>) -> Refusal {
    match exchange(&[datagram]).0 {
        Err(Failure::Refused(refusal)) => *refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_and_its_acknowledgement() {
    let answer = message(0x15, 0, 7, PORT, &[1, 2, 3, 4]);
    let (end, answers, warning) = exchange(&[answer, acknowledgement(0, &attribute(1, b"link is down\0"))]);
    assert!(matches!(end, Ok(true)), "{end:?}");
    assert_eq!((answers, warning.as_deref()), (vec![vec![1, 2, 3, 4]], Some("link is down")));
}

#[test]
fn a_question_ends_with_its_answer_or_a_refusal() {
    let question = Request::new("rss-get", Kind::Get, 0x15, &[38, 1, 0, 0], &NAMES);
    let sent = question.finish(7).unwrap();
    let ends = |datagram: &[u8]| {
        let mut answers = 0;
        let end = Exchange::new(&question, &sent, 7, PORT).feed(datagram, |_| {
            answers += 1;
            Ok(())
        });
        (end, answers)
    };
    let (end, answers) = ends(&message(0x15, 0, 7, PORT, &[1, 2, 3, 4]));
    assert!(matches!(end, Ok(true)) && answers == 1, "{end:?}");
    let late = message(0x15, 0, 6, PORT, &[9]);
    assert!(matches!(ends(&late), (Ok(false), 0)));
    assert!(matches!(ends(&acknowledgement(95, &[])).0, Err(Failure::Refused(_))));
    // Nothing comes behind it that would tell of it otherwise.
    let mut damaged = message(0x15, 0, 7, PORT, &[1]);
    damaged[0] = 3;
    assert!(matches!(ends(&damaged).0, Err(Failure::Malformed(_))));
}

#[test]
fn messages_of_others_are_passed_over() {
    let late = message(0x15, 0, 6, PORT, &[9]);
    let foreign = message(0x15, 0, 7, PORT + 1, &[9]);
    let late_refusal = message(TYPE_ERROR, 0, 6, PORT, &(-22_i32).to_le_bytes());
    let nothing = message(message::TYPE_NOOP, 0, 7, PORT, &[]);
    let (end, answers, _) = exchange(&[late, [foreign, late_refusal, nothing].concat()]);
    assert!(matches!(end, Ok(false)), "{end:?}");
    assert!(answers.is_empty());
}

#[test]
fn the_kernels_words_and_the_attribute_are_told() {
    let attributes =
        [attribute(1, b"table size must be 128\0"), attribute(2, &36_u32.to_le_bytes())].concat();
    let capped = refusal(acknowledgement(22, &attributes));
    assert_eq!(capped.errno, Errno::INVAL);
    assert_eq!(capped.message.as_deref(), Some("table size must be 128"));
    assert_eq!(capped.attribute.as_deref(), Some("indir"));
    assert_eq!(
        capped.to_string(),
        "rss-set of interface `eth0` refused: Invalid argument (os error 22); \
         the kernel says \"table size must be 128\"; it refuses `indir`"
    );
    // The same from a kernel that echoes the request.
    let payload = [&(-22_i32).to_le_bytes()[..], &REQUEST, &attributes].concat();
    assert_eq!(refusal(message(TYPE_ERROR, FLAG_ACK_ATTRIBUTES, 7, PORT, &payload)), capped);
    // And from one that has no extended acknowledgements.
    let bare = refusal(message(TYPE_ERROR, 0, 7, PORT, &[&(-22_i32).to_le_bytes()[..], &REQUEST].concat()));
    assert_eq!(bare, Refusal { message: None, attribute: None, ..capped });
}

#[test]
fn what_is_missing_is_told() {
    let inside = [attribute(5, &2_u32.to_le_bytes()), attribute(6, &20_u32.to_le_bytes())].concat();
    assert_eq!(refusal(acknowledgement(22, &inside)).missing.as_deref(), Some("header.name"));
    let outside = refusal(acknowledgement(22, &attribute(5, &4_u32.to_le_bytes())));
    assert_eq!(outside.missing.as_deref(), Some("indir"));
    assert!(outside.to_string().ends_with("it wants `indir`"), "{outside}");
}

#[test]
fn what_is_allowed_is_told() {
    let policy = |inner: &[u8]| refusal(acknowledgement(34, &attribute(0x8004, inner)));
    let range = [attribute(4, &1_u64.to_le_bytes()), attribute(5, &255_u64.to_le_bytes())].concat();
    assert!(policy(&range).to_string().ends_with("allowed: 1 to 255"), "{}", policy(&range));
    let signed = [attribute(2, &(-5_i64).to_le_bytes()), attribute(3, &5_i64.to_le_bytes())].concat();
    assert_eq!(policy(&signed).policy.unwrap().to_string(), "-5 to 5");
    let length = [attribute(6, &1_u32.to_le_bytes()), attribute(12, &6_u64.to_le_bytes())].concat();
    assert_eq!(policy(&length).policy.unwrap().to_string(), "1 bytes or more, bits of 0x6");
    assert!(policy(&[]).to_string().ends_with("(os error 34)"));
}

#[test]
fn numbers_that_are_no_errno_are_refused() {
    for code in [1, i32::MAX, -4096, i32::MIN] {
        let end = exchange(&[message(TYPE_ERROR, 0, 7, PORT, &code.to_le_bytes())]).0;
        let Err(Failure::Malformed(malformed)) = end else { panic!("{code}: {end:?}") };
        assert_eq!(malformed.problem, Problem::Value { got: code.into() });
    }
    assert_eq!(refusal(acknowledgement(4095, &[])).errno.raw_os_error(), 4095);
}

#[test]
fn a_list_ends_with_done() {
    let part = |byte, flags| message(0x15, 2 | flags, 7, PORT, &[byte]);
    let done = message(TYPE_DONE, 2, 7, PORT, &0_i32.to_le_bytes());
    let (end, answers, _) = exchange(&[[part(1, 0), part(2, 0)].concat(), part(3, 0), done.clone()]);
    assert!(matches!(end, Ok(true)), "{end:?}");
    assert_eq!(answers, [[1], [2], [3]]);

    let end = exchange(&[part(1, FLAG_DUMP_INTERRUPTED), done]).0;
    assert!(matches!(end, Err(Failure::Interrupted)), "{end:?}");
    let end = exchange(&[message(TYPE_DONE, 2 | FLAG_DUMP_INTERRUPTED, 7, PORT, &[0; 4])]).0;
    assert!(matches!(end, Err(Failure::Interrupted)), "{end:?}");

    let payload = [&(-95_i32).to_le_bytes()[..], &attribute(1, b"no\0")].concat();
    let failed = refusal(message(TYPE_DONE, 2 | FLAG_ACK_ATTRIBUTES, 7, PORT, &payload));
    assert_eq!((failed.errno, failed.message.as_deref()), (Errno::OPNOTSUPP, Some("no")));

    let end = exchange(&[message(message::TYPE_OVERRUN, 0, 7, PORT, &[])]).0;
    assert!(matches!(end, Err(Failure::Lost)), "{end:?}");
}

#[test]
fn a_malformed_part_is_told_when_the_list_is_over() {
    let mut damaged = message(0x15, 2, 7, PORT, &[1]);
    damaged[0] = 3;
    let done = message(TYPE_DONE, 2, 7, PORT, &0_i32.to_le_bytes());
    let (end, answers, _) = exchange(&[damaged, message(0x15, 2, 7, PORT, &[2]), done]);
    assert!(matches!(end, Err(Failure::Malformed(_))), "{end:?}");
    assert!(answers.is_empty());
}

proptest! {
    /// An acknowledgement with any one byte different.
    #[test]
    fn any_change_of_an_acknowledgement_is_survived(at in 0_usize..104, byte in any::<u8>()) {
        let policy = attribute(0x8004, &attribute(4, &1_u64.to_le_bytes()));
        let attributes = [
            attribute(1, b"table\0"),
            attribute(2, &36_u32.to_le_bytes()),
            attribute(5, &2_u32.to_le_bytes()),
            attribute(6, &20_u32.to_le_bytes()),
            policy,
        ].concat();
        let mut datagram = acknowledgement(22, &attributes);
        let length = datagram.len();
        datagram[at % length] = byte;
        let _ = exchange(&[datagram]);
    }

    /// Every attribute of a request is found at its place, and nothing else is.
    #[test]
    fn places_are_those_of_attributes(sizes in proptest::collection::vec(0_usize..9, 1..9)) {
        let mut request = Request::new("test", Kind::Do, 1, &[], &NAMES);
        let mut places = Vec::new();
        let mut at = 16;
        for (number, size) in (10..).zip(&sizes) {
            request.bytes(number, &vec![0; *size]);
            places.push((at, number.to_string()));
            at += 4 + size.next_multiple_of(4);
        }
        let bytes = request.finish(1).unwrap();
        prop_assert_eq!(bytes.len(), at);
        for offset in 0..at + 8 {
            let expected = places.iter().find(|(place, _)| *place == offset).map(|(_, name)| name.clone());
            prop_assert_eq!(NAMES.path(&bytes, 16, offset).map(|(path, _)| path), expected);
        }
    }
}
