# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_rssctl_global_optspecs
    string join \n o/output= address= color= q/quiet v/verbose h/help V/version
end

function __fish_rssctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_rssctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_rssctl_using_subcommand
    set -l cmd (__fish_rssctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c rssctl -n "__fish_rssctl_needs_command" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_needs_command" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_needs_command" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_needs_command" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_needs_command" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_needs_command" -s V -l version -d 'Print version'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "get" -d 'Show adapters (Get-NetAdapterRss)'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "encapsulation" -d 'Show which encapsulated packets are looked into, and which can be (Get-NetAdapterEncapsulatedPacketTaskOffload)'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "set" -d 'Change settings (Set-NetAdapterRss)'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "enable" -d 'Switch receive side scaling on (Enable-NetAdapterRss)'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "disable" -d 'Switch it off: everything goes to the primary processor, the table is kept (Disable-NetAdapterRss)'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "reset" -d 'Drop the saved settings and plan anew with the configuration'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "release" -d 'Give an adapter back as it was found, and only observe it'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "restart" -d 'Take the steps that `--no-restart` left pending, one adapter after the other'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "checkpoint" -d 'Changes that wait to be confirmed (--confirm-within): list, confirm, take back, give more time'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "plan" -d 'Show what would be done, and why; nothing is changed'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "why" -d 'Explain why a processor, an entry or a flow is where it is'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "table" -d 'The indirection table: see it, set entries, move entries one by one or a processor\'s'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "vport" -d 'VPorts: queues and a table of their own for the packets of an address or a VLAN'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "vmq" -d 'VMQ: what an adapter has and can have of VPorts, and the queues of those'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "flow" -d 'Predict where a flow goes: hash, entry, queue, processor'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "socket" -d 'Show by which queue, processor and NUMA node the packets of connections come (SIO_QUERY_RSS_PROCESSOR_INFO)'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "verify" -d 'Ask the traffic whether the hardware does what the table says'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "hash" -d 'Compute hashes offline: of addresses, or of every packet of a capture'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "stats" -d 'Show counters (Get-NetAdapterStatistics), also by queue, processor or table entry'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "softnic" -d 'Software NICs: create, delete, list, give another source'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "events" -d 'Show what happened, or follow it'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "wait" -d 'Wait until nothing is under way'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "doctor" -d 'Find what is wrong with the way this machine receives, and what to do about it'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "config" -d 'The daemon\'s configuration'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "global" -d 'The machine-wide switch, independent of the adapters\' own'
complete -c rssctl -n "__fish_rssctl_needs_command" -f -a "generate" -d 'Write man pages, completions or JSON schemas'
complete -c rssctl -n "__fish_rssctl_using_subcommand get" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand get" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand get" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand get" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand get" -l include-hidden -d 'Also network interfaces that are no adapters, and why they are none'
complete -c rssctl -n "__fish_rssctl_using_subcommand get" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand get" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand encapsulation" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand encapsulation" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand encapsulation" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand encapsulation" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand encapsulation" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand encapsulation" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand encapsulation" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand encapsulation" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l enabled -d 'Receive side scaling on or off; off sends everything to the primary processor and keeps the table for later' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l profile -d 'How processors are chosen; the profiles without Static may rebalance at run time' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l base-processor -d 'Lowest processor that may be used, inclusive' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l max-processor -d 'Highest processor that may be used, inclusive' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l max-processors -d 'Most processors used at the same time' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l numa-node -d 'NUMA node from which nearness is counted; changes the order of processors, never which ones are eligible' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l queues -d 'Number of receive queues' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l hash-key -d 'Secret key of the Toeplitz hash' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l hash-types -d 'Which headers are hashed' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l encapsulation -d 'Encapsulated packets are hashed by the inner addresses and ports, for these encapsulations' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l vxlan-port -d 'UDP destination port by which VXLAN is recognised' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l smt -d 'Whether SMT siblings may receive' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l exclude-cpus -d 'CPUs that are never used' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l xps -d 'Transmit packet steering: who sends through which transmit queue' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l rps -d 'Receive packet steering: the kernel spreads the packets of an adapter that has no indirection table, or a single queue' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l drift -d 'What is done when somebody else changes the adapter; what a reset or a loss of power took is put back, except with report' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l all -d 'Every managed adapter'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l all -d 'Every managed adapter'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l all -d 'Every managed adapter'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l all -d 'Every managed adapter'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l all -d 'Every managed adapter'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -f -a "list" -d 'List the changes that wait to be confirmed'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -f -a "commit" -d 'Confirm a change: it stays'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -f -a "rollback" -d 'Take a change back now'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and not __fish_seen_subcommand_from list commit rollback extend" -f -a "extend" -d 'Give a change more time, counted from now'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from list" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from commit" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from commit" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from commit" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from commit" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from commit" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from commit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from rollback" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from rollback" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from rollback" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from rollback" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from rollback" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from extend" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from extend" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from extend" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from extend" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from extend" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand checkpoint; and __fish_seen_subcommand_from extend" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l sysroot -d 'A recorded machine: the folder that holds its `sys` and, if recorded, `proc`; `/` is this one' -r -F
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l topology -d 'A made-up machine: NODESxCORESxTHREADS' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l adapter -d 'The adapter in that machine, such as queues=8,node=1,entries=128' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l enabled -d 'Receive side scaling on or off; off sends everything to the primary processor and keeps the table for later' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l profile -d 'How processors are chosen; the profiles without Static may rebalance at run time' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l base-processor -d 'Lowest processor that may be used, inclusive' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l max-processor -d 'Highest processor that may be used, inclusive' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l max-processors -d 'Most processors used at the same time' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l numa-node -d 'NUMA node from which nearness is counted; changes the order of processors, never which ones are eligible' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l queues -d 'Number of receive queues' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l hash-key -d 'Secret key of the Toeplitz hash' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l hash-types -d 'Which headers are hashed' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l encapsulation -d 'Encapsulated packets are hashed by the inner addresses and ports, for these encapsulations' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l vxlan-port -d 'UDP destination port by which VXLAN is recognised' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l smt -d 'Whether SMT siblings may receive' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l exclude-cpus -d 'CPUs that are never used' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l xps -d 'Transmit packet steering: who sends through which transmit queue' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l rps -d 'Receive packet steering: the kernel spreads the packets of an adapter that has no indirection table, or a single queue' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l drift -d 'What is done when somebody else changes the adapter; what a reset or a loss of power took is put back, except with report' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -l cpu -d 'A processor: 8 or 1:3' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -l entry -d 'An entry of the indirection table, from 0' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -l flow -d 'A flow: `SRC DST [PROTO]`, as `rssctl flow` takes it' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -f -a "get" -d 'Show the table: entry, queue, processor'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -f -a "set" -d 'Set entries by hand; they hold until the next profile or queue change'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and not __fish_seen_subcommand_from get set move" -f -a "move" -d 'Move entries as RSSv2 does, each with a status; or all entries of one processor to another'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from get" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from get" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from get" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from get" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l from -d 'The processor to empty' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l to -d 'The processor that takes over' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l vport -d 'The VPort; 0 is the adapter itself' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l actor -d 'The processor that asks; without it whichever owns what is moved' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand table; and __fish_seen_subcommand_from move" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -f -a "list" -d 'Show VPorts: queues asked for and granted, processors, filters (Get-NetAdapterVPort)'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -f -a "create" -d 'Make a VPort: queues of its own, a table of its own, and filters that lead there'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -f -a "delete" -d 'Delete a VPort: its queues are free, its packets are the adapter\'s'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -f -a "set" -d 'Change a VPort: queues, table, processors, on and off'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and not __fish_seen_subcommand_from list create delete set filter" -f -a "filter" -d 'Add filters to a VPort or take them away'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -l id -d 'Only the VPorts with these numbers; 0 is the adapter itself' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -l switch -d 'Only those of these switches; there is only 0' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -l function -d 'Only those of these functions; there is only PF' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -l physical-function -d 'Only those of the physical function, which all are'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l id -d 'Its number; without it the lowest that is free' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l label -d 'A name for people' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l queues -d 'Queues' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l entries -d 'Entries of its table, a power of two' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l processors -d 'Processors to spread over, of which the first takes what has no hash; chosen without it' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l enabled -d 'Whether it spreads; everything goes to its primary processor otherwise' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l hash-types -d 'Hash types, as in `rssctl set`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l hash-key -d 'Hash key: random, symmetric or hex' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l mac -d 'A filter that leads there: MAC, MAC/VLAN or any/VLAN; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l inactive -d 'Only make it: it takes packets after `vport set --activate`'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l label -d 'A name for people' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l queues -d 'Queues' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l entries -d 'Entries of its table, a power of two' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l processors -d 'Processors to spread over, of which the first takes what has no hash; chosen without it' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l enabled -d 'Whether it spreads; everything goes to its primary processor otherwise' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l hash-types -d 'Hash types, as in `rssctl set`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l hash-key -d 'Hash key: random, symmetric or hex' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l activate -d 'Take it into use'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l add -d 'A filter to add: MAC, MAC/VLAN or any/VLAN; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l remove -d 'The number of a filter to take away; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vport; and __fish_seen_subcommand_from filter" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -f -a "get" -d 'Show VMQ of adapters: on or off, what they can, processors (Get-NetAdapterVmq)'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -f -a "set" -d 'Change VMQ of adapters (Set-NetAdapterVmq)'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -f -a "enable" -d 'Switch VMQ on: the VPorts that were made are there again (Enable-NetAdapterVmq)'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -f -a "disable" -d 'Switch VMQ off: VPorts are kept, and every packet is the adapter\'s (Disable-NetAdapterVmq)'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and not __fish_seen_subcommand_from get set enable disable queues" -f -a "queues" -d 'Show the queues of VPorts and what leads there (Get-NetAdapterVmqQueue)'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from get" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from get" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from get" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from get" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from get" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from get" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l enabled -d 'Whether VMQ is on' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l base-processor -d 'Lowest processor that may be used' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l max-processor -d 'Highest processor that may be used' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l max-processors -d 'Most processors at once' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l numa-node -d 'Preferred NUMA node' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l all -d 'Every managed adapter'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l confirm -d 'Show the plan and ask before applying exactly that' -r -f -a "true\t''
false\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l allow -d 'The worst that may happen to traffic; without it up to `reorder`' -r -f -a "none\t''
reorder\t''
gap\t''
link\t''
addresses\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l confirm-within -d 'Have the change go back by itself unless `rssctl checkpoint commit` confirms it in time: 1s to 1d' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l if-generation -d 'Apply only while the published state still has this generation' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l all -d 'Every managed adapter'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l what-if -l dry-run -d 'Show what would be done, and do nothing'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l pass-thru -d 'Print the adapters as they are afterwards'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l runtime -d 'In force until reboot or the next plan; not saved'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l no-restart -d 'Take harmless steps now and leave the rest for `rssctl restart`'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l force -d 'Whatever is found in the way of a change that stops traffic'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l atomic -d 'Change all adapters or none'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -l id -d 'Only the queues with these numbers' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -l include-hidden -d 'Also adapters that are left out otherwise'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand vmq; and __fish_seen_subcommand_from queues" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -l file -d 'Many flows: a file with `SRC DST [PROTO]` on each line, or `-` for standard input' -r -F
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -l encapsulation -d 'How the flow is carried: nvgre, gre or vxlan' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -l outer-src -d 'Outer source, likewise; for vxlan with its port, which stands for the inner flow' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -l outer-dst -d 'Outer destination' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand flow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand socket" -l adapter -d 'Predict for a connection by this adapter, whether or not there is one' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand socket" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand socket" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand socket" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand socket" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand socket" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand socket" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand verify" -l for -d 'How long to look at each adapter, at most' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand verify" -l packets -d 'How many packets to look at, at most' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand verify" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand verify" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand verify" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand verify" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand verify" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l proto -d 'tcp, udp or ip; with ports tcp unless said otherwise' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l pcap -d 'A capture, pcap or pcapng; `-` is standard input' -r -F
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l hash-key -d 'The secret key in hex (40 bytes), `microsoft` or `symmetric`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l hash-types -d 'What is hashed: a list of types, or default, all, none' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l entries -d 'Entries of the indirection table' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l encapsulation -d 'Encapsulated packets are hashed by the inner addresses and ports: a list of nvgre, gre, vxlan; or all, none' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l vxlan-port -d 'UDP destination port by which VXLAN is recognised' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand hash" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -l per -d 'By what: queue, cpu, entry or vport' -r -f -a "adapter\t''
queue\t''
cpu\t''
entry\t''
vport\t''"
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -l watch -d 'Show rates again every SECONDS (1)' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -l count -d 'With --watch: stop after N times' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -l interface-description -d 'Only adapters whose description matches this glob; may be repeated' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -f -a "create" -d 'Create a software NIC'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -f -a "delete" -d 'Delete a software NIC'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -f -a "list" -d 'List the software NICs'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -f -a "source" -d 'Give a software NIC another source of packets'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -f -a "power" -d 'Switch a software NIC off or on, to rehearse what a loss of power does'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and not __fish_seen_subcommand_from create delete list source power reset" -f -a "reset" -d 'Reset the hardware of a software NIC: power off and on at once'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l queues -d 'Receive queues at the start' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l max-queues -d 'The most receive queues it can have' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l entries -d 'Entries of its indirection table, a power of two' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l topology -d 'The machine it is in: `host`, NODESxCORESxTHREADS, or path:DIR of a recorded one' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l node -d 'The NUMA node it is near to' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l ring -d 'Descriptors in each queue\'s ring' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l source -d 'Where packets come from: `none`, `synthetic[:OPTIONS]`, `pcap:FILE[,OPTIONS]`, `interface:NAME`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l vports -d 'The most VPorts it can have, the default one included' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l speed -d 'Link speed to report, in Mbit/s' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from delete" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from delete" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from delete" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from list" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from source" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from source" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from source" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from source" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from source" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from source" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from power" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from power" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from power" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from power" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from power" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from power" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from reset" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from reset" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from reset" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from reset" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand softnic; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -l since -d 'Only since then: 30s, 10m, 2h or 1d ago, 2026-01-31T08:00:00Z, or @SECONDS since 1970' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -l id -d 'Only these event ids' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -l adapter -d 'Only events of this adapter' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -s n -l limit -d 'At most the newest N of the past' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -s f -l follow -d 'Go on with what happens next'
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -l rundown -d 'The whole state as events, now'
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand wait" -l generation -d 'The generation to wait for' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand wait" -l timeout -d 'How long at most: 500ms, 30s, 2m' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand wait" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand wait" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand wait" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand wait" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand wait" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand doctor" -l sysroot -d 'Another machine: a folder with its recorded sys and, if recorded, proc and etc' -r -F
complete -c rssctl -n "__fish_rssctl_using_subcommand doctor" -l interval -d 'Time between the two looks at the counters; 0s looks once' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand doctor" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand doctor" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand doctor" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand doctor" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand doctor" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and not __fish_seen_subcommand_from show check" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and not __fish_seen_subcommand_from show check" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and not __fish_seen_subcommand_from show check" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and not __fish_seen_subcommand_from show check" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and not __fish_seen_subcommand_from show check" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and not __fish_seen_subcommand_from show check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and not __fish_seen_subcommand_from show check" -f -a "show" -d 'Show the settings in force, and with --origin where each comes from'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and not __fish_seen_subcommand_from show check" -f -a "check" -d 'Check the configuration files without applying them'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from show" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from show" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from show" -l origin -d 'With the file and line, or the command, that each value comes from'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from check" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from check" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and not __fish_seen_subcommand_from get set" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and not __fish_seen_subcommand_from get set" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and not __fish_seen_subcommand_from get set" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and not __fish_seen_subcommand_from get set" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and not __fish_seen_subcommand_from get set" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and not __fish_seen_subcommand_from get set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and not __fish_seen_subcommand_from get set" -f -a "get" -d 'Show the switch'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and not __fish_seen_subcommand_from get set" -f -a "set" -d 'Turn the switch'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from get" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from get" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from get" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from get" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from set" -l rss -d 'Receive side scaling of the whole machine' -r -f -a "on\t'On'
off\t'Off'"
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from set" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from set" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from set" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from set" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand global; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rssctl -n "__fish_rssctl_using_subcommand generate" -l dir -d 'Where to, one file each' -r -F
complete -c rssctl -n "__fish_rssctl_using_subcommand generate" -s o -l output -d 'How to print: list, table and wide are for people, the others for programs and stable' -r -f -a "list\t'One line a property, as PowerShell\'s Format-List'
table\t'One line an adapter'
wide\t'The table with more columns'
json\t'One JSON document'
jsonl\t'One JSON object a line'
yaml\t'One YAML document'
name\t'Names only, one a line'"
complete -c rssctl -n "__fish_rssctl_using_subcommand generate" -l address -d 'Where the daemon is: a socket\'s path, a D-Bus address, `system` or `session`' -r
complete -c rssctl -n "__fish_rssctl_using_subcommand generate" -l color -d 'When to use colours; `auto` also obeys NO_COLOR' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c rssctl -n "__fish_rssctl_using_subcommand generate" -s q -l quiet -d 'No notes, only results and errors'
complete -c rssctl -n "__fish_rssctl_using_subcommand generate" -s v -l verbose -d 'Tell what is being done'
complete -c rssctl -n "__fish_rssctl_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
