//! PowerShell's spellings: what each becomes, and what is answered to what a POSIX shell makes of them.

mod common;

use std::ffi::OsString;

use common::{Folder, bash, rssctl};
use rssctl::powershell::translate;

fn words(line: &str) -> Vec<OsString> {
    std::iter::once("rssctl").chain(line.split(' ')).map(OsString::from).collect()
}

fn translated(line: &str) -> String {
    let out = translate(words(line)).unwrap_or_else(|e| panic!("{line}: {e}"));
    out.iter().skip(1).map(|w| w.to_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_spelling_becomes_ours() {
    for (spelled, ours) in [
        // Verbs, whatever their case.
        ("Get-NetAdapterRss", "get"),
        ("get-netadapterrss -Name nic0", "get -- nic0"),
        ("GET-NETADAPTERRSS nic0", "get -- nic0"),
        ("Enable-NetAdapterRss nic0", "enable -- nic0"),
        ("Disable-NetAdapterRss -Name nic0 -NoRestart", "disable -- nic0"),
        ("Get-NetAdapterStatistics -Name nic0", "stats -- nic0"),
        ("Set-NetOffloadGlobalSetting -ReceiveSideScaling Disabled", "global set --rss=Disabled"),
        (
            "get-netadaptervport nic0 -VPortID 1,2 -PhysicalFunction",
            "vport list --id=1 --id=2 --physical-function -- nic0",
        ),
        ("Get-NetAdapterVPort -SwitchID 0 -FunctionID PF", "vport list --switch=0 --function=PF"),
        ("GET-NETADAPTERVMQ -Name a*", "vmq get -- a*"),
        ("Get-NetAdapterVmqQueue a -Id 6", "vmq queues --id=6 -- a"),
        (
            "Set-NetAdapterVmq a -BaseN 2 -BaseG 1 -MaxN 5 -wi",
            "vmq set --what-if --base-processor=1:2 --max-processor=:5 -- a",
        ),
        ("Enable-NetAdapterVmq -Name a -NoRestart", "vmq enable -- a"),
        ("Disable-NetAdapterVmq -ifDesc Intel*", "vmq disable --interface-description=Intel*"),
        // Each parameter by its full name.
        ("Set-NetAdapterRss -Name a -NumberOfReceiveQueues 8", "set --queues=8 -- a"),
        ("Set-NetAdapterRss -Name a -Profile NUMAStatic", "set --profile=NUMAStatic -- a"),
        ("Set-NetAdapterRss -Name a -MaxProcessors 4", "set --max-processors=4 -- a"),
        ("Set-NetAdapterRss -Name a -NumaNode 65535", "set --numa-node=65535 -- a"),
        ("Set-NetAdapterRss -Name a -Enabled $false", "set --enabled=$false -- a"),
        ("Set-NetAdapterRss -Name a -Enabled:$true", "set --enabled=$true -- a"),
        // A processor in two parameters is one setting, whichever comes first; one of them leaves the other alone.
        ("Set-NetAdapterRss a -BaseProcessorGroup 1 -BaseProcessorNumber 2", "set --base-processor=1:2 -- a"),
        ("Set-NetAdapterRss a -BaseProcessorNumber 2 -BaseProcessorGroup 1", "set --base-processor=1:2 -- a"),
        ("Set-NetAdapterRss a -BaseProcessorNumber 2", "set --base-processor=:2 -- a"),
        ("Set-NetAdapterRss a -MaxProcessorGroup 1", "set --max-processor=1: -- a"),
        ("Set-NetAdapterRss a -BaseN 2 -MaxN 8", "set --base-processor=:2 --max-processor=:8 -- a"),
        // Aliases; one that is also a prefix of others means what it is the alias of.
        ("Set-NetAdapterRss -ifAlias a -Max 4", "set --max-processors=4 -- a"),
        ("Set-NetAdapterRss -InterfaceAlias a -MaxG 1", "set --max-processor=1: -- a"),
        ("Get-NetAdapterRss -ifDesc Intel*", "get --interface-description=Intel*"),
        ("Get-NetAdapterRss -InstanceID x", "get --interface-description=x"),
        ("Set-NetAdapterRss a -Profile 4 -wi", "set --profile=4 --what-if -- a"),
        ("Set-NetAdapterRss a -Profile 4 -cf", "set --profile=4 --confirm=true -- a"),
        // Prefixes that fit one.
        ("Set-NetAdapterRss a -Prof Closest -What -Pas", "set --profile=Closest --what-if --pass-thru -- a"),
        ("Set-NetAdapterRss a -Numb 8", "set --queues=8 -- a"),
        ("Set-NetAdapterRss a -baseprocessorn:3", "set --base-processor=:3 -- a"),
        ("Get-NetAdapterRss -Inc", "get --include-hidden"),
        // Lists.
        ("Get-NetAdapterRss -Name a,b", "get -- a b"),
        ("Get-NetAdapterRss -Name a, b ,c", "get -- a b c"),
        ("Get-NetAdapterRss a, b", "get -- a b"),
        (
            "Get-NetAdapterRss -InterfaceDescription x,y",
            "get --interface-description=x --interface-description=y",
        ),
        // Switches with values.
        ("Set-NetAdapterRss a -Max 4 -Confirm:$false", "set --max-processors=4 --confirm=false -- a"),
        ("Set-NetAdapterRss a -Max 4 -WhatIf:$false", "set --max-processors=4 -- a"),
        ("Set-NetAdapterRss a -Max 4 -WhatIf:$true", "set --max-processors=4 --what-if -- a"),
        // Encapsulation: what is not named stays.
        ("Get-NetAdapterEncapsulatedPacketTaskOffload -Name a", "encapsulation -- a"),
        (
            "Set-NetAdapterEncapsulatedPacketTaskOffload a -NvgreEncapsulatedPacketTaskOffloadEnabled $true",
            "set --encapsulation=+nvgre -- a",
        ),
        (
            "Set-NetAdapterEncapsulatedPacketTaskOffload -Name a -VxlanE:$false -Nvgre $true -VxlanUDP 8472",
            "set --vxlan-port=8472 --encapsulation=-vxlan,+nvgre -- a",
        ),
        (
            "Enable-NetAdapterEncapsulatedPacketTaskOffload a -WhatIf",
            "set --what-if --encapsulation=+nvgre,+vxlan -- a",
        ),
        (
            "Enable-NetAdapterEncapsulatedPacketTaskOffload a -EncapsulationType VXLAN",
            "set --encapsulation=+vxlan -- a",
        ),
        (
            "Disable-NetAdapterEncapsulatedPacketTaskOffload a -EncapsulationType NVGRE",
            "set --encapsulation=-nvgre -- a",
        ),
        (
            "Disable-NetAdapterEncapsulatedPacketTaskOffload -ifDesc x",
            "set --interface-description=x --encapsulation=none",
        ),
        // PowerShell's own.
        ("Get-NetAdapterRss -Verbose", "get --verbose"),
        ("Get-NetAdapterRss -Name a -ErrorAction SilentlyContinue", "get --quiet -- a"),
        ("Get-NetAdapterRss -Name a -ea Stop", "get -- a"),
        // Beside options of ours, before and after.
        ("-o json Get-NetAdapterRss -Name a", "-o json get -- a"),
        ("Get-NetAdapterRss -Name a -o json -q", "get -o json -q -- a"),
        (
            "--address /x Set-NetAdapterRss -Name a -Max 4 --runtime",
            "--address /x set --runtime --max-processors=4 -- a",
        ),
        ("Get-NetAdapterStatistics --per queue -Name a --count 3", "stats --per queue --count 3 -- a"),
        ("Set-NetAdapterRss a --queues 8 --confirm b", "set --queues 8 --confirm -- a b"),
        // PowerShell's parameters behind commands of ours.
        (
            "set nic0 -Profile NUMAStatic -BaseProcessorNumber 2",
            "set nic0 --profile=NUMAStatic --base-processor=:2",
        ),
        ("get -Name nic0", "get -- nic0"),
        // And what is ours stays ours.
        ("get nic0 -ojson", "get nic0 -ojson"),
        ("get -qv nic0", "get -qv nic0"),
        ("set nic0 --profile Closest", "set nic0 --profile Closest"),
        ("softnic create -h", "softnic create -h"),
        ("events -n 3", "events -n 3"),
    ] {
        assert_eq!(translated(spelled.trim_end()), ours.trim_end(), "{spelled}");
    }
}

#[test]
fn what_is_translated_is_understood() {
    for line in [
        "Set-NetAdapterRss -Name a -Enabled $true -NumberOfReceiveQueues 8 -Profile Closest -BaseProcessorGroup 0 \
         -BaseProcessorNumber 2 -MaxProcessorGroup 0 -MaxProcessorNumber 8 -MaxProcessors 4 -NumaNode 0 -NoRestart -PassThru \
         -WhatIf -Confirm:$false -IncludeHidden",
        "Get-NetAdapterRss -InterfaceDescription x -IncludeHidden",
        "Enable-NetAdapterRss -Name a,b -PassThru",
        "Get-NetAdapterStatistics -Name a",
        "Set-NetOffloadGlobalSetting -ReceiveSideScaling Enabled",
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = rssctl(&words);
        assert_eq!(said.code, 8, "it gets as far as the daemon: {line}: {said:?}");
    }
}

#[test]
fn what_cannot_be_is_answered() {
    for (line, needles) in [
        ("Set-NetAdapterRss a -P Closest", &["-P is ambiguous", "-Profile", "-PassThru"][..]),
        ("Set-NetAdapterRss a -MaxP 4", &["-MaxP is ambiguous", "-MaxProcessorGroup", "-MaxProcessors"]),
        ("Set-NetAdapterRss a -E true", &["-E is ambiguous", "-Enabled", "-ErrorAction"]),
        ("Set-NetAdapterRss a -Profil3 x", &["no parameter -Profil3", "did you mean -Profile?"]),
        ("Set-NetAdapterRss a -BaseNumber 2", &["no parameter -BaseNumber", "it has -Name"]),
        ("Get-NetAdapterRss -Profile x", &["Get-NetAdapterRss has no parameter -Profile"]),
        ("Get-NetAdapterRs", &["unknown cmdlet `Get-NetAdapterRs`", "Get-NetAdapterRss"]),
        ("Remove-Everything", &["unknown cmdlet `Remove-Everything`", "known are Get-NetAdapterRss"]),
        ("Restart-NetAdapter nic0", &["Restart-NetAdapter is not there yet", "never needs a restart"]),
        ("Set-NetAdapterRss -Profile Closest", &["Set-NetAdapterRss needs -Name", "`rssctl set`"]),
        ("Disable-NetAdapterRss", &["needs -Name", "disable --all"]),
        ("Set-NetAdapterRss a -Max 4 -Max 5", &["-MaxProcessors is given twice"]),
        ("Set-NetAdapterRss a -BaseProcessorNumber 64", &["-BaseProcessorNumber: `64` is not in 0 to 63"]),
        ("Set-NetAdapterRss a -BaseProcessorGroup 128", &["-BaseProcessorGroup: `128` is not in 0 to 127"]),
        ("Set-NetAdapterRss a -MaxN eight", &["-MaxProcessorNumber: `eight`"]),
        ("Set-NetAdapterRss a -WhatIf:perhaps", &["-WhatIf: `perhaps` is neither", "$true or $false"]),
        ("Get-NetAdapterRss a -ErrorAction Maybe", &["`Maybe`", "SilentlyContinue"]),
        ("Set-NetAdapterRss a -Profile", &["-Profile has no value"]),
        ("Set-NetAdapterRss a -Profile -WhatIf", &["-Profile has no value"]),
        ("Get-NetAdapterRss -CimSession x", &["-CimSession is not there yet", "ssh"]),
        ("Get-NetAdapterRss -Session x", &["-CimSession is not there yet"]),
        ("Get-NetAdapterRss -AsJob", &["-AsJob is not there yet", "&"]),
    ] {
        let said = rssctl(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(said.code, 2, "{line}: {said:?}");
        assert!(needles.iter().all(|n| said.err.contains(n)), "{line}: {said:?}, expected {needles:?}");
    }
}

#[test]
fn what_bash_swallows_is_answered_with_the_remedy() {
    let folder = Folder::new("bash");
    for (line, needles) in [
        (
            "rssctl Set-NetAdapterRss -Name nic0 -Enabled $true",
            &["-Enabled has no value", "$true", "-Enabled:'$false'"][..],
        ),
        (
            "rssctl Set-NetAdapterRss -Name nic0 -Enabled $true -NoRestart",
            &["-Enabled has no value", "'$true'"],
        ),
        ("rssctl Set-NetAdapterRss -Name nic0 -Enabled:$false", &["-Enabled: has no value", "'$false'"]),
        (
            "rssctl Set-NetAdapterRss -Name nic0 -Max 4 -Confirm:$false",
            &["-Confirm: has no value", "-Confirm:'$false'"],
        ),
        ("rssctl set nic0 -Max 4 -WhatIf:$true", &["-WhatIf: has no value", "-WhatIf:'$true'"]),
    ] {
        let said = bash(line, &folder.0);
        assert_eq!(said.code, 2, "{line}: {said:?}");
        assert!(needles.iter().all(|n| said.err.contains(n)), "{line}: {said:?}, expected {needles:?}");
    }
    for line in [
        "rssctl Set-NetAdapterRss -Name nic0 -Enabled '$true'",
        "rssctl Set-NetAdapterRss -Name nic0 -Enabled:'$false' -Confirm:'$false'",
        "rssctl Get-NetAdapterRss -Name '*'",
    ] {
        let said = bash(line, &folder.0);
        assert_eq!(said.code, 8, "the remedy works: {line}: {said:?}");
    }
}
