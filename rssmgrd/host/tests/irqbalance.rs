//! The real irqbalance, where it is installed (or named by `IRQBALANCE`): in namespaces of its own, where it finds no
//! interrupt that it could move.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rssmgr_core::irqbalance::Interrupts;
use rssmgr_host::irqbalance::{Irqbalance, IrqbalanceError, listening, running};

/// Started with one ban on its command line.
struct Real(Child);

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `None`, and says why, where there is none. With `folder` it can write to `/run/irqbalance`.
fn start(folder: bool) -> Option<Real> {
    let program = std::env::var("IRQBALANCE").unwrap_or_else(|_| "/usr/sbin/irqbalance".into());
    if !Path::new(&program).exists() {
        println!("SKIPPED: no {program}; install irqbalance, or name it by IRQBALANCE");
        return None;
    }
    let run = if folder { "mkdir -p /run/irqbalance" } else { "true" };
    let script = format!(
        "mount -t tmpfs none /proc/irq && mount -t tmpfs none /run && {run} && exec {program} --foreground --banirq=33"
    );
    let child = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-ec", &script])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(child) => Some(Real(child)),
        Err(e) => {
            println!("SKIPPED: no unshare: {e}");
            None
        }
    }
}

fn found(real: &mut Real, root: &Path) -> Option<Irqbalance> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        let all = running(root).unwrap();
        let it = all.into_iter().find(|d| d.pid == real.0.id());
        if let Some(it) = it.filter(|d| !matches!(d.banned(), Err(IrqbalanceError::NoSocket))) {
            return Some(it);
        }
        if let Some(end) = real.0.try_wait().unwrap() {
            println!("SKIPPED: no namespace, or irqbalance does not run here: {end}");
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("irqbalance runs and has no socket");
}

fn list(irqs: impl IntoIterator<Item = u32>) -> Interrupts {
    irqs.into_iter().collect()
}

#[test]
fn the_real_one_is_told_by_its_abstract_socket() {
    let before = listening(Path::new("/")).unwrap().nameless;
    let Some(mut real) = start(false) else { return };
    let Some(it) = found(&mut real, Path::new("/")) else { return };
    let now = listening(Path::new("/")).unwrap();
    assert!(
        now.irqbalances.contains(&it) || !now.nameless.is_subset(&before),
        "seen without {it:?}: {now:?}"
    );
    assert_eq!(it.fixed, list([33]));
    assert_eq!(it.banned().unwrap(), list([33]));
    it.ban(&list([24, 25, 33])).unwrap();
    assert_eq!(it.banned().unwrap(), list([24, 25, 33]));
    it.ban(&list([25])).unwrap();
    assert_eq!(it.banned().unwrap(), list([25]), "the list is replaced");
    it.ban(&list([])).unwrap();
    assert_eq!(it.banned().unwrap(), list([]));
    assert!(it.is_alive(Path::new("/")) && !it.is_alive(Path::new("/nowhere")));

    // Versions before 1.9.5 read 500 bytes. Whatever it keeps, it is no number cut in two.
    let long = list(100..400);
    match it.ban(&long) {
        Ok(()) => {}
        Err(IrqbalanceError::Partial { kept, asked }) => assert_eq!((kept > 100, asked), (true, 300)),
        Err(e) => panic!("{e}"),
    }
    assert!(it.banned().unwrap().is_subset(&long));
}

#[test]
fn the_real_one_is_told_by_the_socket_in_its_folder() {
    let Some(mut real) = start(true) else { return };
    // Its own mounts, as its root shows them.
    let root = format!("/proc/{}/root", real.0.id());
    let Some(it) = found(&mut real, Path::new(&root)) else { return };
    let sockets: Vec<_> = fs::read_dir(format!("{root}/run/irqbalance")).unwrap().collect();
    assert_eq!(sockets.len(), 1);
    assert_eq!(listening(Path::new(&root)).unwrap().irqbalances, std::slice::from_ref(&it));
    it.ban(&list([24, 33])).unwrap();
    assert_eq!(it.banned().unwrap(), list([24, 33]));
}
