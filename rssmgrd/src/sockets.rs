//! Which adapter a connection comes by.

use std::net::IpAddr;

use rssmgr_core::QueueId;
use rssmgr_netlink::netdev::{Netdev, QueueType};
use rssmgr_netlink::rtnetlink::Links;

/// The interface that has a local address, and what it says of a socket's packets.
#[derive(Debug)]
pub struct Owner {
    /// Its name.
    pub interface: String,
    /// Its receive queue with the NAPI instance that was asked for.
    pub queue: Option<QueueId>,
}

/// Finds the interface that has an address, and its queue with a NAPI instance. Blocks on the kernel for a moment.
///
/// # Errors
/// Why the kernel cannot be asked.
pub fn owner(address: IpAddr, napi: Option<u32>) -> Result<Option<Owner>, String> {
    let mut links = Links::open().map_err(|e| e.to_string())?;
    for link in links.list().map_err(|e| e.to_string())? {
        if !links.addresses(link.index).map_err(|e| e.to_string())?.contains(&address) {
            continue;
        }
        let queue = napi.and_then(|napi| queue(link.index, napi));
        return Ok(Some(Owner { interface: link.name, queue }));
    }
    Ok(None)
}

/// The receive queue of an interface with this NAPI instance; `None` too where the kernel or the driver does not tell.
fn queue(ifindex: u32, napi: u32) -> Option<QueueId> {
    let queues = Netdev::open().ok()?.queues(ifindex).ok()?;
    let found = queues.iter().find(|q| q.direction == QueueType::RX && q.napi == Some(napi))?;
    u16::try_from(found.id).ok().map(QueueId)
}
