//! VPorts that cannot be, and RSS contexts that are not as they were made.

use super::*;
use crate::capability::VPortCapability;
use crate::device::VPortDevice;
use crate::ids::VPortId;
use Severity::Warning;

fn vport(id: u32, name: &str, astray: Option<Astray>) -> VPortReport {
    VPortReport { id: VPortId(id), name: name.into(), saved: true, astray }
}

/// A card that can have VPorts, with these.
fn card(vports: Vec<VPortReport>) -> Machine {
    with(|m| {
        m.nics[0].capability.as_mut().unwrap().vports =
            VPortCapability { max: 16, ..VPortCapability::default() };
        m.nics[0].vports = vports;
    })
}

#[test]
fn vports_that_were_saved_and_cannot_be() {
    let can = card(vec![vport(1, "vm7", None), vport(4, "", None)]);
    assert_eq!(found(&can), [], "they can be");
    let cannot = |change: fn(&mut Machine)| {
        let mut m = can.clone();
        m.nics[0].capability.as_mut().unwrap().vports = VPortCapability::default();
        change(&mut m);
        m
    };
    let f = one(&cannot(|_| {}));
    assert_eq!(
        (f.check, f.severity, f.adapter.as_deref()),
        (Check::VPortsUnsupported, Warning, Some("eth0"))
    );
    assert_eq!(f.title, "eth0: VPorts are saved, and ice can have none on this kernel");
    assert_eq!(
        f.evidence,
        [
            "VPort 1 (vm7) is saved; its packets come to the adapter's own queues",
            "VPort 4 is saved; its packets come to the adapter's own queues",
            "ice shows no RSS contexts with receive rules",
        ]
    );
    assert!(f.remedy[1].starts_with("rssctl vport delete eth0 4  #"), "{:?}", f.remedy);
    let f = one(&cannot(|m| m.nics[0].capability.as_mut().unwrap().rss_contexts = true));
    assert!(f.evidence[2].contains("none by an address"), "{:?}", f.evidence);
    let one_saved = |m: &mut Machine| m.nics[0].vports.iter_mut().for_each(|v| v.saved = false);
    assert_eq!(found(&cannot(one_saved)), [], "nobody wants them any more");
    assert_eq!(found(&cannot(|m| m.nics[0].capability = None)), [], "the driver was not asked");
}

#[test]
fn contexts_that_are_not_as_they_were_made() {
    let astray = |fault, rules| vport(1, "vm7", Some(Astray { context: 3, fault, rules }));
    for (fault, rules, says) in [
        (Some(ContextFault::Gone), (6, 6), "VPort 1 (vm7): RSS context 3 is gone"),
        (
            Some(ContextFault::Replaced),
            (6, 6),
            "VPort 1 (vm7): RSS context 3 is somebody else's now: neither its table nor a rule is as written",
        ),
        (Some(ContextFault::Table), (0, 6), "VPort 1 (vm7): the table of RSS context 3 is not as written"),
        (
            Some(ContextFault::Table),
            (1, 6),
            "VPort 1 (vm7): the table of RSS context 3 is not as written, and 1 of 6 receive rules that lead there are gone",
        ),
        (
            None,
            (2, 6),
            "VPort 1 (vm7): RSS context 3 is there, and 2 of 6 receive rules that lead there are gone",
        ),
    ] {
        let f = one(&card(vec![astray(fault, rules), vport(2, "", None)]));
        assert_eq!((f.check, f.severity), (Check::VPortsAstray, Warning));
        assert_eq!(f.evidence, [says]);
        assert_eq!(f.remedy[0], "rssctl events --adapter eth0  # what rssmgrd did about it");
    }
    let gone = card(vec![astray(Some(ContextFault::Gone), (0, 0))]);
    let mut alone = gone.clone();
    (alone.daemon, alone.nics[0].daemon) = (false, None);
    assert_eq!(one(&alone).remedy, ["systemctl start rssmgrd  # makes them again"]);
    let mut told = gone;
    told.nics[0].daemon.as_mut().unwrap().health = Health::Drifted;
    assert_eq!(found(&told), [(Check::Drifted, Warning)], "the daemon tells it itself");
}

/// Queues that a VPort has are not the adapter's: neither does its table lack them, nor do packets there disobey it.
#[test]
fn queues_of_vports_are_no_fault_of_the_adapters() {
    let mut m = card(vec![vport(1, "vm7", None)]);
    let device = m.nics[0].device.as_mut().unwrap();
    device.table = round_robin(128, 2);
    device.vports.insert(VPortId(1), VPortDevice::new(vec![QueueId(2), QueueId(3)]));
    for queue in &mut m.nics[0].queues[2..] {
        queue.packets = Some(Sampled { before: Some(0), now: 50_000 });
    }
    assert_eq!(found(&m), []);
    m.nics[0].device.as_mut().unwrap().vports.clear();
    let checks: Vec<Check> = found(&m).into_iter().map(|(check, _)| check).collect();
    assert_eq!(checks, [Check::TableIgnored, Check::FewQueues]);
}
