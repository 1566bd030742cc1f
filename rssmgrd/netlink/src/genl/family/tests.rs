//! All bytes here are written by hand, for a little-endian host.

use super::*;
use crate::testing::{attribute, generic, nest, number};

static ETHTOOL: Known = Known { name: "ethtool", since: "" };

#[test]
fn the_question() {
    #[rustfmt::skip]
    let expected = [
        32, 0, 0, 0, 0x10, 0, 0x01, 0, 1, 0, 0, 0, 0, 0, 0, 0,           // to nlctrl, request
        3, 1, 0, 0,                                                      // getfamily
        12, 0, 2, 0, b'e', b't', b'h', b't', b'o', b'o', b'l', 0,        // family-name
    ];
    let request = question(&ETHTOOL);
    assert_eq!(request.finish(1).unwrap(), expected);
    let mut theirs = Vec::new();
    netlink_bindings::nlctrl::OpGetfamilyDo::encode_request(&mut theirs).push_family_name(c"ethtool");
    assert_eq!(theirs[4..], expected[20..]);
}

#[test]
fn the_answer() {
    let operation = |index, id, flags| nest(index, &[number(1, id), number(2, flags)]);
    let payload = generic(
        1,
        &[
            attribute(2, b"ethtool\0"),
            attribute(1, &[0x15, 0]),
            number(3, 1),
            number(5, 0),
            // CAP_DO | CAP_DUMP | CAP_HASPOL; ADMIN | CAP_DO | CAP_HASPOL; UNS_ADMIN | CAP_DO.
            nest(6, &[operation(1, 38, 0x0e), operation(2, 48, 0x0b), operation(3, 300, 0x12)]),
            nest(7, &[nest(1, &[number(2, 6), attribute(1, b"monitor\0")])]),
        ],
    );
    let family = Family::decode(&payload).unwrap();
    assert_eq!((family.id, family.name.as_str(), family.version), (0x15, "ethtool", 1));
    let get = Operation { does: true, dumps: true, privileged: false };
    let set = Operation { does: true, dumps: false, privileged: true };
    assert_eq!(
        (family.operation(38), family.operation(48), family.operation(49)),
        (Some(get), Some(set), None)
    );
    assert_eq!(family.operations[&300], set);
    assert_eq!((family.group("monitor"), family.group("other")), (Some(6), None));
}

#[test]
fn an_answer_without_a_usable_number_is_refused() {
    let missing = Family::decode(&generic(1, &[attribute(2, b"ethtool\0")])).unwrap_err();
    assert_eq!(missing.problem, Problem::Missing);
    // 3 is the end of a list: answers of such a family could not be told from it.
    let low = Family::decode(&generic(1, &[attribute(1, &[3, 0])])).unwrap_err();
    assert_eq!(low.problem, Problem::Value { got: 3 });
}
