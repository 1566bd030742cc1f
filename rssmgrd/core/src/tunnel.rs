//! Tunnels, which hide the flows that they carry from a hash of the outer headers.

/// Kinds of tunnels, by what is in the outer header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TunnelKind {
    /// VXLAN: UDP with the inner hash as source port.
    Vxlan,
    /// Geneve: likewise.
    Geneve,
    /// WireGuard: UDP with the same ports for all packets of a peer.
    Wireguard,
    /// GRE: no ports.
    Gre,
    /// IP in IP, and IPv6 in IPv4: no ports.
    IpIp,
    /// PPP over Ethernet or a tunnel of its own: most hardware sees no IP header at all.
    Ppp,
}

impl TunnelKind {
    /// The name in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vxlan => "VXLAN",
            Self::Geneve => "Geneve",
            Self::Wireguard => "WireGuard",
            Self::Gre => "GRE",
            Self::IpIp => "IP in IP",
            Self::Ppp => "PPP",
        }
    }

    /// Whether flows inside show as different source ports outside.
    #[must_use]
    pub const fn has_entropy(self) -> bool {
        matches!(self, Self::Vxlan | Self::Geneve)
    }
}
