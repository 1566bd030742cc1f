//! Where packets go that nobody else takes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::below::with_below;
use crate::error::HostError;
use crate::root::Root;

/// `RTF_UP`.
const UP: u32 = 1;
/// `RTF_REJECT`: packets are refused.
const REJECT: u32 = 0x200;

/// More routes than a host has in its main table; a router with all of the Internet's has its default route among the
/// first, because the kernel prints by prefix.
const LIMIT: u64 = 1 << 20;

/// A router that a default route leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// The interface of the route, where the router is a neighbour.
    pub interface: String,
    /// Its address.
    pub address: IpAddr,
}

/// The interfaces of the IPv4 default routes, and those below them: the ports of a bond or bridge, what a VLAN is on. Lines
/// that are not understood are passed over.
///
/// # Errors
/// The file cannot be read.
pub fn default_routes(root: &Path) -> Result<BTreeSet<String>, HostError> {
    let root = Root::new(root);
    let text = root.read_start("proc/net/route", LIMIT)?.unwrap_or_default();
    let routes = text.lines().skip(1).filter_map(default_v4);
    Ok(routes.flat_map(|(name, _)| with_below(&root, name)).collect())
}

/// The routers of the default routes of both families, by interface: each is behind the interface of its route, and
/// behind those below it, as in [`default_routes`]. A route without a gateway leads to the link itself and has none.
/// Lines that are not understood are passed over.
///
/// # Errors
/// A file cannot be read.
pub fn gateways(root: &Path) -> Result<BTreeMap<String, Vec<Router>>, HostError> {
    let root = Root::new(root);
    let v4 = root.read_start("proc/net/route", LIMIT)?.unwrap_or_default();
    let v6 = root.read_start("proc/net/ipv6_route", LIMIT)?.unwrap_or_default();
    let mut found: BTreeMap<String, Vec<Router>> = BTreeMap::new();
    for (name, address) in v4.lines().skip(1).filter_map(default_v4).chain(v6.lines().filter_map(default_v6))
    {
        if address.is_unspecified() {
            continue;
        }
        for at in with_below(&root, name) {
            let router = Router { interface: name.to_owned(), address };
            found.entry(at).or_default().push(router);
        }
    }
    Ok(found)
}

/// Interface, destination, gateway, flags, ..., mask; addresses are numbers in the machine's own byte order.
fn default_v4(line: &str) -> Option<(&str, IpAddr)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |i: usize| u32::from_str_radix(words.get(i)?, 16).ok();
    let is_default = number(1)? == 0 && number(7)? == 0 && number(3)? & (UP | REJECT) == UP;
    let gateway = Ipv4Addr::from(number(2)?.to_ne_bytes());
    words.first().filter(|_| is_default).map(|name| (*name, gateway.into()))
}

/// Destination, its prefix, source, its prefix, gateway, metric, two counters, flags, interface.
fn default_v6(line: &str) -> Option<(&str, IpAddr)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let address = |i: usize| u128::from_str_radix(words.get(i)?, 16).ok();
    let flags = u32::from_str_radix(words.get(8)?, 16).ok()?;
    let is_default = address(0)? == 0 && *words.get(1)? == "00" && flags & (UP | REJECT) == UP;
    let gateway = Ipv6Addr::from(address(4)?);
    words.get(9).filter(|_| is_default).map(|name| (*name, gateway.into()))
}
