//! Where interrupts go.

use super::*;
use Severity::{Error, Info, Warning};

fn moved(cpus: &[u32]) -> Machine {
    with(|m| m.nics = vec![nic("eth0", cpus)])
}

#[test]
fn off_node_by_the_profile_of_a_managed_adapter() {
    // NUMAStatic wants two queues on each node.
    let f = one(&moved(&[4, 5, 6, 0]));
    assert_eq!((f.check, f.severity), (Check::OffNode, Warning));
    assert!(f.title.contains("1 of 4 queues") && f.title.contains("2 on node 0, 2 on node 1"), "{}", f.title);
    assert_eq!(f.evidence, ["queue 2: interrupt 42 on CPU 6, node 1 (/proc/irq/42/smp_affinity_list)"]);
    assert_eq!(f.remedy, ["rssctl set eth0 --profile NUMAStatic"]);
    // The same layout is what Closest wants of three, and not of the fourth.
    let mut closest = moved(&[4, 5, 6, 0]);
    set_field(&mut closest.nics[0], "profile", "Closest");
    assert!(one(&closest).title.contains("1 of 4 queues"));
    let mut closest = moved(&[4, 5, 6, 7]);
    set_field(&mut closest.nics[0], "profile", "Closest");
    assert_eq!(found(&closest), []);
    // Which CPU of the node, and in which order, is the planner's business.
    assert_eq!(found(&moved(&[2, 7, 3, 6])), []);
}

#[test]
fn off_node_without_a_manager() {
    let mut far = moved(&[0, 1, 2, 3]);
    unmanaged(&mut far.nics[0]);
    let f = one(&far);
    assert_eq!((f.check, f.severity), (Check::OffNode, Warning));
    assert!(f.title.contains("own NUMA node 1"));
    let mut one_near = moved(&[0, 1, 2, 4]);
    unmanaged(&mut one_near.nics[0]);
    assert_eq!(found(&one_near), []);
    far.nics[0].node = Some(NodeId(0));
    assert_eq!(found(&far), []);
    far.nics[0].node = Some(NodeId(1));
    far.topology = Topology::from_spec("1x8x2").unwrap();
    assert_eq!(found(&far), [], "one node has no other");
    let mut down = moved(&[0, 1, 2, 3]);
    down.nics[0].up = false;
    assert_eq!(found(&down), [], "nothing arrives on an adapter that is down");
    let mut off = moved(&[0, 1, 2, 3]);
    off.rss_on = false;
    assert_eq!(found(&off), []);
}

#[test]
fn cpus_that_may_not_receive() {
    let mut m = healthy();
    let online: CpuSet = (0..16).filter(|c| *c != 5).map(CpuId).collect();
    m.topology = m.topology.with_online(&online);
    let f = one(&m);
    assert_eq!((f.check, f.severity), (Check::NotEligible, Warning));
    assert!(f.evidence[0].ends_with("it is offline"), "{:?}", f.evidence);
    let mut m = healthy();
    set_field(&mut m.nics[0], "exclude_cpus", "5");
    assert!(one(&m).evidence[0].ends_with("exclude_cpus names it"));
    set_field(&mut m.nics[0], "exclude_cpus", "6");
    assert_eq!(found(&m), []);
}

#[test]
fn several_queues_on_one_cpu() {
    let f = one(&moved(&[4, 0, 4, 1]));
    assert_eq!((f.check, f.severity), (Check::QueuesShareCpu, Warning));
    assert_eq!(f.evidence.len(), 3);
    assert!(f.evidence[2].contains("free CPUs that may be used: 2-3,5-7"), "{:?}", f.evidence);
    // All on one CPU: nothing is spread. The other node then serves nothing either.
    assert_eq!(found(&moved(&[4, 4, 4, 4])), [(Check::QueuesShareCpu, Error), (Check::OffNode, Warning)]);
    // More queues than CPUs that may receive must share.
    let mut tight = moved(&[4, 0, 4, 0]);
    set_field(&mut tight.nics[0], "exclude_cpus", "1-3,5-7");
    assert_eq!(found(&tight), []);
    // A queue that no table entry names interrupts nobody.
    let mut idle = moved(&[4, 0, 4, 1]);
    set_field(&mut idle.nics[0], "max_processors", "2");
    idle.nics[0].device.as_mut().unwrap().table = round_robin(128, 2);
    for q in 2..4 {
        idle.nics[0].queues[q].packets = Some(Sampled { before: Some(0), now: 0 });
    }
    assert_eq!(found(&idle), []);
    // What counts for an interrupt that may go anywhere is where it goes.
    let mut wide = moved(&[4, 0, 5, 1]);
    unmanaged(&mut wide.nics[0]);
    wide.nics[0].device.as_mut().unwrap().queues = vec![Queue::default(); 4];
    for queue in &mut wide.nics[0].queues {
        queue.allowed = Some((0..16).map(CpuId).collect());
    }
    assert_eq!(found(&wide), []);
    for queue in &mut wide.nics[0].queues {
        queue.effective = Some(set(&[4]));
    }
    let f = one(&wide);
    assert_eq!((f.check, f.severity), (Check::QueuesShareCpu, Error));
    assert!(f.evidence[0].ends_with("(/proc/irq/40/effective_affinity_list)"), "{:?}", f.evidence);
}

#[test]
fn both_threads_of_a_core() {
    let f = one(&moved(&[4, 0, 12, 1]));
    assert_eq!((f.check, f.severity), (Check::SiblingsShareCore, Warning));
    assert!(f.evidence[0].contains("CPUs 4,12 are one core"), "{:?}", f.evidence);
    let mut wanted = moved(&[4, 0, 12, 1]);
    set_field(&mut wanted.nics[0], "smt", "use");
    assert_eq!(found(&wanted), []);
    // No core is free.
    let mut full = with(|m| m.nics = vec![nic("eth0", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 12])]);
    unmanaged(&mut full.nics[0]);
    assert_eq!(found(&full), []);
}

#[test]
fn interrupts_bound_to_no_cpu() {
    let f = one(&with(|m| m.nics[0].queues[2].allowed = Some(set(&[5, 6]))));
    assert_eq!((f.check, f.severity), (Check::NotPinned, Warning));
    assert!(f.evidence[0].contains("interrupt 42 may go to CPUs 5-6"));
    let free = with(|m| {
        unmanaged(&mut m.nics[0]);
        m.nics[0].queues[2].allowed = Some(set(&[5, 6]));
    });
    assert_eq!(found(&free), []);
}

#[test]
fn adapters_on_the_same_cpus() {
    let two = with(|m| m.nics.push(nic("eth1", &[4, 0, 6, 2])));
    let f = one(&two);
    assert_eq!((f.check, f.severity, f.adapter), (Check::AdaptersShareCpu, Info, None));
    assert!(f.title.contains("2 CPUs serve several adapters while 2 serve none"), "{}", f.title);
    assert_eq!(f.evidence, ["CPU 0: eth0, eth1", "CPU 4: eth0, eth1", "CPUs that no adapter uses: 3,7"]);
    assert!(f.remedy[0].starts_with("rssctl set eth1 --profile NUMAStatic"));
    assert_eq!(found(&with(|m| m.nics.push(nic("eth1", &[6, 2, 7, 3])))), []);
    // No CPU is free.
    let full = with(|m| {
        m.nics.push(nic("eth1", &[6, 2, 7, 3]));
        m.nics.push(nic("eth2", &[4, 0, 5, 1]));
    });
    assert_eq!(found(&full), []);
}
