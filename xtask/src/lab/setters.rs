//! Which calls of a program change network adapters, from what `strace` and the kernel's own tracing write down.
//!
//! Nothing here knows what the product means to do, and what is not known to read counts as a change.

use anyhow::{Context as _, Result};
use std::collections::BTreeMap;

/// How `strace` is to be called for [`in_trace`], without its output file: everything that can reach an adapter, whole,
/// with the paths of descriptors, and the traced program keeping its process id.
pub(crate) const STRACE: &str = "strace -D -f -qq -yy -x -s 4096 -e abbrev=none -e trace=execve,socket,open,openat,openat2,creat,\
    write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg,ioctl";

/// Has the kernel write down every call of the ethtool ioctl, whoever makes it; [`KERNEL_TRACE`] has them then. `strace`
/// does not look behind that ioctl's pointer.
pub(crate) const WATCH_KERNEL: &str = "cd /sys/kernel/tracing && \
    echo 'p:ethtool dev_ethtool dev=+0(%si):string cmd=+u0(%dx):u32' >kprobe_events && \
    echo 1 >events/kprobes/ethtool/enable && echo >trace && echo 1 >tracing_on";

/// The kernel's notes.
pub(crate) const KERNEL_TRACE: &str = "cat /sys/kernel/tracing/trace";

/// Where a file that is written changes an adapter.
const FILES: &[&str] = &["/proc/irq/", "/proc/sys/", "/sys/"];

/// Commands of the generic netlink families that read; from the kernel's `linux/genetlink.h`,
/// `linux/ethtool_netlink.h` and `linux/netdev.h`.
const READS: &[(&str, &[u8])] = &[
    ("nlctrl", &[3, 10]),
    (
        "ethtool",
        &[
            1, 2, 4, 6, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 28, 29, 31, 32, 33, 34, 36, 38, 39, 41, 42, 45,
            46,
        ],
    ),
    ("netdev", &[1, 5, 9, 10, 11, 12]),
];

/// Commands of the ethtool ioctl that read: `ETHTOOL_G*` of the kernel's `linux/ethtool.h`.
const IOCTL_READS: &[u32] = &[
    0x01, 0x03, 0x04, 0x05, 0x07, 0x0a, 0x0b, 0x0e, 0x10, 0x12, 0x14, 0x16, 0x18, 0x1b, 0x1d, 0x1e, 0x20,
    0x21, 0x23, 0x25, 0x27, 0x29, 0x2b, 0x2d, 0x2e, 0x2f, 0x30, 0x36, 0x37, 0x38, 0x3a, 0x3c, 0x3f, 0x40,
    0x41, 0x42, 0x43, 0x44, 0x46, 0x48, 0x4a, 0x4c, 0x4e, 0x50,
];

/// What a trace has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Calls that change something, as they were written down.
    pub(crate) changes: Vec<String>,
    /// Netlink messages and ioctls that read.
    pub(crate) reads: usize,
}

/// Prints the numbers of the generic netlink families, which differ from boot to boot.
pub(crate) const FAMILIES: &str = "genl ctrl list";

/// Names of generic netlink families by number.
pub(crate) type Families = BTreeMap<u16, String>;

/// From what [`FAMILIES`] prints: a line with a name, then one with the number.
pub(crate) fn families(text: &str) -> Families {
    let mut found = Families::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word != "Name:" {
            continue;
        }
        let Some(name) = words.next() else { break };
        let number = words.by_ref().skip_while(|word| *word != "ID:").nth(1);
        let number = number.and_then(|hex| u16::from_str_radix(hex.trim_start_matches("0x"), 16).ok());
        found.extend(number.map(|number| (number, name.to_owned())));
    }
    found
}

/// The calls of a trace that [`STRACE`] wrote, from a line on; the lines before tell what the sockets are. The ethtool
/// ioctl is left to [`in_kernel`].
pub(crate) fn in_trace(text: &str, from: usize, families: &Families) -> Seen {
    let mut seen = Seen::default();
    let protocols = protocols(text);
    for line in text.lines().skip(from) {
        // What a thread had to interrupt begins as `<... NAME resumed>` and has told its arguments before.
        let Some((call, arguments)) = call(line) else { continue };
        let changes = match call {
            "open" | "openat" | "openat2" | "creat" => is_changing_open(call, arguments),
            "write" | "writev" | "pwrite64" | "pwritev" => {
                // The first descriptor is what is written to. A message that is written and not sent is not decoded.
                let to = arguments.split(['<', '>']).nth(1).unwrap_or_default();
                to.starts_with("NETLINK") || FILES.iter().any(|folder| to.starts_with(folder))
            }
            "sendto" | "sendmsg" | "sendmmsg" => {
                let protocol = socket(arguments).and_then(|socket| protocols.get(socket).copied());
                let messages = messages(arguments);
                let reading =
                    messages.iter().filter(|(kind, command)| reads(protocol, kind, *command, families));
                let reading = reading.count();
                seen.reads += reading;
                reading < messages.len()
            }
            "ioctl" => arguments.split(", ").nth(1).is_some_and(|request| request.starts_with("SIOCS")),
            _ => false,
        };
        if changes {
            seen.changes.push(line.to_owned());
        }
    }
    seen
}

/// The ethtool ioctls in the kernel's notes, but for those of some programs.
pub(crate) fn in_kernel(text: &str, but: &[&str]) -> Result<Seen> {
    let mut seen = Seen::default();
    for line in text.lines().filter(|line| line.contains(" ethtool: (dev_ethtool")) {
        let command = line.rsplit_once("cmd=").and_then(|(_, n)| n.trim().parse().ok());
        let command: u32 = command.with_context(|| format!("the kernel wrote {line}"))?;
        let program = line.split(" [").next().and_then(|who| who.trim().rsplit_once('-'));
        if program.is_some_and(|(name, _)| but.contains(&name)) {
            continue;
        }
        if IOCTL_READS.contains(&command) {
            seen.reads += 1;
        } else {
            seen.changes.push(line.trim().to_owned());
        }
    }
    Ok(seen)
}

/// The name and the rest of a line `[PID] name(arguments...`.
fn call(line: &str) -> Option<(&str, &str)> {
    let (before, arguments) = line.split_once('(')?;
    let name = before.rsplit(' ').next()?;
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        .then_some((name, arguments))
}

fn is_changing_open(call: &str, arguments: &str) -> bool {
    let writes =
        call == "creat" || ["O_WRONLY", "O_RDWR", "O_TRUNC"].iter().any(|flag| arguments.contains(flag));
    // The path as it is given, the folder that it is relative to, and the file that it came to.
    let paths = arguments.split(['"', '<']).skip(1);
    writes && paths.into_iter().any(|path| FILES.iter().any(|folder| path.starts_with(folder)))
}

/// The netlink protocols of sockets. `strace` itself knows them only where the kernel has the module `netlink_diag`.
fn protocols(text: &str) -> BTreeMap<&str, &str> {
    let mut found = BTreeMap::new();
    let mut begun = BTreeMap::new();
    for line in text.lines() {
        let thread = line.split(' ').next().unwrap_or_default();
        if line.contains("socket(AF_NETLINK") {
            let protocol = line.split([',', ')', '<']).nth(2).unwrap_or_default().trim();
            begun.insert(thread, protocol);
        }
        if let Some((_, socket)) = line.rsplit_once(" = ").filter(|_| line.contains("socket"))
            && let (Some(socket), Some(protocol)) = (self::socket(socket), begun.remove(thread))
        {
            found.insert(socket, protocol);
        }
    }
    found
}

/// The first socket of a line: `NETLINK:[12]`.
fn socket(text: &str) -> Option<&str> {
    let start = text.find("<NETLINK:")? + 1;
    text[start..].split('>').next()
}

/// The kind of each netlink message, and its command where it is one of generic netlink.
fn messages(arguments: &str) -> Vec<(&str, Option<u8>)> {
    let parts = arguments.split("nlmsg_type=").skip(1);
    let message = |part| {
        let part: &str = part;
        let kind = part.split([',', '}', ' ']).next().unwrap_or_default();
        let payload = part.split_once("}, ").map_or("", |(_, payload)| payload);
        let payload = payload.trim_start_matches(['[', '{']);
        let command = payload
            .strip_prefix("\"\\x")
            .and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok())
            // strace knows the commands of the family that tells of families.
            .or_else(|| payload.strip_prefix("cmd=CTRL_CMD_GET").map(|_| 3));
        (kind, command)
    };
    parts.map(message).collect()
}

/// Whether a message only reads. Its kind is a name, or a number where `strace` does not know the protocol.
fn reads(protocol: Option<&str>, kind: &str, command: Option<u8>, families: &Families) -> bool {
    let number = kind.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok());
    if kind.starts_with("RTM_GET") {
        return true;
    }
    // RTM_NEW, RTM_DEL, RTM_GET and RTM_SET of each subject follow each other.
    if let (Some("NETLINK_ROUTE"), Some(number)) = (protocol, number) {
        return number % 4 == 2;
    }
    let name = match number {
        Some(number) if protocol == Some("NETLINK_GENERIC") => families.get(&number).map(String::as_str),
        Some(_) => None,
        None => Some(kind),
    };
    let Some((name, command)) = name.zip(command) else { return false };
    READS.iter().any(|(family, commands)| *family == name && commands.contains(&command))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK, nlmsg_seq=2, nlmsg_pid=0}";

    /// Written by strace of real programs, shortened.
    #[test]
    fn reading_is_no_change() {
        let send = |family: &str, payload: &str| {
            format!(
                "12 sendto(3<NETLINK:[GENERIC:9]>, [{{nlmsg_len=32, nlmsg_type={family}, {HEADER}, {payload}], 32, 0, NULL, 0) = 32"
            )
        };
        let text = [
            "execve(\"/usr/bin/rssmgrd\", [\"/usr/bin/rssmgrd\"], 0x7ffd /* 9 vars */) = 0".to_owned(),
            "12 openat(AT_FDCWD</>, \"/sys/class/net/a/device\", O_RDONLY|O_CLOEXEC) = 5</sys/devices/a>"
                .to_owned(),
            "12 openat(AT_FDCWD</>, \"/var/lib/rssmgrd/saved.toml\", O_WRONLY|O_CREAT) = 5</var/lib/x>"
                .to_owned(),
            "12 write(5</var/lib/x>, \"/sys/class/net \\\"</proc/irq/\", 10) = 10".to_owned(),
            "12 sendmsg(4<UNIX-STREAM:[1->2]>, {msg_iov=[{iov_base=\"l\\1\", iov_len=2}]}, 0) = 2".to_owned(),
            send("nlctrl", "\"\\x03\\x01\\x00\\x00\""),
            send("ethtool", "\"\\x11\\x01\\x00\\x00\""),
            send("RTM_GETLINK", "{ifi_family=AF_UNSPEC}"),
            "12 ioctl(3<UNIX:[1]>, SIOCETHTOOL, 0x7ffd) = 0".to_owned(),
            "12 ioctl(3<UNIX:[1]>, SIOCGIFINDEX, {ifr_name=\"a\"}) = 0".to_owned(),
            "12 <... openat resumed>) = 5</sys/x>".to_owned(),
        ];
        let seen = in_trace(&text.join("\n"), 0, &Families::new());
        assert_eq!(seen, Seen { changes: Vec::new(), reads: 3 });
    }

    /// As it comes from a kernel that does not tell strace of sockets.
    #[test]
    fn numbers_are_understood_by_the_socket_that_they_go_to() {
        let text = "\
            7 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_GENERIC) = 3<NETLINK:[30]>\n\
            7 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE <unfinished ...>\n\
            8 socket(AF_UNIX, SOCK_STREAM, 0)           = 5<UNIX-STREAM:[50]>\n\
            7 <... socket resumed>)             = 4<NETLINK:[40]>\n";
        let families =
            families("\nName: nlctrl\n\tID: 0x10  Version: 0x2\n\nName: ethtool\n\tID: 0x14  Version: 0x1\n");
        assert_eq!(families, Families::from([(0x10, "nlctrl".to_owned()), (0x14, "ethtool".to_owned())]));
        for (socket, kind, payload, reading) in [
            ("3<NETLINK:[30]>", "0x10", "\"\\x03\\x01\"", true),
            ("3<NETLINK:[30]>", "0x14", "\"\\x11\\x01\"", true),
            ("3<NETLINK:[30]>", "0x14", "\"\\x12\\x01\"", false),
            ("3<NETLINK:[30]>", "0x15", "\"\\x11\\x01\"", false),
            ("4<NETLINK:[40]>", "0x12", "\"\\x00\\x00\"", true),
            ("4<NETLINK:[40]>", "0x10", "\"\\x11\\x00\"", false),
            ("9<NETLINK:[90]>", "0x12", "\"\\x11\\x00\"", false),
        ] {
            let line = format!(
                "7 sendto({socket}, [{{nlmsg_len=32, nlmsg_type={kind} /* NLMSG_??? */, {HEADER}, {payload}], 32"
            );
            let seen = in_trace(&format!("{text}{line}"), 4, &families);
            assert_eq!(
                (seen.reads, seen.changes.len()),
                (usize::from(reading), usize::from(!reading)),
                "{line}"
            );
        }
    }

    #[test]
    fn every_way_to_change_is_seen() {
        let message =
            |family: &str, payload: &str| format!("{{nlmsg_len=32, nlmsg_type={family}, {HEADER}, {payload}");
        for line in [
            format!("sendto(3<NETLINK:[GENERIC:9]>, [{}], 32", message("ethtool", "\"\\x12\\x01")),
            format!("sendto(3<NETLINK:[GENERIC:9]>, [{}], 32", message("ethtool", "\"\\x30\\x01")),
            format!("sendto(3<NETLINK:[GENERIC:9]>, [{}], 32", message("netdev", "\"\\x0e\\x01")),
            format!(
                "sendto(3<NETLINK:[GENERIC:9]>, [{}], 32",
                message("0x1d /* NLMSG_??? */", "\"\\x01\\x01")
            ),
            format!(
                "sendmsg(3, {{msg_iov=[{{iov_base=[{}], iov_len=32}}]",
                message("RTM_NEWLINK", "{ifi_family=AF_UNSPEC")
            ),
            format!(
                "sendto(3, [[{}], [{}]]",
                message("ethtool", "\"\\x11\\x01\""),
                message("ethtool", "\"\\x12\"")
            ),
            "write(3<NETLINK:[GENERIC:9]>, \"\\x20\\x00\", 32) = 32".to_owned(),
            "openat(AT_FDCWD</>, \"/proc/irq/24/smp_affinity_list\", O_WRONLY|O_CLOEXEC <unfinished ...>"
                .to_owned(),
            "openat(7</proc/irq/24>, \"smp_affinity\", O_RDWR) = -1 EACCES (Permission denied)".to_owned(),
            "open(\"link\", O_WRONLY|O_TRUNC) = 3</sys/class/net/a/queues/tx-0/xps_cpus>".to_owned(),
            "pwrite64(9</sys/class/net/a/queues/rx-0/rps_cpus>, \"f\", 1, 0) = 1".to_owned(),
            "ioctl(3, SIOCSIFFLAGS, {ifr_name=\"a\", ifr_flags=IFF_UP}) = 0".to_owned(),
        ] {
            assert_eq!(in_trace(&format!("7 {line}"), 0, &Families::new()).changes.len(), 1, "{line}");
        }
    }

    #[test]
    fn the_kernels_notes_tell_who_asked_for_what() {
        let line = |who: &str, cmd: u32| {
            format!(
                "  {who}     [003] .....  51.1: ethtool: (dev_ethtool+0x0/0x3b0) dev=\"virtio0\" cmd={cmd}\n"
            )
        };
        let text = format!(
            "# tracer: nop\n#\n{}{}{}",
            line("rssmgrd-311", 0x46),
            line("ethtool-9", 0x47),
            line("x-y-8", 0x47)
        );
        let seen = in_kernel(&text, &["ethtool"]).unwrap();
        assert_eq!(seen, Seen { changes: vec![line("x-y-8", 0x47).trim().to_owned()], reads: 1 });
        assert!(in_kernel("a-1 [0] 1: ethtool: (dev_ethtool+0x0) dev=(fault) cmd=(fault)", &[]).is_err());
    }
}
