//! What stands around an adapter and would suffer from a change that stops its traffic: found before anything is done.
//!
//! A change that only reorders packets disturbs none of it. From [`Impact::Gap`] on, what somebody else set up on the
//! adapter refuses the change unless it is forced, and the path to the caller or to everybody refuses it unless it goes
//! back by itself when nobody confirms it.

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use crate::driver::Impact;

/// What was found around an adapter. The default is that nothing was, which is true of every software NIC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// An XDP program is attached.
    pub xdp: bool,
    /// An `AF_XDP` socket is bound to a queue.
    pub af_xdp: bool,
    /// Traffic classes by `mqprio`, which ADQ uses too.
    pub mqprio: bool,
    /// Receive flow steering rules (`ethtool -n`) that somebody else made.
    pub ntuple_rules: u32,
    /// RSS contexts besides the main one that somebody else made.
    pub extra_contexts: u32,
    /// Virtual functions in use.
    pub vfs: u32,
    /// An RDMA device is bound to it.
    pub rdma: bool,
    /// Receive packet steering or flow steering (`rps_cpus`, `rps_flow_cnt`) that is not ours.
    pub foreign_rps: bool,
    /// Threaded NAPI that is not ours.
    pub threaded_napi: bool,
    /// A `hv_netvsc` interface whose traffic goes through a virtual function.
    pub accelerated_by_vf: bool,
    /// The root file system comes over the network through it.
    pub network_root: bool,
    /// An iSCSI session runs over it.
    pub iscsi: bool,
    /// A default route leads through it.
    pub default_route: bool,
    /// Its addresses, to find the one that the caller's connection arrived at.
    pub addresses: Vec<IpAddr>,
}

/// One thing that stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// [`Surroundings::xdp`].
    Xdp,
    /// [`Surroundings::af_xdp`].
    AfXdp,
    /// [`Surroundings::mqprio`].
    Mqprio,
    /// [`Surroundings::ntuple_rules`].
    NtupleRules(u32),
    /// [`Surroundings::extra_contexts`].
    ExtraContexts(u32),
    /// [`Surroundings::vfs`].
    Vfs(u32),
    /// [`Surroundings::rdma`].
    Rdma,
    /// [`Surroundings::foreign_rps`].
    ForeignRps,
    /// [`Surroundings::threaded_napi`].
    ThreadedNapi,
    /// [`Surroundings::accelerated_by_vf`].
    AcceleratedByVf,
    /// [`Surroundings::network_root`].
    NetworkRoot,
    /// [`Surroundings::iscsi`].
    Iscsi,
    /// [`Surroundings::default_route`].
    DefaultRoute,
    /// The connection that the caller is logged in by.
    CallersConnection(IpAddr),
}

/// What lets a change happen all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// To insist.
    Force,
    /// That it goes back by itself.
    ConfirmWithin,
}

impl Remedy {
    /// The option of `rssctl`.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Force => "--force",
            Self::ConfirmWithin => "--confirm-within 60s",
        }
    }
}

impl Finding {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xdp => "xdp",
            Self::AfXdp => "af_xdp",
            Self::Mqprio => "mqprio",
            Self::NtupleRules(_) => "ntuple_rules",
            Self::ExtraContexts(_) => "extra_contexts",
            Self::Vfs(_) => "vfs",
            Self::Rdma => "rdma",
            Self::ForeignRps => "foreign_rps",
            Self::ThreadedNapi => "threaded_napi",
            Self::AcceleratedByVf => "accelerated_by_vf",
            Self::NetworkRoot => "network_root",
            Self::Iscsi => "iscsi",
            Self::DefaultRoute => "default_route",
            Self::CallersConnection(_) => "callers_connection",
        }
    }

    /// What lets the change happen all the same.
    #[must_use]
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::DefaultRoute | Self::CallersConnection(_) => Remedy::ConfirmWithin,
            _ => Remedy::Force,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xdp => f.write_str("an XDP program is attached"),
            Self::AfXdp => f.write_str("an AF_XDP socket is bound to a queue"),
            Self::Mqprio => f.write_str("mqprio or ADQ has given its queues to traffic classes"),
            Self::NtupleRules(n) => {
                write!(f, "{n} flow steering rules of somebody else name its queues (ethtool -n)")
            }
            Self::ExtraContexts(n) => {
                write!(f, "{n} RSS contexts of somebody else use its queues (ethtool -x NAME context N)")
            }
            Self::Vfs(n) => write!(f, "{n} virtual functions are in use"),
            Self::Rdma => f.write_str("an RDMA device is bound to it"),
            Self::ForeignRps => f.write_str("somebody set up RPS or RFS on its queues"),
            Self::ThreadedNapi => f.write_str("somebody switched threaded NAPI on"),
            Self::AcceleratedByVf => f.write_str("its traffic goes through a virtual function (hv_netvsc)"),
            Self::NetworkRoot => f.write_str("the root file system comes through it"),
            Self::Iscsi => f.write_str("an iSCSI session runs over it"),
            Self::DefaultRoute => f.write_str("a default route leads through it"),
            Self::CallersConnection(ip) => write!(f, "you are logged in through it, at {ip}"),
        }
    }
}

/// What stands around an adapter; `login` is the local address that the caller's connection arrived at, where there is
/// one.
#[must_use]
pub fn findings(s: &Surroundings, login: Option<IpAddr>) -> Vec<Finding> {
    let some = |n: u32, finding: fn(u32) -> Finding| (n > 0).then(|| finding(n));
    let all = [
        s.xdp.then_some(Finding::Xdp),
        s.af_xdp.then_some(Finding::AfXdp),
        s.mqprio.then_some(Finding::Mqprio),
        some(s.ntuple_rules, Finding::NtupleRules),
        some(s.extra_contexts, Finding::ExtraContexts),
        some(s.vfs, Finding::Vfs),
        s.rdma.then_some(Finding::Rdma),
        s.foreign_rps.then_some(Finding::ForeignRps),
        s.threaded_napi.then_some(Finding::ThreadedNapi),
        s.accelerated_by_vf.then_some(Finding::AcceleratedByVf),
        s.network_root.then_some(Finding::NetworkRoot),
        s.iscsi.then_some(Finding::Iscsi),
        s.default_route.then_some(Finding::DefaultRoute),
        login.filter(|ip| s.addresses.contains(ip)).map(Finding::CallersConnection),
    ];
    all.into_iter().flatten().collect()
}

/// The findings that refuse a change of this impact.
#[must_use]
pub fn refusing(findings: &[Finding], impact: Impact, forced: bool, goes_back: bool) -> Vec<Finding> {
    let stands = |f: &&Finding| match f.remedy() {
        Remedy::Force => !forced,
        Remedy::ConfirmWithin => !goes_back,
    };
    if impact < Impact::Gap { Vec::new() } else { findings.iter().filter(stands).copied().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;
    use std::vec;

    const HERE: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 7));
    const ELSEWHERE: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 8));

    /// Every line of "Preflight" in the design, one at a time: surroundings in which nothing else is.
    fn lines() -> Vec<(Surroundings, Finding)> {
        let s = Surroundings::default;
        vec![
            (Surroundings { xdp: true, ..s() }, Finding::Xdp),
            (Surroundings { af_xdp: true, ..s() }, Finding::AfXdp),
            (Surroundings { mqprio: true, ..s() }, Finding::Mqprio),
            (Surroundings { ntuple_rules: 3, ..s() }, Finding::NtupleRules(3)),
            (Surroundings { extra_contexts: 1, ..s() }, Finding::ExtraContexts(1)),
            (Surroundings { vfs: 8, ..s() }, Finding::Vfs(8)),
            (Surroundings { rdma: true, ..s() }, Finding::Rdma),
            (Surroundings { foreign_rps: true, ..s() }, Finding::ForeignRps),
            (Surroundings { threaded_napi: true, ..s() }, Finding::ThreadedNapi),
            (Surroundings { accelerated_by_vf: true, ..s() }, Finding::AcceleratedByVf),
            (Surroundings { network_root: true, ..s() }, Finding::NetworkRoot),
            (Surroundings { iscsi: true, ..s() }, Finding::Iscsi),
            (Surroundings { default_route: true, ..s() }, Finding::DefaultRoute),
            (Surroundings { addresses: vec![HERE], ..s() }, Finding::CallersConnection(HERE)),
        ]
    }

    #[test]
    fn preflight_refuses_gap_and_above_for_each_thing_that_it_finds() {
        for (surroundings, finding) in lines() {
            let found = findings(&surroundings, Some(HERE));
            assert_eq!(found, [finding]);
            for impact in Impact::ALL {
                let refused = refusing(&found, impact, false, false);
                assert_eq!(!refused.is_empty(), impact >= Impact::Gap, "{finding} {impact:?}");
            }
        }
        assert_eq!(findings(&Surroundings::default(), Some(HERE)), []);
    }

    #[test]
    fn preflight_owners_need_force_and_the_path_needs_confirm_within() {
        for (surroundings, finding) in lines() {
            let found = findings(&surroundings, Some(HERE));
            let path = matches!(finding, Finding::DefaultRoute | Finding::CallersConnection(_));
            assert_eq!(refusing(&found, Impact::Link, true, false).is_empty(), !path, "{finding}");
            assert_eq!(refusing(&found, Impact::Link, false, true).is_empty(), path, "{finding}");
            assert!(refusing(&found, Impact::Link, true, true).is_empty());
        }
    }

    #[test]
    fn only_the_connection_that_the_caller_came_by_counts() {
        let s = Surroundings { addresses: vec![HERE], ..Surroundings::default() };
        assert_eq!(findings(&s, Some(ELSEWHERE)), []);
        assert_eq!(findings(&s, None), []);
        assert_eq!(findings(&s, Some(HERE))[0].to_string(), "you are logged in through it, at 192.0.2.7");
    }
}
