//! Packets that arrive, each with the queue by which it came: what [`rssmgr_core::verify`] judges by.

use std::path::Path;
use std::time::{Duration, Instant};

use rssmgr_core::ids::QueueId;
use rssmgr_netlink::packet_socket::{Filter, HEADROOM, Options, PacketError, PacketSocket, wait_for_any};

use crate::files;

/// Bytes of each packet that are looked at: all headers, also those of a tunnel.
const SNAP: u32 = 192;

/// Queues that are looked at, each by a socket of its own.
const MOST_QUEUES: u16 = 64;

/// How long the packet rate is measured before it is decided how many packets to skip.
const RATE_OVER: Duration = Duration::from_millis(100);

/// Room for packets of one queue in the kernel.
const RECEIVE_BUFFER: usize = 256 * 1024;

/// How often sockets are looked at while packets come.
const ROUND: Duration = Duration::from_millis(5);

/// How packets are captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// How long at most.
    pub window: Duration,
    /// How many packets at most. Of more that come in the window, a part is drawn by chance.
    pub packets: u32,
}

/// Captures packets of an interface and gives each to `take` with its receive queue, until the time is up or enough
/// came. The interface itself is not touched: no promiscuous mode, no setting.
///
/// # Errors
/// The interface is down or gone, or the privilege (`CAP_NET_RAW`) is missing.
pub fn capture(
    interface: &str,
    queues: u16,
    how: Capture,
    mut take: impl FnMut(QueueId, &[u8]),
) -> Result<(), PacketError> {
    let one_in = one_in(interface, how);
    let sockets = (0..queues.min(MOST_QUEUES))
        .map(|queue| {
            let filter = Filter::default().queue(queue).one_in(one_in).snap(SNAP);
            let options = Options::default().receive_buffer(RECEIVE_BUFFER).filter(filter);
            Ok((QueueId(queue), PacketSocket::open(interface, &options)?))
        })
        .collect::<Result<Vec<_>, PacketError>>()?;
    let mut buffer = vec![0; HEADROOM + usize::try_from(SNAP).unwrap_or(usize::MAX)];
    let started = Instant::now();
    let mut taken = 0;
    while taken < how.packets {
        let left = how.window.saturating_sub(started.elapsed());
        if left.is_zero() || !wait_for_any(sockets.iter().map(|(_, socket)| socket), left)? {
            break;
        }
        for (queue, socket) in &sockets {
            // A queue with much traffic does not keep the others waiting.
            for _ in 0..64 {
                let Some(frame) = socket.recv(&mut buffer)? else { break };
                take(*queue, frame.bytes(&buffer));
                taken += 1;
            }
        }
        std::thread::sleep(ROUND.min(how.window.saturating_sub(started.elapsed())));
    }
    Ok(())
}

/// How many times as many packets as are wanted are let through: a burst while the rate is measured must not starve the
/// rest of the window, and whoever has enough stops.
const PLENTY: u128 = 10;

/// How many packets come for each that is let through.
fn one_in(interface: &str, how: Capture) -> u32 {
    let before = received(interface);
    std::thread::sleep(RATE_OVER);
    let came = u128::from(received(interface).saturating_sub(before));
    let expected = came * how.window.as_nanos() / RATE_OVER.as_nanos();
    u32::try_from(expected / (PLENTY * u128::from(how.packets.max(1)))).unwrap_or(u32::MAX).max(1)
}

fn received(interface: &str) -> u64 {
    let file = Path::new("/sys/class/net").join(interface).join("statistics/rx_packets");
    files::once(&file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}
