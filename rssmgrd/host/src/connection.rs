//! Connections and the processes that hold them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use rssmgr_core::packet::TransportKind;

use crate::error::HostError;
use crate::root::Root;

/// The longest line of the kernel's tables of sockets: those of IPv6 take some 200 bytes.
const LONGEST: u64 = 512;

/// A socket with a far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// TCP or UDP.
    pub protocol: TransportKind,
    /// The near end. IPv4 in an IPv6 socket is IPv4, as on the wire.
    pub local: SocketAddr,
    /// The far end.
    pub remote: SocketAddr,
    /// The socket's number; 0 for one that nobody holds any more.
    pub inode: u64,
}

/// The connections in the network namespace of a process, or of the calling one.
///
/// # Errors
/// The tables cannot be read.
pub fn connections(root: &Path, pid: Option<u32>) -> Result<Vec<Connection>, HostError> {
    let root = Root::new(root);
    let process = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    let mut found = Vec::new();
    for (table, protocol) in [
        ("tcp", TransportKind::Tcp),
        ("tcp6", TransportKind::Tcp),
        ("udp", TransportKind::Udp),
        ("udp6", TransportKind::Udp),
    ] {
        let path = format!("proc/{process}/net/{table}");
        root.each_line(path, LONGEST, |line| found.extend(connection(line, protocol)))?;
    }
    Ok(found)
}

/// The sockets that a process holds: a file descriptor by the socket's number. Nothing for a process that is not there.
///
/// # Errors
/// Its descriptors may not be seen.
pub fn sockets(root: &Path, pid: u32) -> Result<BTreeMap<u64, u32>, HostError> {
    let root = Root::new(root);
    let folder = PathBuf::from(format!("proc/{pid}/fd"));
    let socket = |fd: u32| {
        let target = root.link_name(&folder, &fd.to_string())?;
        Some((target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?, fd))
    };
    Ok(root.numbered(&folder, "")?.into_iter().rev().filter_map(socket).collect())
}

/// The processes that hold a socket, each with its file descriptor; those whose descriptors may not be seen are left out.
///
/// # Errors
/// The folder of processes cannot be read.
pub fn holders(root: &Path, inode: u64) -> Result<Vec<(u32, u32)>, HostError> {
    let pids = Root::new(root).numbered("proc", "")?;
    let held = |pid: u32| sockets(root, pid).ok()?.get(&inode).map(|fd| (pid, *fd));
    Ok(pids.into_iter().filter_map(held).collect())
}

/// `sl local remote state queues timer retransmits uid timeout inode ...`; `None` for the heading and for a socket
/// without a far end.
fn connection(line: &str, protocol: TransportKind) -> Option<Connection> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let (local, remote) = (end(words.next()?)?, end(words.next()?)?);
    let inode = words.nth(6)?.parse().ok()?;
    (remote.port() != 0).then_some(Connection { protocol, local, remote, inode })
}

/// `0100007F:1F90`: words in this machine's byte order.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let address = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes = <[u8; 16]>::try_from(words.as_flattened()).ok()?;
            IpAddr::from(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd as _;

    #[test]
    fn own_connections_are_found_with_their_descriptors() {
        let root = Path::new("/");
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, _) = listener.accept().unwrap();
            let all = connections(root, Some(std::process::id())).unwrap();
            let (local, remote) = (server.local_addr().unwrap(), server.peer_addr().unwrap());
            let one = all.iter().find(|c| (c.local, c.remote) == (local, remote)).unwrap();
            assert_eq!(one.protocol, TransportKind::Tcp);
            let fd = u32::try_from(server.as_raw_fd()).unwrap();
            assert_eq!(sockets(root, std::process::id()).unwrap()[&one.inode], fd);
            assert!(holders(root, one.inode).unwrap().contains(&(std::process::id(), fd)));
            assert!(all.iter().any(|c| (c.local, c.remote) == (remote, local)), "the client's own");
            assert!(!all.iter().any(|c| c.remote.port() == 0), "nobody who only listens");
            drop(client);
        }
    }

    #[test]
    fn ipv4_in_an_ipv6_socket_is_ipv4() {
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        let Ok(near) = UdpSocket::bind("[::]:0") else { return };
        let mapped =
            SocketAddr::new(Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), far.local_addr().unwrap().port());
        near.connect(mapped).unwrap();
        let all = connections(Path::new("/"), None).unwrap();
        let one = all.iter().find(|c| c.remote == far.local_addr().unwrap()).unwrap();
        assert_eq!((one.protocol, one.local.ip()), (TransportKind::Udp, Ipv4Addr::LOCALHOST.into()));
    }

    #[test]
    fn lines_that_are_none_are_passed_over() {
        let heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
        let listens =
            "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1";
        for line in ["", heading, listens, "1: x:1 y:2 01", "1: 0100007F:0001 0100007F:0002 01 0:0"] {
            assert_eq!(connection(line, TransportKind::Tcp), None, "{line}");
        }
    }
}
