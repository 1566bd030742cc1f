use super::*;
use crate::ids::MAX_CPU;
use proptest::prelude::*;
use std::format;
use std::string::ToString;
use std::vec;

fn text(s: &str) -> Option<String> {
    Some(s.to_string())
}

fn list(s: &str) -> CpuSet {
    s.parse().unwrap()
}

/// A machine of plain CPUs: `n` present and online, nothing else known.
fn plain(n: u32) -> RawTopology {
    let mut raw = RawTopology { online: Some(format!("0-{}\n", n - 1)), ..RawTopology::default() };
    raw.cpus = (0..n).map(|id| (id, RawCpu { core: Some(format!("{id}\n")), ..RawCpu::default() })).collect();
    raw
}

fn build(raw: &RawTopology) -> Topology {
    Topology::from_raw(raw).unwrap()
}

fn capacities(t: &Topology) -> Vec<u16> {
    t.cpus().map(|(_, cpu)| cpu.capacity).collect()
}

#[test]
fn spec_numbers_first_threads_first() {
    let t = Topology::from_spec("2x8x2").unwrap();
    assert_eq!(t.online(), list("0-31"));
    assert_eq!(t.node_cpus(NodeId(0)), list("0-7,16-23"));
    assert_eq!(t.node_cpus(NodeId(1)), list("8-15,24-31"));
    assert_eq!(t.siblings(CpuId(25)).collect::<Vec<_>>(), [CpuId(9), CpuId(25)]);
    assert_eq!((t.core_count(), t.l3_count(), t.groups()), (16, 2, 1));
    let cpu = t.cpu(CpuId(25)).unwrap();
    assert_eq!((cpu.node, cpu.package, cpu.core, cpu.l3, cpu.smt_rank), (NodeId(1), Some(1), 9, 1, 1));
    assert_eq!(t.distance(Some(NodeId(0)), CpuId(9)), 10);
    assert_eq!(t.distance(Some(NodeId(1)), CpuId(9)), 0);
    assert_eq!(t.distance(None, CpuId(9)), 0);
    assert_eq!(t.distance(Some(NodeId(7)), CpuId(9)), 0);
    assert_eq!(t.distance(Some(NodeId(0)), CpuId(99)), 0);
    assert_eq!(Topology::from_spec("2x64x1").unwrap().groups(), 2);
    let far = Topology::from_spec("2x1x1:31").unwrap();
    assert_eq!((far.distance(Some(NodeId(0)), CpuId(1)), far.label()), (21, Some("2x1x1:31")));
}

#[test]
fn spec_errors_name_the_range() {
    let error = |s: &str| Topology::from_spec(s).unwrap_err().to_string();
    for bad in ["", "2", "2x8", "2x8x2x1", "axbxc", "2x8x2:", "-1x2x2", "2X8X2", "2x8x2 ", "9999999999x1x1"] {
        assert!(error(bad).contains("write NODESxCORESxTHREADS"), "{bad}");
    }
    assert!(error("0x1x1").contains("the number of nodes is 0; write 1 to 1024"));
    assert!(error("1x0x1").contains("cores in a node is 0; write 1 to 8192"));
    assert!(error("1x1x9").contains("threads in a core is 9; write 1 to 8"));
    assert!(error("2x1x1:9").contains("distance between nodes is 9; write 10 to 254"));
    assert!(error("1024x8x2").contains("has 16384 CPUs; a machine has at most 8192"));
}

#[test]
fn first_thread_follows_hot_plug() {
    let t = Topology::from_spec("1x2x2").unwrap();
    assert!(t.is_first_online_thread(CpuId(0)) && !t.is_first_online_thread(CpuId(2)));
    let after = t.with_online(&list("1-3,77"));
    assert_eq!(after.online(), list("1-3"), "a CPU that is not present does not come online");
    assert_eq!(after.present(), list("0-3"));
    assert!(after.is_first_online_thread(CpuId(2)) && !after.is_first_online_thread(CpuId(0)));
    assert_eq!(after.first_online_thread(0), Some(CpuId(2)));
    assert_eq!(after.cpu(CpuId(2)).unwrap().smt_rank, 1, "the rank counts all present threads");
    assert_eq!(t.with_online(&CpuSet::new()).first_online_thread(0), None);
    assert_eq!(after.with_online(&t.online()), t);
}

#[test]
fn a_machine_that_tells_little_has_defaults() {
    let t = build(&RawTopology { present: text("0-1\n"), online: text("0\n"), ..RawTopology::default() });
    assert_eq!((t.present(), t.online()), (list("0-1"), list("0")));
    let cpu = t.cpu(CpuId(0)).unwrap();
    assert_eq!((cpu.node, cpu.package, cpu.capacity), (NodeId(0), None, FULL_CAPACITY));
    assert_eq!((t.core_count(), t.l3_count(), t.nodes().count()), (2, 1, 1));
    assert_eq!(t.slit(NodeId(0), NodeId(0)), None);
    assert!(!t.is_hybrid() && t.label().is_none());
}

#[test]
fn memory_only_node_and_sparse_numbers() {
    let mut raw = RawTopology::default();
    for id in [3, 70] {
        raw.cpus.insert(id, RawCpu { package: text("0\n"), core: text("0\n"), ..RawCpu::default() });
    }
    let node = |cpus: &str, distance: &str| RawNode {
        cpulist: text(cpus),
        distance: text(distance),
        ..RawNode::default()
    };
    raw.nodes =
        [(2, node("3\n", "10 17 28\n")), (5, node("\n", "17 10 28\n")), (9, node("70\n", "28 28 10\n"))]
            .into();
    let t = build(&raw);
    assert_eq!(t.nodes().collect::<Vec<_>>(), [NodeId(2), NodeId(5), NodeId(9)]);
    assert_eq!(t.node_cpus(NodeId(5)), CpuSet::new());
    assert_eq!(t.slit(NodeId(2), NodeId(5)), Some(17));
    assert_eq!(t.distance(Some(NodeId(5)), CpuId(70)), 18);
    assert_eq!(t.groups(), 2);
    // The same core id in the same package, but another node: not one core.
    assert_eq!((t.core_count(), t.l3_count()), (2, 2));
}

#[test]
fn cores_by_each_spelling_and_by_id() {
    let pairs = |fill: &dyn Fn(u32, &mut RawCpu)| {
        let mut raw = plain(4);
        for (id, cpu) in &mut raw.cpus {
            fill(*id, cpu);
        }
        let t = build(&raw);
        t.cpus().map(|(_, cpu)| (cpu.core, cpu.smt_rank)).collect::<Vec<_>>()
    };
    let wanted = vec![(0, 0), (1, 0), (0, 1), (1, 1)];
    let as_list = |id: u32| Some(format!("{},{}\n", id % 2, id % 2 + 2));
    let as_mask = |id: u32| Some(format!("{:x}\n", 5 << (id % 2)));
    assert_eq!(pairs(&|id, cpu| cpu.core_cpus_list = as_list(id)), wanted);
    assert_eq!(pairs(&|id, cpu| cpu.core_cpus = as_mask(id)), wanted);
    assert_eq!(pairs(&|id, cpu| cpu.thread_siblings_list = as_list(id)), wanted);
    assert_eq!(pairs(&|id, cpu| cpu.thread_siblings = as_mask(id)), wanted);
    assert_eq!(pairs(&|id, cpu| cpu.core = Some(format!("{}", id % 2))), wanted);
    let by_die = pairs(&|id, cpu| (cpu.core, cpu.die) = (text("0"), Some(format!("{}", id % 2))));
    assert_eq!(by_die, wanted, "core ids are unique in a die only");
    // CPU 2 went offline between two reads: one list still names it.
    let torn =
        pairs(&|id, cpu| cpu.core_cpus_list = if id == 0 { text("0,2") } else { Some(format!("{id}")) });
    assert_eq!(torn, [(0, 0), (1, 0), (0, 1), (2, 0)]);
}

#[test]
fn l3_domains_by_cache_else_by_package() {
    let mut raw = plain(4);
    for (id, cpu) in &mut raw.cpus {
        cpu.package = text(if *id < 2 { "0" } else { "-1" });
    }
    let l3s = |raw: &RawTopology| build(raw).cpus().map(|(_, cpu)| cpu.l3).collect::<Vec<_>>();
    assert_eq!(l3s(&raw), [0, 0, 1, 1]);
    assert_eq!(build(&raw).cpu(CpuId(3)).unwrap().package, None);
    for (id, cpu) in &mut raw.cpus {
        let cache = |level, cpus: String| RawCache {
            level: text(level),
            shared_cpu_list: Some(cpus),
            ..RawCache::default()
        };
        cpu.caches.insert(0, cache("2\n", format!("{id}\n")));
        cpu.caches.insert(7, cache("3\n", format!("{},{}\n", id % 2, id % 2 + 2)));
    }
    assert_eq!(l3s(&raw), [0, 1, 0, 1]);
    assert_eq!(build(&raw).l3_cpus(1), list("1,3"));
}

#[test]
fn capacity_by_the_best_evidence() {
    let with = |values: [&str; 4], put: &dyn Fn(&mut RawCpu, Option<String>)| {
        let mut raw = plain(4);
        for (cpu, value) in raw.cpus.values_mut().zip(values) {
            put(cpu, (!value.is_empty()).then(|| value.to_string()));
        }
        raw
    };
    let arm = with(["1024", "1024", "446\n", "446"], &|cpu, v| cpu.capacity = v);
    assert_eq!(capacities(&build(&arm)), [1024, 1024, 446, 446]);
    assert!(build(&arm).is_hybrid());
    let base = with(["2000000", "2000000", "1500000", "1500000"], &|cpu, v| cpu.base_frequency = v);
    assert_eq!(capacities(&build(&base)), [1024, 1024, 768, 768]);
    let favoured = with(["5200000", "5000000", "4700000", "2600000"], &|cpu, v| cpu.max_frequency = v);
    assert_eq!(
        capacities(&build(&favoured)),
        [1024, 1024, 1024, 512],
        "favoured cores are no kind of their own"
    );
    let partial = with(["5200000", "", "2600000", "2600000"], &|cpu, v| cpu.max_frequency = v);
    assert_eq!(capacities(&build(&partial)), [1024; 4]);

    let mut lists = plain(4);
    (lists.cpu_core, lists.cpu_atom) = (text("0-1\n"), text("2-3\n"));
    assert_eq!(capacities(&build(&lists)), [1024, 1024, 512, 512]);
    let mut both = with(["5000000", "4000000", "2500000", "2000000"], &|cpu, v| cpu.max_frequency = v);
    (both.cpu_core, both.cpu_atom) = (text("0-1"), text("2-3"));
    assert_eq!(capacities(&build(&both)), [1024, 1024, 512, 512], "a kind has one capacity");
}

#[test]
fn isolation_by_file_and_by_boot_argument() {
    let seen = |isolated: Option<&str>, nohz_full: Option<&str>, cmdline: &str| {
        let mut raw = plain(8);
        raw.isolated = isolated.map(str::to_string);
        raw.nohz_full = nohz_full.map(str::to_string);
        raw.cmdline = text(cmdline);
        let t = build(&raw);
        let of = |flag: fn(&Cpu) -> bool| {
            t.cpus().filter(|(_, c)| flag(c)).map(|(id, _)| id).collect::<CpuSet>().to_string()
        };
        (of(|c| c.isolated), of(|c| c.nohz_full))
    };
    let is = |isolated: &str, nohz: &str| (isolated.to_string(), nohz.to_string());
    assert_eq!(seen(Some("2-3\n"), Some("(null)\n"), "quiet"), is("2-3", ""));
    assert_eq!(seen(Some("\n"), Some("4\n"), "nohz_full=4-5"), is("", "4"), "the file knows better");
    assert_eq!(seen(None, None, "ro isolcpus=1,3 nohz_full=5-N\n"), is("1,3", "5-7"));
    assert_eq!(seen(None, None, "isolcpus=nohz,domain,managed_irq,6-7"), is("6-7", "6-7"));
    assert_eq!(seen(Some("2\n"), None, "isolcpus=managed_irq,4"), is("2,4", ""), "no interrupt may go to 4");
    assert_eq!(seen(None, None, "isolcpus=N"), is("7", ""));
    assert_eq!(seen(None, None, "nohz_full=all"), is("", "0-7"));
    assert_eq!(seen(None, None, "isolcpus=junk isolcpus= isolcpus -- isolcpus=1"), is("", ""));
}

#[test]
fn damaged_files_are_named() {
    let error = |change: &dyn Fn(&mut RawTopology)| {
        let mut raw = plain(2);
        raw.nodes.insert(0, RawNode { cpulist: text("0-1"), ..RawNode::default() });
        change(&mut raw);
        Topology::from_raw(&raw).unwrap_err().to_string()
    };
    let cpu1 = |change: fn(&mut RawCpu)| error(&|raw| change(raw.cpus.get_mut(&1).unwrap()));
    assert!(
        error(&|raw| raw.online = text("0-x"))
            .starts_with("sys/devices/system/cpu/online: CPU list `0-x`: unexpected")
    );
    assert_eq!(
        cpu1(|cpu| cpu.package = text("zero\n")),
        "sys/devices/system/cpu/cpu1/topology/physical_package_id holds `zero`, where a number, or -1 for unknown is expected; record the machine again"
    );
    assert!(
        cpu1(|cpu| cpu.thread_siblings = text("xyz")).contains("cpu1/topology/thread_siblings: CPU mask")
    );
    assert!(cpu1(|cpu| cpu.capacity = text("big")).contains("cpu1/cpu_capacity holds `big`"));
    assert!(
        error(&|raw| (raw.online, raw.cpus.get_mut(&1).unwrap().online) = (None, text("y")))
            .contains("cpu1/online holds `y`")
    );
    assert!(
        error(&|raw| raw.nodes.get_mut(&0).unwrap().distance = text("10 20"))
            .contains("`10 20`, where 1 numbers")
    );
    let twice = error(&|raw| {
        raw.nodes.insert(4, RawNode { cpumap: text("2"), ..RawNode::default() });
    });
    assert!(twice.contains("CPU 1 is in the lists of node 0 and of node 4"));
    assert!(error(&|raw| raw.online = text("\n")).contains("no CPU is online"));
    assert!(error(&|raw| *raw = RawTopology::default()).contains("no CPU in sys/devices/system/cpu"));
    assert!(error(&|raw| raw.cpus.extend([(8192, RawCpu::default())])).contains("cpu8192"));
    assert!(error(&|raw| raw.cpu_atom = text("?")).starts_with("sys/devices/cpu_atom/cpus: "));
}

/// What should stand in a file.
#[derive(Clone, Copy)]
enum Kind {
    List,
    Mask,
    Number,
}

/// The content of a file, or none: as it should be, or with `dirt` sometimes anything.
fn content(kind: Kind, dirt: bool) -> impl Strategy<Value = Option<String>> {
    let proper = match kind {
        Kind::List => prop::collection::btree_set(0..12_u32, 0..6)
            .prop_map(|cpus| format!("{}\n", cpus.into_iter().map(CpuId).collect::<CpuSet>()))
            .boxed(),
        Kind::Mask => "[0-9a-f]{1,3}(,[0-9a-f]{8})?\n".boxed(),
        Kind::Number => "-1\n|[0-9]{1,4}\n?".boxed(),
    };
    let anything = prop_oneof![any::<String>(), "[0-9,: -]{0,20}"];
    let dirty = u32::from(dirt);
    prop_oneof![2 => Just(None), 6 => proper.prop_map(Some), dirty => anything.prop_map(Some)]
}

fn raw_cpu(dirt: bool) -> impl Strategy<Value = RawCpu> {
    let set = move || (content(Kind::List, dirt), content(Kind::Mask, dirt));
    let number = move || content(Kind::Number, dirt);
    let size = move || number().prop_map(move |n| n.map(|n| if dirt { n } else { n.replace('-', "") }));
    let cache = (size(), set()).prop_map(|(level, (shared_cpu_list, shared_cpu_map))| RawCache {
        level,
        shared_cpu_list,
        shared_cpu_map,
    });
    let caches = prop::collection::btree_map(0..4_u32, cache, 0..3);
    let ids = [number(), number(), number()];
    let sizes = [size(), size(), size(), size()];
    (ids, sizes, set(), set(), prop::option::of(0..5_u32), caches).prop_map(
        |(
            [package, die, core],
            [online, capacity, base_frequency, max_frequency],
            new,
            old,
            node,
            caches,
        )| RawCpu {
            online,
            node,
            package,
            die,
            core,
            core_cpus_list: new.0,
            core_cpus: new.1,
            thread_siblings_list: old.0,
            thread_siblings: old.1,
            caches,
            capacity,
            base_frequency,
            max_frequency,
        },
    )
}

fn raw_node(dirt: bool) -> impl Strategy<Value = RawNode> {
    let links = prop::collection::vec(0..14_u32, 0..3);
    (content(Kind::List, dirt), content(Kind::Mask, dirt), content(Kind::List, dirt), links)
        .prop_map(|(cpulist, cpumap, distance, cpu_links)| RawNode { cpulist, cpumap, cpu_links, distance })
}

fn raw_topology(dirt: bool) -> impl Strategy<Value = RawTopology> {
    let files: [_; 7] = core::array::from_fn(|_| content(Kind::List, dirt));
    let highest = if dirt { u32::MAX } else { MAX_CPU };
    let cpus = prop_oneof![9 => 0..14_u32, 1 => 0..=highest];
    let cpus = prop::collection::btree_map(cpus, raw_cpu(dirt), 1..10);
    let nodes = prop::collection::btree_map(0..90_u32, raw_node(dirt), 0..4);
    (files, cpus, nodes).prop_map(
        move |([online, present, isolated, nohz_full, boot, core, atom], cpus, nodes)| {
            let cmdline = boot.map(|list| format!("isolcpus=nohz,{list} nohz_full={list}"));
            let mut raw = RawTopology {
                online,
                present,
                isolated,
                nohz_full,
                cmdline,
                cpu_core: core,
                cpu_atom: atom,
                cpus,
                nodes,
            };
            if !dirt {
                // What no machine has: nothing online, a CPU in two nodes, rows of another length.
                raw.online = text("0-3");
                let count = raw.nodes.len();
                for (i, node) in raw.nodes.values_mut().enumerate() {
                    node.cpulist = Some(format!("{i},{}", i + count));
                    node.distance = node.distance.as_ref().map(|_| "10 ".repeat(count));
                }
            }
            raw
        },
    )
}

/// What holds for every topology, whatever it was made of.
fn invariants(t: &Topology) -> Result<(), TestCaseError> {
    let present = t.present();
    prop_assert!(t.online().is_subset(&present) && !present.is_empty());
    let mut next_core = 0;
    for (id, cpu) in t.cpus() {
        prop_assert!(cpu.capacity <= FULL_CAPACITY);
        let threads: Vec<CpuId> = t.siblings(id).collect();
        prop_assert_eq!(threads.iter().position(|s| *s == id), Some(usize::from(cpu.smt_rank)));
        prop_assert!(threads.iter().all(|s| t.cpu(*s).unwrap().core == cpu.core));
        if cpu.smt_rank == 0 {
            prop_assert_eq!(cpu.core, next_core);
            next_core += 1;
        }
        prop_assert!(t.l3_cpus(cpu.l3).contains(id) && t.node_cpus(cpu.node).contains(id));
        let firsts = threads.iter().filter(|s| t.is_first_online_thread(**s)).count();
        prop_assert_eq!(firsts, usize::from(threads.iter().any(|s| t.is_online(*s))));
    }
    prop_assert_eq!(t.core_count(), usize::try_from(next_core).unwrap());
    let by_node: usize = t.nodes().map(|n| t.node_cpus(n).len()).sum();
    let by_l3: usize = (0..u32::try_from(t.l3_count()).unwrap()).map(|l| t.l3_cpus(l).len()).sum();
    prop_assert_eq!((by_node, by_l3), (present.len(), present.len()));
    Ok(())
}

proptest! {
    #[test]
    fn plausible_files_make_a_whole_topology(raw in raw_topology(false)) {
        let t = Topology::from_raw(&raw);
        prop_assert!(t.is_ok(), "{}", t.unwrap_err());
        invariants(&t.unwrap())?;
    }

    #[test]
    fn any_files_make_a_whole_topology_or_an_error(raw in raw_topology(true)) {
        match Topology::from_raw(&raw) {
            Ok(t) => invariants(&t)?,
            Err(e) => prop_assert!(!e.to_string().is_empty()),
        }
    }

    #[test]
    fn spec_round_trips_and_has_its_product(
        nodes in 1..9_u32, cores in 1..33_u32, threads in 1..5_u32, remote in prop::option::of(10..255_u32),
    ) {
        let mut spec = format!("{nodes}x{cores}x{threads}");
        if let Some(remote) = remote {
            spec = format!("{spec}:{remote}");
        }
        let t = Topology::from_spec(&spec).unwrap();
        invariants(&t)?;
        prop_assert_eq!(t.present().len(), usize::try_from(nodes * cores * threads).unwrap());
        prop_assert_eq!(t.core_count(), usize::try_from(nodes * cores).unwrap());
        prop_assert_eq!(t.nodes().count(), usize::try_from(nodes).unwrap());
        prop_assert_eq!(&Topology::from_spec(t.label().unwrap()).unwrap(), &t);
    }

    #[test]
    fn any_spec_text_is_a_machine_or_an_error(text in "[0-9x:]{0,14}|.{0,20}") {
        match Topology::from_spec(&text) {
            Ok(t) => invariants(&t)?,
            Err(e) => prop_assert!(e.to_string().contains("write") || e.to_string().contains("at most")),
        }
    }
}
