//! Against one that answers as irqbalance 1.9.2 does, which is what the real one is compared with in
//! `rssmgr-host`'s tests.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// A machine of two cards with a running irqbalance, and everything that was asked of that.
struct Machine {
    root: tempfile::TempDir,
    asked: Arc<Mutex<Vec<String>>>,
    /// It accepts and does not answer.
    busy: Arc<AtomicBool>,
}

impl Machine {
    fn new() -> Self {
        let machine =
            Self { root: tempfile::tempdir().unwrap(), asked: Arc::default(), busy: Arc::default() };
        machine.vectors("eth0", &[40, 41]);
        machine.vectors("eth1", &[50]);
        machine
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A card has these vectors and no others.
    fn vectors(&self, name: &str, irqs: &[u32]) {
        let device = format!("sys/devices/pci0000:00/0000:00:0{}.0", &name[3..]);
        let _ = fs::remove_dir_all(self.root.path().join(&device).join("msi_irqs"));
        for irq in irqs {
            self.file(&format!("{device}/msi_irqs/{irq}"), "msix\n");
        }
        self.file(&format!("{device}/net/{name}/address"), "02:00:00:00:00:01\n");
        let class = self.root.path().join("sys/class/net");
        fs::create_dir_all(&class).unwrap();
        let _ = std::os::unix::fs::symlink(format!("../../../{device}/net/{name}"), class.join(name));
    }

    /// An irqbalance of this process id, with this in its list.
    fn start(&self, pid: u32, banned: &str) {
        let folder = self.root.path().join("run/irqbalance");
        fs::create_dir_all(&folder).unwrap();
        let listener = UnixListener::bind(folder.join(format!("irqbalance{pid}.sock"))).unwrap();
        self.serve(pid, banned, listener);
    }

    /// One that listens at a name of nothing but NULs.
    fn start_nameless(&self, pid: u32, banned: &str) {
        // Of a length that nobody else has, for the name is one of the machine that runs the test.
        let length = 40 + usize::try_from(std::process::id() % 60).unwrap();
        let address = SocketAddr::from_abstract_name(vec![0; length]).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        let line = format!("0: 00000002 00000000 00010000 0001 01 4711 {}\n", "@".repeat(1 + length));
        self.file("proc/net/unix", &line);
        self.file(&format!("proc/{pid}/fd/0"), "");
        let link = self.root.path().join(format!("proc/{pid}/fd/3"));
        std::os::unix::fs::symlink("socket:[4711]", link).unwrap();
        self.serve(pid, banned, listener);
    }

    fn serve(&self, pid: u32, banned: &str, listener: UnixListener) {
        self.file(&format!("proc/{pid}/comm"), "irqbalance\n");
        self.file(&format!("proc/{pid}/cmdline"), "/usr/sbin/irqbalance\0--banirq=9\0");
        let (mut banned, asked) = (banned.to_owned(), Arc::clone(&self.asked));
        let busy = Arc::clone(&self.busy);
        std::thread::spawn(move || {
            let mut waiting = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if busy.load(Ordering::Relaxed) {
                    waiting.push(stream);
                    continue;
                }
                let mut words = [0; 500];
                let n = stream.read(&mut words).unwrap();
                let words = String::from_utf8_lossy(&words[..n]).into_owned();
                if let Some(list) = words.strip_prefix("settings ban irqs ") {
                    banned = list.replace("NONE", "");
                    asked.lock().unwrap().push(words.clone());
                } else {
                    let each = banned.split(' ').filter(|i| !i.is_empty());
                    let each: String = each.map(|i| format!("IRQ {i} LOAD 0 DIFF 0 CLASS 0 ")).collect();
                    let _ = write!(stream, "SLEEP 10 {each}BANNED 0");
                }
            }
        });
    }

    fn stop(&self, pid: u32) {
        fs::remove_file(self.root.path().join(format!("run/irqbalance/irqbalance{pid}.sock"))).unwrap();
        fs::remove_dir_all(self.root.path().join(format!("proc/{pid}"))).unwrap();
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn names(adapters: &[&str]) -> Vec<String> {
    adapters.iter().map(|n| (*n).to_owned()).collect()
}

#[test]
fn it_is_told_once_and_again_when_numbers_change_and_gets_back_what_is_released() {
    let machine = Machine::new();
    machine.start(77, "9 33");
    let mut keeper = Keeper::new(machine.root.path());
    let told = keeper.look(&names(&["eth0", "eth1"]), true);
    assert_eq!(told, [EventKind::IrqbalanceTold { pid: 77, interrupts: 3 }]);
    assert_eq!(machine.asked(), ["settings ban irqs 9 33 40 41 50"]);
    assert_eq!(keeper.look(&names(&["eth0", "eth1"]), false), [], "it knows");
    assert!(machine.asked().is_empty());

    machine.vectors("eth0", &[60, 61]);
    keeper.look(&names(&["eth0", "eth1"]), false);
    assert_eq!(machine.asked(), ["settings ban irqs 9 33 50 60 61"]);
    keeper.look(&names(&["eth1"]), false);
    assert_eq!(machine.asked(), ["settings ban irqs 9 33 50"], "eth0 was released");
    assert!(!keeper.is_idle());

    machine.stop(77);
    machine.start(78, "9");
    keeper.look(&names(&["eth1"]), false);
    assert_eq!(machine.asked(), ["settings ban irqs 9 50"], "started anew");
    keeper.look(&[], false);
    assert_eq!(machine.asked(), ["settings ban irqs 9"]);
    assert!(keeper.is_idle());
}

#[test]
fn one_that_cannot_be_told_is_told_of_once_and_suspected() {
    let machine = Machine::new();
    machine.file("proc/80/comm", "irqbalance\n");
    let mut keeper = Keeper::new(machine.root.path());
    let told = keeper.look(&names(&["eth0"]), true);
    let [EventKind::IrqbalanceNotTold { pid: 80, because, .. }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(because, "it has no socket that can be reached");
    let suspects = keeper.new_suspects().unwrap();
    assert_eq!(suspects[&Part::Homes], ["irqbalance (pid 80)"]);
    assert_eq!(keeper.look(&names(&["eth0"]), false), []);
    assert_eq!(keeper.look(&names(&["eth0"]), true), []);
    assert_eq!(keeper.new_suspects(), None);
    fs::remove_dir_all(machine.root.path().join("proc/80")).unwrap();
    keeper.look(&names(&["eth0"]), true);
    assert_eq!(keeper.new_suspects(), Some(Suspects::new()));
}

#[test]
fn one_late_answer_is_no_trouble_and_two_are() {
    let machine = Machine::new();
    machine.start(77, "9");
    let mut keeper = Keeper::new(machine.root.path());
    let told = EventKind::IrqbalanceTold { pid: 77, interrupts: 2 };
    assert_eq!(keeper.look(&names(&["eth0"]), true), [told]);
    keeper.new_suspects();
    machine.busy.store(true, Ordering::Relaxed);
    assert_eq!(keeper.look(&names(&["eth0"]), false), [], "late once");
    machine.busy.store(false, Ordering::Relaxed);
    assert_eq!(keeper.look(&names(&["eth0"]), false), [], "and there again");
    machine.busy.store(true, Ordering::Relaxed);
    assert_eq!(keeper.look(&names(&["eth0"]), false), [], "late once more");
    assert_eq!(keeper.new_suspects(), None);
    let told = keeper.look(&names(&["eth0"]), false);
    assert!(matches!(told.as_slice(), [EventKind::IrqbalanceNotTold { pid: 77, .. }]), "{told:?}");
    assert_eq!(keeper.new_suspects().unwrap()[&Part::Homes], ["irqbalance (pid 77)"]);
}

#[test]
fn one_that_has_something_to_be_told_and_does_not_answer_is_told_of_at_once() {
    let machine = Machine::new();
    machine.start(77, "9");
    let mut keeper = Keeper::new(machine.root.path());
    keeper.look(&names(&["eth0"]), true);
    machine.busy.store(true, Ordering::Relaxed);
    let told = keeper.look(&names(&["eth0", "eth1"]), false);
    assert!(matches!(told.as_slice(), [EventKind::IrqbalanceNotTold { pid: 77, .. }]), "{told:?}");
}

#[test]
fn one_without_a_name_that_starts_later_is_told_at_the_next_look() {
    let machine = Machine::new();
    let mut keeper = Keeper::new(machine.root.path());
    assert_eq!(keeper.look(&names(&["eth0"]), true), []);
    machine.start_nameless(81, "9");
    let told = EventKind::IrqbalanceTold { pid: 81, interrupts: 2 };
    assert_eq!(keeper.look(&names(&["eth0"]), false), [told]);
    assert_eq!(machine.asked(), ["settings ban irqs 9 40 41"]);
    assert_eq!(keeper.look(&names(&["eth0"]), false), [], "it is not forgotten");
    assert!(!keeper.is_idle());
}
