//! The daemon's own complaints, other managers, saved settings.

use super::*;
use Severity::{Error, Info, Warning};

#[test]
fn what_the_daemon_complains_of() {
    for (health, check, severity) in [
        (Health::Degraded, Check::Degraded, Error),
        (Health::Stuck, Check::Stuck, Error),
        (Health::Contested, Check::Contested, Warning),
        (Health::Drifted, Check::Drifted, Warning),
        (Health::Pending, Check::Pending, Info),
        (Health::Away, Check::Away, Warning),
    ] {
        let f = one(&with(|m| {
            let view = m.nics[0].daemon.as_mut().unwrap();
            view.health = health;
            view.reason = Some("because".into());
        }));
        assert_eq!((f.check, f.severity), (check, severity));
        assert_eq!(f.evidence, ["rssmgrd says: because"]);
    }
}

#[test]
fn a_daemon_that_should_be_there() {
    let gone = with(|m| {
        m.daemon = false;
        m.unattended = vec!["eth0".into(), "eth1".into()];
    });
    let f = one(&gone);
    assert_eq!((f.check, f.severity, f.adapter), (Check::DaemonGone, Warning, None));
    assert_eq!(f.evidence, ["saved settings manage eth0, eth1"]);
    assert_eq!(found(&with(|m| m.daemon = false)), [], "it was told nothing");
    assert_eq!(found(&with(|m| m.unattended = vec!["eth0".into()])), [], "it answers");
}

#[test]
fn settings_that_cannot_be_had() {
    let mut m = healthy();
    set_field(&mut m.nics[0], "base_processor", "1:5");
    let all = diagnose(&m);
    assert!(all.iter().any(|f| f.check == Check::CannotPlace && f.severity == Warning), "{all:#?}");
    unmanaged(&mut m.nics[0]);
    assert!(diagnose(&m).iter().all(|f| f.check != Check::CannotPlace), "nobody asked for it");
}

fn sign(kind: SignKind, adapters: Option<&[&str]>) -> Sign {
    Sign {
        kind,
        adapters: adapters.map(|a| a.iter().map(|n| (*n).into()).collect()),
        place: "/etc/some/file".into(),
        line: Some(7),
        text: "CombinedChannels=4".into(),
    }
}

#[test]
fn irqbalance_runs() {
    let runs_with = |banned: &[u32], rest: &[&str]| {
        let rest = rest.iter().map(|&a| a.into()).collect();
        let mut s = sign(SignKind::Irqbalance { banned: banned.to_vec(), rest, unasked: None }, None);
        s.place = "process 812".into();
        with(|m| m.signs = vec![s])
    };
    let running = |banned: &[u32]| runs_with(banned, &[]);
    let f = one(&running(&[41, 43]));
    assert_eq!((f.check, f.severity), (Check::Irqbalance, Warning));
    assert!(f.evidence[1].contains("interrupts 40, 42 of its queues"), "{:?}", f.evidence);
    assert!(
        f.remedy[1].contains("\"--banirq=40 --banirq=41 --banirq=42 --banirq=43\""),
        "the line is the only one that counts, and what was banned before stays so: {:?}",
        f.remedy
    );
    let more = one(&runs_with(&[43], &["--foreground", "--policyscript=/etc/policy.sh", "--banmod", "i40e"]));
    assert!(
        more.remedy[1].starts_with(
            "echo 'IRQBALANCE_ARGS=\"--foreground --policyscript=/etc/policy.sh --banmod i40e --banirq=40 \
             --banirq=41 --banirq=42 --banirq=43\"' >> /etc/default/irqbalance && "
        ),
        "{:?}",
        more.remedy
    );
    // What would need quotes within quotes is left to people.
    for odd in
        ["--policyscript=/etc/my policy", "it's", "\"", "$(reboot)", "a\nb", "`id`", "a\\b", "a;b", "#"]
    {
        let remedy = &one(&runs_with(&[], &[odd])).remedy[1];
        assert!(
            remedy.starts_with("${EDITOR:-vi} /etc/default/irqbalance  # ")
                && remedy.contains("--banirq=43")
                && remedy.lines().count() == 1,
            "{odd}: {remedy}"
        );
    }
    assert_eq!(found(&running(&[40, 41, 42, 43, 99])), [], "it leaves ours alone");
    let mut silent = running(&[]);
    let SignKind::Irqbalance { unasked, .. } = &mut silent.signs[0].kind else { panic!() };
    *unasked = Some("only root is answered".into());
    let f = one(&silent);
    assert_eq!(f.severity, Info, "the daemon has told it, or complains");
    assert!(f.evidence[2].ends_with("not known: only root is answered"), "{:?}", f.evidence);
    let mut free = running(&[]);
    unmanaged(&mut free.nics[0]);
    assert_eq!(found(&free), [(Check::Irqbalance, Info)], "no conflict yet");
    for queue in &mut free.nics[0].queues {
        queue.irq = None;
    }
    assert_eq!(found(&free), [], "no interrupt of ours is known");
}

#[test]
fn other_managers() {
    let connection = SignKind::NetworkManager { connection: "Wired 1".into(), key: "channels-rx".into() };
    for (kind, remedy) in [
        (SignKind::Tuned, "${EDITOR:-vi} +7 /etc/some/file  # take out: CombinedChannels=4"),
        (SignKind::SystemdLink, "${EDITOR:-vi} +7 /etc/some/file  # take out: CombinedChannels=4"),
        (connection, "nmcli connection modify 'Wired 1' ethtool.channels-rx ''"),
        (SignKind::Script { unit: Some("tune.service".into()) }, "systemctl disable --now tune.service"),
        (SignKind::Script { unit: None }, "${EDITOR:-vi} +7 /etc/some/file  # take out: CombinedChannels=4"),
    ] {
        let f = one(&with(|m| m.signs = vec![sign(kind.clone(), Some(&["eth0"]))]));
        assert_eq!((f.check, f.severity, f.adapter.as_deref()), (Check::OtherManager, Warning, Some("eth0")));
        assert_eq!(f.evidence, ["/etc/some/file:7: CombinedChannels=4"]);
        assert_eq!(f.remedy[0], remedy);
    }
    let about = |adapters: Option<&[&str]>| with(|m| m.signs = vec![sign(SignKind::SystemdLink, adapters)]);
    assert_eq!(found(&about(Some(&["eth7"]))), [], "about an adapter that is not here");
    assert_eq!(one(&about(None)).adapter, None);
    let mut free = about(Some(&["eth0"]));
    unmanaged(&mut free.nics[0]);
    assert_eq!(found(&free), [(Check::OtherManager, Info)], "rssmgrd sets nothing there");
}

#[test]
fn saved_settings_in_front() {
    let hidden = |newer| {
        let h = Hidden {
            adapter: "eth0".into(),
            key: "max_processors".into(),
            saved: "4".into(),
            configured: "8".into(),
            place: "/etc/rssmgrd/rssmgrd.toml:3".into(),
            newer,
        };
        one(&with(|m| m.hidden = vec![h]))
    };
    let f = hidden(Some(true));
    assert_eq!((f.check, f.severity), (Check::SavedHidesConfig, Warning));
    assert_eq!(
        f.evidence,
        ["max_processors: `4` is saved; /etc/rssmgrd/rssmgrd.toml:3 has `8`, and was written later"]
    );
    assert!(f.remedy[0].starts_with("rssctl set eth0 --max-processors 8"), "{:?}", f.remedy);
    assert_eq!(hidden(Some(false)).severity, Info);
    assert_eq!(hidden(None).severity, Info);
}
