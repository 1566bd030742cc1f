//! The list layout against what `Get-NetAdapterRss` prints. The expected text is written out by hand from observed output
//! of Windows machines; `→` stands for a tab.

use rssctl::render::list::{self, Columns};
use rssctl::render::{Paint, summary};
use rssmgr_proto::types::{
    AdapterRecord, AnswerRecord, EntryRecord, ProcessorRecord, SettingRecord, SteeringRecord,
};

/// No terminal, or one that is wide enough.
const FILE: Columns = Columns::of(None);

fn processor(group: u32, number: u32, distance: u32) -> ProcessorRecord {
    ProcessorRecord {
        processor: format!("{group}:{number}"),
        cpu: group * 64 + number,
        node: Some(group),
        distance,
    }
}

fn entries(processors: &[(u32, u32)]) -> Vec<EntryRecord> {
    (0..128_u32)
        .map(|i| {
            let at = usize::try_from(i).unwrap() % processors.len();
            let (g, n) = processors[at];
            EntryRecord {
                entry: i,
                queue: u32::try_from(at).unwrap(),
                cpu: Some(g * 64 + n),
                processor: Some(format!("{g}:{n}")),
            }
        })
        .collect()
}

/// Two groups of 36 processors of which the first thread of each core counts; the NIC is near to group 1.
fn server() -> AdapterRecord {
    let near = (0..18).map(|i| processor(1, i * 2, 0));
    let far = (0..18).map(|i| processor(0, i * 2, 2688));
    AdapterRecord {
        name: "SLOT 4 Port 1".into(),
        interface_description: "Intel(R) Ethernet Network Adapter E810-C-Q2".into(),
        enabled: true,
        number_of_receive_queues: 16,
        profile: "Conservative".into(),
        profile_number: 5,
        base_processor: "0:0".into(),
        max_processor: "1:34".into(),
        max_processors: 16,
        processor_array: near.chain(far).collect(),
        indirection_table: entries(&[(1, 0), (1, 2)]),
        ..AdapterRecord::default()
    }
}

#[test]
fn a_server_with_two_groups() {
    let row = "1:0→1:2→1:0→1:2→1:0→1:2→1:0→1:2→";
    let indent = " ".repeat(50);
    let table = std::iter::repeat_n(row, 16).collect::<Vec<_>>().join(&format!("\n{indent}"));
    let expected = format!(
        "\
Name                                            : SLOT 4 Port 1
InterfaceDescription                            : Intel(R) Ethernet Network Adapter E810-C-Q2
Enabled                                         : True
NumberOfReceiveQueues                           : 16
Profile                                         : Conservative
BaseProcessor: [Group:Number]                   : 0:0
MaxProcessor: [Group:Number]                    : 1:34
MaxProcessors                                   : 16
RssProcessorArray: [Group:Number/NUMA Distance] : 1:0/0  1:2/0  1:4/0  1:6/0  1:8/0  1:10/0  1:12/0  1:14/0
                                                  1:16/0  1:18/0  1:20/0  1:22/0  1:24/0  1:26/0  1:28/0  1:30/0
                                                  1:32/0  1:34/0  0:0/2688  0:2/2688  0:4/2688  0:6/2688  0:8/2688  0:10/2688
                                                  0:12/2688  0:14/2688  0:16/2688  0:18/2688  0:20/2688  0:22/2688  0:24/2688  0:26/2688
                                                  0:28/2688  0:30/2688  0:32/2688  0:34/2688
IndirectionTable: [Group:Number]                : {table}
"
    );
    assert_eq!(list::windows(&server(), FILE), expected.replace('→', "\t"));
}

#[test]
fn a_client_whose_table_was_never_programmed() {
    let client = AdapterRecord {
        name: "Ethernet".into(),
        interface_description: "Realtek PCIe GbE Family Controller".into(),
        enabled: false,
        number_of_receive_queues: 2,
        profile: "NUMAStatic".into(),
        base_processor: "0:0".into(),
        max_processor: "0:2".into(),
        max_processors: 2,
        processor_array: vec![processor(0, 0, 0), processor(0, 2, 0)],
        ..AdapterRecord::default()
    };
    // `$` marks ends of lines whose last character is a blank.
    let expected = "\
Name                                            : Ethernet
InterfaceDescription                            : Realtek PCIe GbE Family Controller
Enabled                                         : False
NumberOfReceiveQueues                           : 2
Profile                                         : NUMAStatic
BaseProcessor: [Group:Number]                   : 0:0
MaxProcessor: [Group:Number]                    : 0:2
MaxProcessors                                   : 2
RssProcessorArray: [Group:Number/NUMA Distance] : 0:0/0  0:2/0
IndirectionTable: [Group:Number]                : $
";
    assert_eq!(list::windows(&client, FILE), expected.replace('$', ""));
}

#[test]
fn a_narrow_terminal_has_rows_below_their_label() {
    let mut a = server();
    a.processor_array.truncate(9);
    a.indirection_table.truncate(9);
    let text = list::windows(&a, Columns::of(Some(80)));
    let (_, rows) = text.split_once("MaxProcessors                                   : 16\n").unwrap();
    let expected = "\
RssProcessorArray: [Group:Number/NUMA Distance] : $
  1:0/0  1:2/0  1:4/0  1:6/0  1:8/0  1:10/0  1:12/0  1:14/0
  1:16/0
IndirectionTable: [Group:Number]                : $
  1:0→1:2→1:0→1:2→1:0→1:2→1:0→1:2→
  1:0→
";
    assert_eq!(rows, expected.replace('$', "").replace('→', "\t"));
    assert_eq!(list::windows(&a, Columns::of(Some(114))), list::windows(&a, FILE));
}

#[test]
fn what_windows_does_not_tell_comes_after_its_block() {
    let mut a = server();
    a.state = "degraded".into();
    a.state_reason = Some("the table did not hold".into());
    a.processors = vec![processor(1, 0, 0), processor(1, 2, 0)];
    let queue = |queue, cpus: &str| SteeringRecord { queue, cpus: cpus.into() };
    a.xps = vec![queue(0, "0,8"), queue(1, "")];
    a.xps_rxqs = vec![
        AnswerRecord { queue: 0, receive_queues: vec![0, 2] },
        AnswerRecord { queue: 1, receive_queues: vec![] },
    ];
    a.rps = vec![queue(0, ""), queue(1, "")];
    a.hash_key_size = 40;
    a.hash_key = "random".into();
    a.settings = vec![
        SettingRecord { key: "profile".into(), value: "Conservative".into(), origin: "saved".into() },
        SettingRecord { key: "smt".into(), value: "skip".into(), origin: "default".into() },
    ];
    let text = list::adapter(&a, Paint::default(), FILE);
    let (block, rest) = text.split_once("\n\n").unwrap();
    assert_eq!(format!("{block}\n"), list::windows(&a, FILE));
    let value = |label: &str| {
        let start = format!("{label:<47} : ");
        rest.lines()
            .find_map(|l| l.strip_prefix(start.as_str()))
            .unwrap_or_else(|| panic!("{label} in {rest}"))
    };
    assert_eq!(value("State"), "degraded: the table did not hold");
    assert_eq!(value("Processors: [Group:Number@Node]"), "1:0@1  1:2@1");
    assert_eq!(value("TransmitSteering: [Queue:CPUs]"), "0:0,8  1:-");
    assert_eq!(value("TransmitByReceiveQueue: [Queue:ReceiveQueues]"), "0:0,2  1:-");
    assert!(!rest.contains("PacketSteering"), "no queue is spread by the kernel: {rest}");
    assert_eq!(value("HashKey"), "40 bytes (random)");
    assert_eq!(value("Settings"), "profile = Conservative (saved)");
    assert!(list::adapter(&a, Paint::new(true), FILE).contains("\x1b[33mdegraded"));
}

#[test]
fn several_adapters_are_one_line_each() {
    let mut other = server();
    other.name = "nic1".into();
    other.enabled = false;
    other.global_enabled = true;
    let text = summary(&[server(), other], false, Paint::default());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("NAME           STATE"));
    assert!(lines[1].starts_with("SLOT 4 Port 1  ") && lines[2].starts_with("nic1           "));
    let at = lines[0].find("PROFILE").unwrap();
    assert!(lines[1..].iter().all(|l| l[at..].starts_with("Conservative")), "{text}");
}
