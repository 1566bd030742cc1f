//! What each parameter of the four cmdlets does, by its PowerShell spelling. PARITY.md names these tests.

use serde_json::Value;

use crate::run::Daemon;

fn strings(list: &Value, key: &str) -> Vec<String> {
    let text = |v: &Value| v[key].as_str().map_or_else(|| v[key].to_string(), str::to_owned);
    list.as_array().unwrap().iter().map(text).collect()
}

/// What an adapter's record must show.
type Holds<'a> = &'a dyn Fn(&Value) -> bool;

#[test]
fn every_setting_takes_effect() {
    // 128 CPUs: two groups of 64, which are the two nodes.
    let daemon = Daemon::with_nic_of("16", "2x64x1");
    let cases: &[(&str, &str, Holds<'_>)] = &[
        ("-NumberOfReceiveQueues", "8", &|a| {
            a["number_of_receive_queues"] == 8 && a["queues"].as_array().unwrap().len() == 8
        }),
        ("-MaxProcessors", "4", &|a| {
            a["max_processors"] == 4 && strings(&a["processors"], "processor").len() == 4
        }),
        ("-Profile", "Closest", &|a| a["profile"] == "Closest" && a["profile_number"] == 1),
        ("-NumaNode", "1", &|a| a["numa_node"] == 1 && a["processor_array"][0]["processor"] == "1:0"),
        ("-BaseProcessorNumber", "2", &|a| {
            a["base_processor"] == "0:2"
                && !strings(&a["processor_array"], "processor").contains(&"0:1".into())
        }),
        ("-BaseProcessorGroup", "1", &|a| {
            a["base_processor"] == "1:2"
                && strings(&a["processor_array"], "processor").iter().all(|p| p.starts_with("1:"))
        }),
        ("-MaxProcessorNumber", "8", &|a| a["max_processor"] == "0:8" || a["max_processor"] == "1:8"),
        ("-MaxProcessorGroup", "1", &|a| {
            a["max_processor"] == "1:8"
                && strings(&a["processor_array"], "processor")
                    == ["1:2", "1:3", "1:4", "1:5", "1:6", "1:7", "1:8"]
        }),
        ("-Enabled", "$false", &|a| a["enabled"] == false),
        ("-Enabled", "$true", &|a| a["enabled"] == true),
    ];
    for (parameter, value, holds) in cases {
        // The number before the group: alone it would be 0:8, below the base, and is refused.
        let first = *parameter == "-MaxProcessorNumber";
        let group: &[&str] = if first { &["-MaxProcessorGroup", "1"] } else { &[] };
        let said =
            daemon.rssctl(&[&["Set-NetAdapterRss", "-Name", "nic0", parameter, value][..], group].concat());
        assert_eq!(said.code, 0, "{parameter} {value}: {said:?}");
        let adapter = daemon.adapter("nic0");
        assert!(holds(&adapter), "{parameter} {value}: {adapter:#}");
    }
    let said = daemon.line("Disable-NetAdapterRss nic0");
    assert_eq!((said.code, &daemon.adapter("nic0")["enabled"]), (0, &Value::from(false)), "{said:?}");
    let said = daemon.line("Enable-NetAdapterRss nic0");
    assert_eq!((said.code, &daemon.adapter("nic0")["enabled"]), (0, &Value::from(true)), "{said:?}");
}

#[test]
fn adapters_are_found_as_on_windows() {
    let daemon = Daemon::with_nic();
    let said = daemon.line("softnic create nic1 --queues 4 --topology 2x8x2");
    assert_eq!(said.code, 0, "{said:?}");
    let names = |line: &str| {
        let said = daemon.line(&format!("{line} -o name"));
        (said.code, said.out.lines().collect::<Vec<_>>().join(" "), said.err)
    };
    for (line, found) in [
        ("Get-NetAdapterRss", "nic0 nic1"),
        ("Get-NetAdapterRss -Name *", "nic0 nic1"),
        ("Get-NetAdapterRss nic1", "nic1"),
        ("Get-NetAdapterRss -Name nic1, nic0", "nic0 nic1"),
        ("Get-NetAdapterRss -ifAlias nic[0]", "nic0"),
        ("Get-NetAdapterRss -InterfaceDescription *SOFTWARE*", "nic0 nic1"),
        ("Get-NetAdapterRss -ifDesc *hardware*", ""),
        ("Get-NetAdapterRss -IncludeHidden", "nic0 nic1"),
        ("Get-NetAdapterRss -Name nic? -IncludeHidden", "nic0 nic1"),
        ("Get-NetAdapterRss -Name x*", ""),
    ] {
        let (code, out, err) = names(line);
        assert_eq!((code, out.as_str()), (0, found), "{line}: {err}");
        assert_eq!(err.contains("rssctl: note:"), found.is_empty(), "{line}: {err}");
    }
    let (code, out, err) = names("Get-NetAdapterRss -Name nic0,nope");
    assert_eq!((code, out.as_str()), (10, "nic0"), "what there is comes out: {err}");
    assert!(
        err.contains("No adapter found with property 'Name' equal to 'nope'") && err.contains("nic1"),
        "{err}"
    );
    let (code, _, err) = names("Get-NetAdapterRss -InterfaceDescription nope");
    assert_eq!(code, 10);
    assert!(err.contains("'InterfaceDescription' equal to 'nope'"), "{err}");

    // The three that change something find theirs the same way.
    for (line, changed) in [
        ("Set-NetAdapterRss -Name nic1 -MaxProcessors 2", "nic1"),
        ("Set-NetAdapterRss -InterfaceDescription *software* -Profile Closest -IncludeHidden", "nic0 nic1"),
        ("Disable-NetAdapterRss -ifDesc *2x8x2* -IncludeHidden", "nic0 nic1"),
        ("Enable-NetAdapterRss -InterfaceAlias nic0 -IncludeHidden", "nic0"),
        ("Set-NetAdapterRss -InterfaceDescription *hardware* -Profile NUMA", ""),
    ] {
        let (code, out, err) = names(line);
        assert_eq!((code, out.as_str()), (0, changed), "{line}: {err}");
    }
    let (code, _, err) = names("Set-NetAdapterRss -Name nope -Profile NUMA");
    assert_eq!(code, 10, "{err}");
    assert_eq!(daemon.adapter("nic0")["profile"], "Closest", "nothing matched, nothing was changed");
}

#[test]
fn changes_are_applied_as_on_windows() {
    let daemon = Daemon::with_nic();
    let queues = || daemon.adapter("nic0")["number_of_receive_queues"].as_u64().unwrap();

    let said = daemon.line("Set-NetAdapterRss nic0 -NumberOfReceiveQueues 8 -WhatIf");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("nic0: planned")
            && said.out.contains("16 -> 8")
            && said.out.contains("set 8 receive queues"),
        "{said:?}"
    );
    assert_eq!(queues(), 16, "-WhatIf changes nothing");
    for line in ["Disable-NetAdapterRss nic0 -wi", "Enable-NetAdapterRss nic0 -WhatIf"] {
        assert_eq!(daemon.line(line).code, 0);
        assert_eq!(daemon.adapter("nic0")["enabled"], true, "{line}");
    }

    let said = daemon.line("Set-NetAdapterRss nic0 -NumberOfReceiveQueues 8 -NoRestart -PassThru");
    assert_eq!((said.code, queues()), (0, 8), "{said:?}");
    assert_eq!(said.out, daemon.line("Get-NetAdapterRss nic0").out, "-PassThru prints the adapter as it is");
    assert!(said.out.contains("NumberOfReceiveQueues                           : 8\n"));
    let said = daemon.line("Disable-NetAdapterRss nic0 -PassThru -NoRestart");
    assert!(said.out.contains("Enabled                                         : False\n"), "{said:?}");
    let said = daemon.line("Enable-NetAdapterRss nic0 -PassThru -o json");
    assert_eq!(said.json()["adapters"][0]["enabled"], true);

    // Nobody to ask: refused. Told not to ask: done.
    let said = daemon.line("Set-NetAdapterRss nic0 -MaxProcessors 4 -Confirm");
    assert_eq!((said.code, queues()), (2, 8), "{said:?}");
    let said = daemon.line("Set-NetAdapterRss nic0 -NumberOfReceiveQueues 4 -Confirm:$false");
    assert_eq!((said.code, queues()), (0, 4), "{said:?}");

    let mut asked = daemon.terminal("Set-NetAdapterRss nic0 -NumberOfReceiveQueues 6 -Confirm");
    let plan = asked.question();
    assert!(
        plan.contains("4 -> ") && plan.contains("set 6 receive queues"),
        "the plan is shown first: {plan}"
    );
    let (code, rest) = asked.answer("n");
    assert_eq!((code, queues()), (0, 4), "{rest}");
    assert!(rest.contains("nothing was changed"), "{rest}");

    let mut asked = daemon.terminal("Set-NetAdapterRss nic0 -NumberOfReceiveQueues 6 -cf");
    asked.question();
    let (code, rest) = asked.answer("y");
    assert_eq!((code, queues()), (0, 6), "{rest}");

    // What was confirmed is what happens: somebody else was faster.
    let mut asked = daemon.terminal("Disable-NetAdapterRss nic0 -Confirm");
    asked.question();
    assert_eq!(daemon.line("set nic0 --queues 2").code, 0);
    let (code, rest) = asked.answer("y");
    assert_eq!(code, 1, "{rest}");
    assert!(rest.contains("the state has changed meanwhile"), "{rest}");
    assert_eq!(daemon.adapter("nic0")["enabled"], true);
}
