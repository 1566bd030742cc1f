//! Interfaces and their notifications, each test in a network namespace of its own, with `ip` as the oracle.

mod common;

use common::{PATIENCE, in_namespace, ip, output};
use rssmgr_netlink::rtnetlink::{Link, LinkMonitor, LinkNotice, Links, OperState};
use rssmgr_netlink::{Error, Interface};
use rustix::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// The next notification that `wanted` picks.
fn next<T>(monitor: &mut LinkMonitor, mut wanted: impl FnMut(LinkNotice) -> Option<T>) -> T {
    while monitor.wait(PATIENCE).unwrap() {
        while let Some(notice) = monitor.recv().unwrap() {
            if let Some(found) = wanted(notice) {
                return found;
            }
        }
    }
    panic!("no such notification within {PATIENCE:?}");
}

fn present(notice: LinkNotice) -> Option<Link> {
    match notice {
        LinkNotice::Present(link) => Some(link),
        _ => None,
    }
}

fn gone(notice: LinkNotice) -> Option<Link> {
    match notice {
        LinkNotice::Gone(link) => Some(link),
        _ => None,
    }
}

#[test]
fn interfaces_are_those_of_ip() {
    in_namespace("interfaces_are_those_of_ip", || {
        ip("link add bridge0 mtu 1400 type bridge");
        ip("link add left numrxqueues 3 numtxqueues 2 type veth peer name right");
        ip("link set left address 02:00:00:00:00:07 master bridge0 up");
        ip("link set right up");
        ip("link add ifb5 type ifb");
        ip("link property add dev ifb5 altname an-alternative-name");
        let mut links = Links::open().unwrap();
        let all = links.list().unwrap();
        let names: Vec<&str> = all.iter().map(|link| link.name.as_str()).collect();
        let theirs = output("ip", "-o -d link");
        assert_eq!(theirs.lines().count(), all.len());
        for (line, link) in theirs.lines().zip(&all) {
            let at = |index: u32| all.iter().find(|link| link.index == index).unwrap().name.clone();
            let name = match link.lower {
                Some(lower) => format!("{}@{}", link.name, at(lower)),
                None => link.name.clone(),
            };
            let mut parts = vec![
                format!("{}: {name}: <", link.index),
                format!("> mtu {} ", link.mtu),
                " numrxqueues ".into(),
            ];
            parts.extend(link.master.map(|master| format!(" master {} ", at(master))));
            parts.extend(link.kind.as_ref().map(|kind| format!(" {kind} ")));
            parts.extend(link.port_kind.as_ref().map(|kind| format!(" {kind}_slave ")));
            parts.extend(link.rx_queues.map(|queues| format!(" numrxqueues {queues} ")));
            parts.extend(link.tx_queues.map(|queues| format!(" numtxqueues {queues} ")));
            let address: Vec<String> = link.address.iter().map(|byte| format!("{byte:02x}")).collect();
            parts.push(format!(" {} brd ", address.join(":")));
            for part in parts {
                assert!(line.contains(&part), "no `{part}` in {line}");
            }
            assert_eq!(link.is_up(), line.contains("UP"), "{line}");
            assert_eq!(link.is_loopback(), line.contains("<LOOPBACK"), "{line}");
            assert_eq!(links.get(link.index).unwrap().name, link.name);
        }
        assert_eq!(names, ["lo", "bridge0", "right", "left", "ifb5"]);
        let left = links.get("left").unwrap();
        assert_eq!((left.rx_queues, left.tx_queues, left.operstate), (Some(3), Some(2), OperState::UP));
        assert_eq!((left.carrier, left.port_kind.as_deref()), (Some(true), Some("bridge")));
        assert_eq!(links.get("an-alternative-name").unwrap().name, "ifb5");

        let nobody = links.get("nosuch").unwrap_err();
        assert!(nobody.is_gone() && nobody.to_string().contains("interface `nosuch`"), "{nobody}");
        assert!(links.get(9999).unwrap_err().is_gone());
        assert!(matches!(links.get(Interface::Name("")).unwrap_err(), Error::Refused(_)));
    });
}

#[test]
fn what_happens_to_an_interface_is_told() {
    in_namespace("what_happens_to_an_interface_is_told", || {
        let mut monitor = LinkMonitor::open().unwrap();
        assert_eq!(monitor.recv().unwrap(), None);
        ip("link add left type veth peer name right");
        let new = next(&mut monitor, |notice| present(notice).filter(|link| link.name == "left"));
        assert!(!new.is_up());
        assert_eq!(new.kind.as_deref(), Some("veth"));

        ip("link set left name uplink");
        let renamed = next(&mut monitor, |notice| present(notice).filter(|link| link.name == "uplink"));
        assert_eq!(renamed.index, new.index);

        ip("link set right up");
        ip("link set uplink up");
        let up = next(&mut monitor, |notice| {
            present(notice).filter(|link| link.name == "uplink" && link.carrier == Some(true))
        });
        assert!(up.is_up());
        ip("link set right down");
        next(&mut monitor, |notice| {
            present(notice).filter(|link| link.index == new.index && link.carrier == Some(false))
        });
        ip("link set uplink mtu 1300");
        next(&mut monitor, |notice| {
            present(notice).filter(|link| link.index == new.index && link.mtu == 1300)
        });

        ip("link del uplink");
        let last = next(&mut monitor, |notice| gone(notice).filter(|link| link.index == new.index));
        assert_eq!((last.name.as_str(), last.new_index), ("uplink", None));
    });
}

/// A bridge tells of its ports in the same group, and that one leaves as if an interface went.
#[test]
fn one_that_leaves_a_bridge_is_not_gone() {
    in_namespace("one_that_leaves_a_bridge_is_not_gone", || {
        ip("link add bridge0 type bridge");
        ip("link add left type veth peer name right");
        let left = Links::open().unwrap().get("left").unwrap();
        ip("link set right up");
        ip("link set left up");
        let mut monitor = LinkMonitor::open().unwrap();
        ip("link set left master bridge0");
        ip("link set left nomaster");
        ip("link set left mtu 1300");
        let (mut masters, mut carriers) = (Vec::new(), Vec::new());
        next(&mut monitor, |notice| match notice {
            LinkNotice::Present(link) if link.index == left.index => {
                masters.push(link.master);
                carriers.push(link.carrier);
                (link.mtu == 1300).then_some(())
            }
            LinkNotice::Gone(link) => panic!("gone: {link:?}"),
            _ => None,
        });
        assert!(masters.iter().any(Option::is_some), "that it became a port is told: {masters:?}");
        assert_eq!(masters.last(), Some(&None));
        assert!(carriers.iter().all(|carrier| *carrier == Some(true)), "{carriers:?}");
    });
}

#[test]
fn a_move_to_another_namespace_is_told() {
    in_namespace("a_move_to_another_namespace_is_told", || {
        // This thread's namespace is the first; another thread makes the second and stays for as long as needed.
        let mut monitor = LinkMonitor::open().unwrap();
        ip("link add left type veth peer name right");
        let left = Links::open().unwrap().get("left").unwrap();
        std::thread::scope(|scope| {
            let (to_main, from_other) = std::sync::mpsc::channel();
            let (done, until) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || {
                in_namespace("a_move_to_another_namespace_is_told", move || {
                    to_main.send(rustix::thread::gettid()).unwrap();
                    let _ = until.recv();
                });
            });
            let other = from_other.recv().unwrap().as_raw_nonzero();
            ip(&format!("link set left netns {other}"));
            let moved = next(&mut monitor, |notice| gone(notice).filter(|link| link.index == left.index));
            assert!(moved.new_namespace.is_some(), "{moved:?}");
            assert!(Links::open().unwrap().get("left").unwrap_err().is_gone());
            drop(done);
        });
    });
}

#[test]
fn a_long_list_is_whole_and_loss_is_told() {
    in_namespace("a_long_list_is_whole_and_loss_is_told", || {
        let mut monitor = LinkMonitor::with_receive_buffer(4096).unwrap();
        let pairs = 150;
        let batch: String =
            (0..pairs).map(|pair| format!("link add a{pair} type veth peer name b{pair}\n")).collect();
        common::ip_batch(&batch);
        let all = Links::open().unwrap().list().unwrap();
        assert_eq!(all.len(), 1 + 2 * pairs);
        let mut indices: Vec<u32> = all.iter().map(|link| link.index).collect();
        indices.dedup();
        assert_eq!(indices.len(), all.len());
        next(&mut monitor, |notice| (notice == LinkNotice::Lost).then_some(()));
        // What fits is still there, and what comes later arrives.
        while monitor.recv().unwrap().is_some() {}
        assert!(!monitor.wait(std::time::Duration::ZERO).unwrap());
        ip("link set a7 mtu 1234");
        next(&mut monitor, |notice| present(notice).filter(|link| link.name == "a7" && link.mtu == 1234));
        assert!(std::os::fd::AsRawFd::as_raw_fd(&monitor.as_fd()) > 2);
    });
}

#[test]
fn a_list_read_while_it_changes_is_consistent() {
    in_namespace("a_list_read_while_it_changes_is_consistent", || {
        let batch: String =
            (0..60).map(|pair| format!("link add a{pair} type veth peer name b{pair}\n")).collect();
        common::ip_batch(&batch);
        let mut links = Links::open().unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    common::ip_batch(&"link add c type veth peer name d\nlink del c\n".repeat(20));
                }
            });
            // Assertions only after the other thread was told to stop.
            let lists: Vec<_> = (0..300).map(|_| links.list()).collect();
            stop.store(true, Ordering::Relaxed);
            for list in lists {
                match list {
                    Ok(list) => {
                        // The lasting ones each once, the short-lived pair or a part of it perhaps.
                        assert_eq!(list.iter().filter(|link| link.name.len() > 1).count(), 121);
                        assert!(list.len() <= 123, "{}", list.len());
                    }
                    Err(Error::Unsteady { tries, .. }) => assert!(tries > 1),
                    Err(other) => panic!("{other}"),
                }
            }
        });
        assert_eq!(links.list().unwrap().len(), 121);
    });
}
