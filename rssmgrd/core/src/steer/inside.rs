//! Encapsulated packets: whose headers decide.

use super::{Layer, Steering, Verdict};
use crate::packet::encap::{self, Inner};
use crate::packet::{self, Headers, LinkType};

impl Steering {
    /// Apart, so that a NIC that does not look inside pays no more than the question.
    #[inline(never)]
    pub(super) fn classify_inside(&self, frame: &[u8], link: LinkType) -> Verdict {
        let mut outer = Headers::default();
        packet::fill(frame, link, &mut outer);
        self.steer_frame(frame, &outer)
    }

    /// Send-side scaling: where the completion of a frame that this host sends belongs, which is where the frames of
    /// its flow come in. So it is steered as what comes back. (NDIS: a miniport completes a send on the processor that
    /// the hash of the connection and the indirection table give.)
    ///
    /// Of a tunnel that is not looked into, that holds as far as both directions have the same outer ports; VXLAN's differ.
    #[must_use]
    #[inline(never)]
    pub fn classify_sent(&self, frame: &[u8], link: LinkType) -> Verdict {
        let outer = packet::parse(frame, link);
        let inner = encap::find(frame, &outer, &self.encapsulation);
        let inner = inner.map(|inner| Inner { headers: inner.headers.reversed(), ..inner });
        self.steer_layers(&outer.reversed(), inner.as_ref())
    }

    /// Steers a frame with these outer headers, which [`packet::parse`] found in it.
    #[must_use]
    pub fn steer_frame(&self, frame: &[u8], outer: &Headers) -> Verdict {
        self.steer_layers(outer, encap::find(frame, outer, &self.encapsulation).as_ref())
    }

    /// Steers a packet with these outer headers and those that [`encap::find`] found inside with this
    /// [encapsulation](Self::encapsulation).
    #[must_use]
    pub fn steer_layers(&self, outer: &Headers, inner: Option<&Inner>) -> Verdict {
        let covered = |inner: &&Inner| self.encapsulation.offload(inner.kind).rss.covers(outer, inner);
        let Some(Inner { kind, headers, .. }) = inner.filter(covered) else {
            return self.steer(outer);
        };
        if headers.transport.is_some() {
            let verdict = self.steer(headers);
            if verdict.hash_type.is_some_and(|t| !t.is_addresses()) {
                return Verdict { layer: Layer::Inner(*kind), ..verdict };
            }
        }
        let addresses = Headers { transport: None, ..*outer };
        Verdict { layer: Layer::Outer(*kind), ..self.steer(&addresses) }
    }
}
