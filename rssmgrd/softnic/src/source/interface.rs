//! Live frames: everything that a network interface receives.

use std::fmt;
use std::time::Duration;

use rssmgr_core::packet::{self, LinkType};
use rssmgr_netlink::packet_socket::{BUFFER_BYTES, Options as SocketOptions, PacketError, PacketSocket};

use super::flow::Flows;
use super::{Loss, Next, Prepared};
use crate::error::{SoftnicError, SpecError};
use crate::frame::FrameStore;
use crate::options::shown;

/// Flows that are told apart at a time. When there are more, the NIC first handles all packets that it has; then
/// numbers are given anew.
const MOST_FLOWS: u32 = 65_536;
/// What the kernel may hold for us, in bytes.
const SOCKET_BUFFER: usize = 4 << 20;
/// How long the port waits for a frame before it looks at its mailbox. While no frame comes, no order matters.
const PATIENCE: Duration = Duration::from_millis(50);
/// Frames that this host sends are looked at and left out, at most this many at a time.
const MOST_SKIPPED: usize = 64;

/// A network interface whose received frames are the source. What does not fit into a ring is dropped, since a wire
/// does not wait. What the kernel drops because the port is too slow never arrives here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceSpec {
    /// The interface's name in our network namespace.
    pub name: String,
}

impl InterfaceSpec {
    pub(super) fn parse(text: &str) -> Result<Self, SpecError> {
        // What the kernel takes as a name.
        let fits = |c: char| !c.is_whitespace() && !c.is_control() && c != '/' && c != ':';
        if text.is_empty() || text.len() > 15 || matches!(text, "." | "..") || !text.chars().all(fits) {
            return Err(SpecError::Value {
                of: "source interface",
                key: "name",
                value: shown(text),
                allowed:
                    "the name of a network interface, 1 to 15 bytes without `/`, `:` and blanks, such as \
                          `interface:eth0`"
                        .to_owned(),
            });
        }
        Ok(Self { name: text.to_owned() })
    }
}

impl fmt::Display for InterfaceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Opens the interface.
pub(super) fn prepare(spec: &InterfaceSpec) -> Result<Prepared, SoftnicError> {
    let options = SocketOptions::default().receive_buffer(SOCKET_BUFFER);
    let socket = PacketSocket::open(&spec.name, &options)?;
    let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
    let feed = Feed { socket, buffer, waiting: None, flows: Flows::default() };
    Ok(Prepared {
        store: FrameStore::default(),
        flows: MOST_FLOWS,
        feed: super::Feed::Interface(Box::new(feed)),
        loss: Loss::Drop,
    })
}

/// A live frame in the feed's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LiveFrame {
    start: usize,
    len: usize,
    pub(crate) wire_len: u32,
    pub(crate) flow: u32,
}

/// Reads one frame after the other.
#[derive(Debug)]
pub(crate) struct Feed {
    socket: PacketSocket,
    buffer: Box<[u8]>,
    /// A frame in the buffer that could not be given yet.
    waiting: Option<LiveFrame>,
    flows: Flows,
}

impl Feed {
    pub(super) fn next(&mut self) -> Next {
        if let Some(frame) = self.waiting.take() {
            // The rings are empty now.
            self.flows.clear();
            return self.give(frame);
        }
        for _ in 0..MOST_SKIPPED {
            match self.socket.recv(&mut self.buffer) {
                Ok(Some(frame)) if frame.outgoing => {}
                Ok(Some(frame)) => {
                    let wire_len = u32::try_from(frame.original_len).unwrap_or(u32::MAX);
                    return self.give(LiveFrame { start: frame.start, len: frame.len, wire_len, flow: 0 });
                }
                Ok(None) => return Next::Poll,
                // Said once each time it goes down; it may come back.
                Err(PacketError::Down { .. }) => return Next::Poll,
                Err(error) => return Next::Failed(error.to_string()),
            }
        }
        Next::Pass
    }

    fn give(&mut self, frame: LiveFrame) -> Next {
        let headers = packet::parse(self.data(&frame), LinkType::Ethernet);
        match self.flows.number(&headers, MOST_FLOWS) {
            Some(flow) => Next::Live(LiveFrame { flow, ..frame }),
            None => {
                self.waiting = Some(frame);
                Next::Settle
            }
        }
    }

    /// The bytes of the frame that was given last.
    pub(crate) fn data(&self, frame: &LiveFrame) -> &[u8] {
        self.buffer.get(frame.start..frame.start + frame.len).unwrap_or_default()
    }

    /// Waits a moment for a frame; why none can come any more.
    pub(super) fn wait(&self) -> Result<(), String> {
        self.socket.wait(PATIENCE).map(drop).map_err(|error| error.to_string())
    }
}
