mod common;
use common::*;
use rssmgr_netlink::ethtool::*;
use rssmgr_netlink::netdev::*;
use rssmgr_netlink::rtnetlink::*;
#[test]
fn smoke() {
    let mut e = Ethtool::open().unwrap();
    println!("{:?}", e.family());
    println!("{:?}", e.rss("eth0", 0));
    println!("{:?}", e.rss_list(None));
    println!("{:?}", e.channels("eth0"));
    println!("{:?}", e.link_modes("eth0"));
    let f = e.features("eth0").unwrap();
    println!("{:?} {:?}", f.get(RXHASH), f.get(NTUPLE));
    println!("{:?}", e.counter_names("eth0"));
    println!("{:?}", e.rss(9999, 0));
    println!("{}", e.rss("nosuch", 0).unwrap_err());
    println!("{}", e.rss("lo", 0).unwrap_err());
    println!("{}", e.delete_rss_context("lo", 0).unwrap_err());
    println!("{}", e.rss(0, 0).unwrap_err());
    let mut n = Netdev::open().unwrap();
    println!("{:?}", n.queues(4));
    println!("{:?}", n.napis(4));
    println!("{:?}", n.counters(4, Scope::Queue));
    println!("{:?}", n.counters(4, Scope::Device));
    println!("{:?}", n.queues(44));
    let mut l = Links::open().unwrap();
    for x in l.list().unwrap() {
        println!("{x:?}");
    }
    println!("{:?}", l.get("eth0"));
    println!("{}", l.get("nosuch").unwrap_err());
    println!("{}", l.get(999).unwrap_err());
    let mut i = legacy::Ioctl::open().unwrap();
    println!("{:?}", i.driver("eth0"));
    println!("{:?}", i.permanent_address("eth0"));
    println!("{:?}", i.receive_queues("eth0"));
    println!("{:?}", i.counters("eth0"));
    println!("{:?}", i.rss("eth0", 0));
    println!("{:?}", i.hash_fields("eth0", 0, FlowType::TCP4));
    println!("{:?}", i.driver("lo"));
    println!("{:?}", i.driver("nosuch"));
}
