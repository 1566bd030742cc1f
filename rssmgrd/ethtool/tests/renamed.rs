//! An interface is renamed between the moment in which its name is looked up and that in which the kernel is asked by it.

use std::io::Write as _;
use std::process::Command;

use rssmgr_ethtool::Kernel;
use rssmgr_netlink::ethtool::legacy::Ioctl;

const TEST: &str = "what_is_asked_by_name_is_asked_again_under_the_new_one";
const INSIDE: &str = "RSSMGR_TEST_IN_NAMESPACE";

fn skipped(why: &str) {
    // Not eprintln!: the test harness would swallow it.
    let _ = writeln!(std::io::stderr(), "SKIPPED {TEST}: {why}");
}

#[test]
fn what_is_asked_by_name_is_asked_again_under_the_new_one() {
    if std::env::var_os(INSIDE).is_none() {
        if !std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t") {
            return skipped("making network namespaces needs root");
        }
        if Command::new("ip").arg("-V").output().is_err() {
            return skipped("`ip` is missing: install iproute2");
        }
        let itself = std::env::current_exe().unwrap();
        let mut command = Command::new("unshare");
        let command =
            command.arg("--net").arg(itself).args(["--exact", TEST, "--nocapture"]).env(INSIDE, "1");
        let Ok(output) = command.output() else { return skipped("`unshare` is missing: install util-linux") };
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("1 passed"), "{text}");
        return;
    }
    let ip = |arguments: &str| {
        assert!(Command::new("ip").args(arguments.split(' ')).status().unwrap().success(), "ip {arguments}");
    };
    ip("link add first type veth peer name other");
    let mut kernel = Kernel::open().unwrap();
    let index = kernel.links.list().unwrap().iter().find(|link| link.name == "first").unwrap().index;

    let mut asked = Vec::new();
    let driver = kernel.by_ioctl(index, |ioctl, name| {
        if asked.is_empty() {
            ip("link set first name second");
        }
        asked.push(name.to_owned());
        ioctl.driver(name)
    });
    assert_eq!(driver.unwrap().name, "veth");
    assert_eq!(asked, ["first", "second"]);

    // Another interface has the name by then: what it answers is not taken for ours.
    ip("link set other name third");
    asked.clear();
    let place = kernel.by_ioctl(index, |ioctl, name| {
        if asked.is_empty() {
            ip("link set second name fourth");
            ip("link set third name second");
        }
        asked.push(name.to_owned());
        ioctl.driver(name)
    });
    assert!(place.is_ok());
    assert_eq!(asked, ["second", "fourth"]);

    ip("link delete fourth");
    let gone = kernel.by_ioctl(index, Ioctl::driver);
    assert!(gone.unwrap_err().is_gone());
}
