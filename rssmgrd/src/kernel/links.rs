//! What the notifications about interfaces amount to, told from what was known of each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rssmgr_core::drift::Hint;
use rssmgr_core::manager::Gateway;
use rssmgr_core::place::Team;
use rssmgr_host::Router;
use rssmgr_netlink::rtnetlink::Link;

use super::News;

/// What is known of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    name: String,
    up: bool,
    mtu: u32,
    carrier: Option<bool>,
    master: Option<u32>,
}

impl Known {
    fn of(link: &Link) -> Self {
        Self {
            name: link.name.clone(),
            up: link.is_up(),
            mtu: link.mtu,
            carrier: link.carrier,
            master: link.master,
        }
    }
}

/// What came of a notification.
#[derive(Debug)]
pub(super) enum Meaning {
    /// The interface is new.
    New,
    /// This is to be told.
    Told(Vec<News>),
}

/// All interfaces of the namespace as they were told of last.
#[derive(Debug)]
pub(super) struct Links {
    /// What the interface of this name is a port of.
    team_of: fn(&str) -> Option<Team>,
    links: BTreeMap<u32, Known>,
    /// Those that were down when they were first seen. Some drivers ask for interrupts only when an interface comes up, so
    /// that only then it can be seen what it can do.
    half_seen: BTreeSet<u32>,
}

impl Links {
    pub(super) const fn new(team_of: fn(&str) -> Option<Team>) -> Self {
        Self { team_of, links: BTreeMap::new(), half_seen: BTreeSet::new() }
    }

    /// An interface is there already.
    pub(super) fn learn(&mut self, link: &Link) {
        self.links.insert(link.index, Known::of(link));
        self.first_seen(link);
    }

    fn first_seen(&mut self, link: &Link) {
        if link.is_up() {
            self.half_seen.remove(&link.index);
        } else {
            self.half_seen.insert(link.index);
        }
    }

    /// The indexes of those with a carrier, and what is behind each, by the routers of the default routes. A router is a
    /// neighbour of its route's interface, which may be a bond, bridge or VLAN above; `known` tells whether one is there.
    pub(super) fn behind(
        &self,
        gateways: &BTreeMap<String, Vec<Router>>,
        known: &mut dyn FnMut(u32, IpAddr) -> bool,
    ) -> Vec<(u32, Gateway)> {
        let indexes: BTreeMap<&str, u32> = self.links.iter().map(|(i, l)| (l.name.as_str(), *i)).collect();
        let mut answers = |router: &Router| {
            indexes.get(router.interface.as_str()).is_some_and(|index| known(*index, router.address))
        };
        let up = self.links.iter().filter(|(_, known)| known.carrier == Some(true));
        up.map(|(index, link)| {
            let routers = gateways.get(&link.name).map(Vec::as_slice).unwrap_or_default();
            let gateway = match (routers.is_empty(), routers.iter().any(&mut answers)) {
                (true, _) => Gateway::None,
                (false, true) => Gateway::Answers,
                (false, false) => Gateway::Silent,
            };
            (*index, gateway)
        })
        .collect()
    }

    /// Whether it has a carrier.
    pub(super) fn has_carrier(&self, index: u32) -> bool {
        self.links.get(&index).is_some_and(|known| known.carrier == Some(true))
    }

    /// An interface is told of: it is new, or something of it changed.
    pub(super) fn present(&mut self, link: &Link) -> Meaning {
        let ifindex = link.index;
        let now = Known::of(link);
        let Some(before) = self.links.insert(ifindex, now.clone()) else {
            self.first_seen(link);
            return Meaning::New;
        };
        if now.up && self.half_seen.remove(&ifindex) {
            return Meaning::New;
        }
        let mut told = Vec::new();
        if before.name != now.name {
            told.push(News::Renamed { ifindex, name: now.name.clone() });
        }
        if before.master != now.master {
            told.push(News::Teamed { ifindex, team: (self.team_of)(&now.name) });
        }
        // Down and up again, or another MTU: drivers reset then, and are read when they are up again.
        let broke = (!before.up && now.up) || before.mtu != now.mtu;
        if broke || before.carrier != now.carrier {
            told.push(News::Changed { ifindex, hint: Hint::Link, broke });
        }
        Meaning::Told(told)
    }

    /// An interface is not there any more.
    pub(super) fn gone(&mut self, link: &Link) -> Option<News> {
        self.links.remove(&link.index)?;
        self.half_seen.remove(&link.index);
        Some(News::Gone { ifindex: link.index, away: link.new_namespace.is_some() })
    }

    /// Notifications were lost, and these are all interfaces there are: what went meanwhile.
    pub(super) fn lost(&mut self, there: &[Link]) -> Vec<News> {
        let gone: Vec<u32> =
            self.links.keys().copied().filter(|i| there.iter().all(|l| l.index != *i)).collect();
        self.links.retain(|i, _| !gone.contains(i));
        gone.into_iter().map(|ifindex| News::Gone { ifindex, away: false }).collect()
    }

    /// The indexes of all.
    pub(super) fn indexes(&self) -> impl Iterator<Item = u32> {
        self.links.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rssmgr_core::place::TeamSets;

    const UP: u32 = 1;

    /// Every master is a bond.
    fn links() -> Links {
        Links::new(|name| Some(Team { name: format!("bond of {name}"), sets: TeamSets::Disjoint }))
    }

    fn link(name: &str, flags: u32, mtu: u32) -> Link {
        let mut link = Link::default();
        (link.index, link.flags, link.mtu) = (7, flags, mtu);
        link.name = name.into();
        link
    }

    fn told(links: &mut Links, link: &Link) -> Vec<String> {
        match links.present(link) {
            Meaning::New => vec!["new".into()],
            Meaning::Told(news) => news.iter().map(|n| format!("{n:?}")).collect(),
        }
    }

    #[test]
    fn only_what_a_driver_may_lose_settings_over_is_told() {
        let mut links = links();
        assert_eq!(told(&mut links, &link("eth0", UP, 1500)), ["new"]);
        assert_eq!(told(&mut links, &link("eth0", UP, 1500)), [""; 0], "nothing of interest");
        assert_eq!(told(&mut links, &link("eth0", 0, 1500)), [""; 0], "it is read when it is up again");
        let broke = "Changed { ifindex: 7, hint: Link, broke: true }";
        assert_eq!(told(&mut links, &link("eth0", UP, 1500)), [broke]);
        assert_eq!(told(&mut links, &link("eth0", UP, 9000)), [broke]);
        let mut carrier = link("eth0", UP, 9000);
        carrier.carrier = Some(true);
        assert_eq!(told(&mut links, &carrier), ["Changed { ifindex: 7, hint: Link, broke: false }"]);
        carrier.name = "lan0".into();
        assert_eq!(told(&mut links, &carrier), ["Renamed { ifindex: 7, name: \"lan0\" }"]);
        carrier.master = Some(9);
        let teamed = told(&mut links, &carrier);
        assert!(teamed.len() == 1 && teamed[0].starts_with("Teamed") && teamed[0].contains("bond of lan0"));
    }

    #[test]
    fn one_that_was_down_at_first_is_looked_at_again_when_it_is_up() {
        let mut links = links();
        assert_eq!(told(&mut links, &link("eth0", 0, 1500)), ["new"]);
        assert_eq!(told(&mut links, &link("lan0", 0, 1500)), ["Renamed { ifindex: 7, name: \"lan0\" }"]);
        assert_eq!(told(&mut links, &link("lan0", UP, 1500)), ["new"]);
        assert_eq!(told(&mut links, &link("lan0", 0, 1500)), [""; 0]);
        let broke = "Changed { ifindex: 7, hint: Link, broke: true }";
        assert_eq!(told(&mut links, &link("lan0", UP, 1500)), [broke], "only the first time");
    }

    /// A VLAN on a bond of two ports, and a bridge with one: the router is a neighbour of what the route leads over.
    #[test]
    fn a_router_is_behind_the_ports_of_what_its_route_leads_over() {
        let root = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for lower in ["bond0.5/lower_bond0", "bond0/lower_eth0", "bond0/lower_eth1", "br0/lower_eth2"] {
            file(&format!("sys/class/net/{lower}"), "");
        }
        let row =
            |name: &str, gateway: &str| format!("{name} 00000000 {gateway} 0003 0 0 0 00000000 0 0 0\n");
        file("proc/net/route", &format!("\n{}{}", row("bond0.5", "010200C0"), row("br0", "010300C0")));
        let mut links = links();
        let all = ["eth0", "eth1", "eth2", "eth3", "eth4", "bond0", "bond0.5", "br0"];
        for (index, name) in (1..).zip(all) {
            let mut link = link(name, UP, 1500);
            (link.index, link.carrier) = (index, Some(name != "eth1"));
            links.learn(&link);
        }
        let gateways = rssmgr_host::gateways(root.path()).unwrap();
        let mut asked = BTreeSet::new();
        let behind = links.behind(&gateways, &mut |index, address| {
            asked.insert((index, address.to_string()));
            index == 7
        });
        let of = |name: &str| {
            let index = all.iter().position(|n| *n == name).unwrap() + 1;
            behind.iter().find(|(i, _)| usize::try_from(*i).unwrap() == index).map(|(_, gateway)| *gateway)
        };
        assert_eq!((of("eth0"), of("bond0"), of("bond0.5")), ([Some(Gateway::Answers); 3]).into());
        assert_eq!(of("eth1"), None, "it has no carrier");
        assert_eq!((of("eth2"), of("br0")), (Some(Gateway::Silent), Some(Gateway::Silent)));
        assert_eq!((of("eth3"), of("eth4")), (Some(Gateway::None), Some(Gateway::None)), "part of nothing");
        let wanted = [(7, "192.0.2.1".to_owned()), (8, "192.0.3.1".to_owned())];
        assert_eq!(asked, wanted.into(), "neighbours of what the routes lead over, not of the ports");
    }

    #[test]
    fn one_that_moves_is_away_and_one_that_was_never_seen_is_nobodys() {
        let mut links = links();
        let mut gone = link("eth0", UP, 1500);
        assert!(links.gone(&gone).is_none());
        links.learn(&gone);
        gone.new_namespace = Some(3);
        assert!(matches!(links.gone(&gone), Some(News::Gone { ifindex: 7, away: true })));
        links.learn(&link("eth0", UP, 1500));
        assert_eq!(links.lost(&[]).len(), 1);
        assert_eq!(links.indexes().count(), 0);
    }
}
