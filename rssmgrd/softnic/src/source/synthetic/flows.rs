//! Which flows there are: a protocol, addresses and ports for each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rssmgr_core::packet::encap::Encapsulation;

use super::SyntheticSpec;
use super::random::{Popularity, Random};

/// What is behind the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Tcp,
    Udp,
    Icmp,
}

/// For whom the packets of a flow are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    /// This host.
    Host,
    /// Some host behind this one.
    Forwarded,
    /// A multicast group.
    Group,
}

/// A flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) sport: u16,
    pub(super) dport: u16,
    pub(super) protocol: Protocol,
    pub(super) receiver: Receiver,
    /// How it is carried.
    pub(super) tunnel: Option<Encapsulation>,
}

/// Deals out kinds so that the packets of each come as near to its share as the flows allow.
struct Dealer<T, const N: usize> {
    kinds: [(T, f64); N],
    dealt: [f64; N],
    total: f64,
}

impl<T: Copy, const N: usize> Dealer<T, N> {
    fn new(kinds: [(T, u8); N]) -> Self {
        let sum: f64 = kinds.iter().map(|(_, weight)| f64::from(*weight)).sum();
        let kinds = kinds.map(|(kind, weight)| (kind, if sum > 0.0 { f64::from(weight) / sum } else { 0.0 }));
        Self { kinds, dealt: [0.0; N], total: 0.0 }
    }

    /// The kind that lacks most, for a flow with this share of all packets.
    fn deal(&mut self, share: f64) -> T {
        self.total += share;
        let lack = |i: usize| self.kinds[i].1 * self.total - self.dealt[i];
        // A kind of weight 0 never lacks anything; the first one is right when all are 0.
        let most = (0..N).reduce(|a, b| if lack(b) > lack(a) { b } else { a }).unwrap_or(0);
        self.dealt[most] += share;
        self.kinds[most].0
    }

    /// Notes a kind that was given without being asked for.
    fn given(&mut self, share: f64, same: impl Fn(T) -> bool) {
        self.total += share;
        if let Some(i) = self.kinds.iter().position(|(kind, _)| same(*kind)) {
            self.dealt[i] += share;
        }
    }
}

/// The flows, the most popular first.
pub(super) fn flows(spec: &SyntheticSpec, popularity: &Popularity, random: &mut Random) -> Vec<Flow> {
    let own = 100 - spec.multicast - spec.forwarded;
    let mut receivers = Dealer::new([
        (Receiver::Host, own),
        (Receiver::Forwarded, spec.forwarded),
        (Receiver::Group, spec.multicast),
    ]);
    let mut protocols =
        Dealer::new([(Protocol::Tcp, spec.tcp), (Protocol::Udp, spec.udp), (Protocol::Icmp, spec.other)]);
    let mut datagrams = Dealer::new([(Protocol::Udp, spec.udp), (Protocol::Icmp, spec.other)]);
    let mut versions = Dealer::new([(false, 100 - spec.ipv6), (true, spec.ipv6)]);
    let plain = 100_u8.saturating_sub(spec.nvgre).saturating_sub(spec.gre).saturating_sub(spec.vxlan);
    let mut tunnels = Dealer::new([
        (None, plain),
        (Some(Encapsulation::Nvgre), spec.nvgre),
        (Some(Encapsulation::Gre), spec.gre),
        (Some(Encapsulation::Vxlan), spec.vxlan),
    ]);
    let flow = |share: &f64| {
        let receiver = receivers.deal(*share);
        let protocol = match receiver {
            Receiver::Group => {
                let protocol = datagrams.deal(*share);
                protocols.given(*share, |p| p == protocol);
                protocol
            }
            Receiver::Host | Receiver::Forwarded => protocols.deal(*share),
        };
        let ipv6 = versions.deal(*share);
        let (src, dst) = if ipv6 { v6(receiver, random) } else { v4(receiver, random) };
        let sport = 32_768 + u16::try_from(random.below(28_232)).unwrap_or(0);
        let dport = match (protocol, random.below(3)) {
            (_, 0) => 443,
            (Protocol::Tcp, 1) => 80,
            (Protocol::Tcp, _) => 22,
            (_, 1) => 53,
            _ => 4789,
        };
        let tunnel = tunnels.deal(*share);
        Flow { src, dst, sport, dport, protocol, receiver, tunnel }
    };
    popularity.shares().iter().map(flow).collect()
}

/// Senders in 10.128.0.0/9, this host at 10.0.0.1, networks behind it in 198.18.0.0/15 (RFC 2544: for benchmarks),
/// groups in 239.0.0.0/8 (RFC 2365: administratively scoped).
fn v4(receiver: Receiver, random: &mut Random) -> (IpAddr, IpAddr) {
    let [a, b, c, d] = random.bytes();
    let [e, f, g, h] = random.bytes();
    let dst = match receiver {
        Receiver::Host => Ipv4Addr::new(10, 0, 0, 1),
        Receiver::Forwarded => Ipv4Addr::new(198, 18 | (e & 1), f, g),
        Receiver::Group => Ipv4Addr::new(239, f, g, h),
    };
    (Ipv4Addr::new(10, 128 | a, b, c ^ d).into(), dst.into())
}

/// Senders in fd00:1::/32, this host at fd00::1, networks behind it in 2001:2::/48 (RFC 5180: for benchmarks),
/// groups in ff05::/16 (RFC 4291: site scope).
fn v6(receiver: Receiver, random: &mut Random) -> (IpAddr, IpAddr) {
    let [a, b, c, d, e, f, g, h] = random.bytes();
    let word = |high, low| u16::from_be_bytes([high, low]);
    let src = Ipv6Addr::new(0xfd00, 1, word(a, b), word(c, d), 0, 0, word(e, f), word(g, h));
    let [a, b, c, d, ..] = random.bytes::<8>();
    let dst = match receiver {
        Receiver::Host => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1),
        Receiver::Forwarded => Ipv6Addr::new(0x2001, 2, 0, word(a, b), 0, 0, 0, word(c, d)),
        Receiver::Group => Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, word(a, b), word(c, d)),
    };
    (src.into(), dst.into())
}
