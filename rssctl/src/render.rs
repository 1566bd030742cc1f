//! How records look: pure functions from record to text. Nothing here knows a terminal, a daemon or a clock.

mod doctor;
mod event;
mod flow;
pub mod list;
mod packet;
mod plan;
mod settings;
mod socket;
mod stats;
pub mod structured;
mod style;
mod summary;
mod verify;
mod vport;
mod why;

pub use doctor::{doctor, findings};
pub use event::event;
pub use flow::flow;
pub use packet::{packet, packet_header};
pub use plan::{applied, plan};
pub use settings::{config, softnics};
pub use socket::sockets;
pub use stats::{Serving, rates, stats};
pub use style::{Paint, table};
pub use summary::{checkpoints, entries, hidden, summary};
pub use verify::verified;
pub use vport::{moves, vmq, vmq_queue, vmq_queues, vmqs, vport, vports};
pub use why::why;
