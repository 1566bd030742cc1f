//! Where packets go that nobody else takes.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::HostError;
use crate::root::Root;

/// `RTF_UP`.
const UP: u32 = 1;
/// `RTF_REJECT`: packets are refused.
const REJECT: u32 = 0x200;

/// More routes than a host has in its main table; a router with all of the Internet's has its default route among the
/// first, because the kernel prints by prefix.
const LIMIT: u64 = 1 << 20;

/// The interfaces of the IPv4 default routes. Lines that are not understood are passed over.
///
/// # Errors
/// The file cannot be read.
pub fn default_routes(root: &Path) -> Result<BTreeSet<String>, HostError> {
    let text = Root::new(root).read_start("proc/net/route", LIMIT)?.unwrap_or_default();
    let one = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let number = |i: usize| u32::from_str_radix(words.get(i)?, 16).ok();
        // Interface, destination, gateway, flags, ..., mask.
        let is_default = number(1)? == 0 && number(7)? == 0 && number(3)? & (UP | REJECT) == UP;
        words.first().filter(|_| is_default).map(|name| (*name).to_owned())
    };
    Ok(text.lines().skip(1).filter_map(one).collect())
}
