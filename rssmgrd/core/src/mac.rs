//! Ethernet addresses as texts.

use alloc::string::{String, ToString};

/// Reads six bytes of two hexadecimal digits each, with `:` or `-` between them; `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut mac {
        let part = parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

/// An address as Linux writes it.
#[must_use]
pub fn show([a, b, c, d, e, f]: [u8; 6]) -> String {
    format_args!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mac = [2, 0, 0x5e, 0xff, 0, 9];
        assert_eq!(show(mac), "02:00:5e:ff:00:09");
        assert_eq!(parse(&show(mac)), Some(mac));
        assert_eq!(parse("02-00-5E-FF-00-09"), Some(mac));
        for wrong in [
            "",
            "02:00:5e:ff:00",
            "02:00:5e:ff:00:09:01",
            "02:00:5e:ff:00:+9",
            "2:0:5e:ff:0:9",
            "02:00:5e:ff:00:0g",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
