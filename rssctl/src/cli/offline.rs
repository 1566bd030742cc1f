//! Commands that need no daemon.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rssmgr_core::doctor::Check;

/// `rssctl hash`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl hash 66.9.149.187:2794 161.142.100.80:1766\n  \
        rssctl hash 3ffe:2501:200:1fff::7 3ffe:2501:200:3::1\n  \
        rssctl hash --pcap traffic.pcap -o jsonl\n  \
        rssctl hash --pcap traffic.pcap --encapsulation nvgre,vxlan\n  \
        rssctl hash --pcap traffic.pcap --hash-types ipv4,tcp_ipv4 --entries 256")]
pub struct HashArgs {
    /// Source: ADDRESS, ADDRESS:PORT or `[ADDRESS]:PORT`
    #[arg(value_name = "SRC", required_unless_present = "pcap", requires = "dst")]
    pub src: Option<String>,
    /// Destination, likewise
    #[arg(value_name = "DST")]
    pub dst: Option<String>,
    /// tcp, udp or ip; with ports tcp unless said otherwise
    #[arg(long, value_name = "PROTO", conflicts_with = "pcap")]
    pub proto: Option<String>,
    /// A capture, pcap or pcapng; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["src", "dst"])]
    pub pcap: Option<PathBuf>,
    /// The secret key in hex (40 bytes), `microsoft` or `symmetric`
    #[arg(long, value_name = "KEY", default_value = "microsoft")]
    pub hash_key: String,
    /// What is hashed: a list of types, or default, all, none
    #[arg(long, value_name = "LIST", default_value = "default")]
    pub hash_types: String,
    /// Entries of the indirection table
    #[arg(long, value_name = "N", default_value_t = 128, allow_negative_numbers = true)]
    pub entries: u32,
    /// Encapsulated packets are hashed by the inner addresses and ports: a list of nvgre, gre, vxlan; or all, none
    #[arg(long, value_name = "LIST", requires = "pcap")]
    pub encapsulation: Option<String>,
    /// UDP destination port by which VXLAN is recognised
    #[arg(long, value_name = "N", requires = "encapsulation", allow_negative_numbers = true)]
    pub vxlan_port: Option<String>,
}

/// `rssctl doctor`.
#[derive(Debug, Args)]
#[command(after_long_help = doctor_help())]
pub struct DoctorArgs {
    /// Only what concerns these adapters (and the whole machine): names or globs
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Another machine: a folder with its recorded sys and, if recorded, proc and etc
    #[arg(long, value_name = "DIR")]
    pub sysroot: Option<PathBuf>,
    /// Time between the two looks at the counters; 0s looks once
    #[arg(long, value_name = "TIME", default_value = "1s", conflicts_with = "sysroot")]
    pub interval: String,
}

fn doctor_help() -> String {
    let width = Check::ALL.iter().map(|c| c.name().len()).max().unwrap_or(0);
    let checks: String =
        Check::ALL.iter().map(|c| format!("  {:width$}  {}\n", c.name(), c.about())).collect();
    format!(
        "Checks:\n{checks}\n\
         Exit codes:\n   0  nothing worse than a note\n  20  the worst finding is a warning\n  \
         21  the worst finding is an error\n\n\
         Examples:\n  \
         rssctl doctor\n  \
         rssctl doctor 'eth*' --interval 5s\n  \
         rssctl doctor -o json --quiet\n  \
         rssctl doctor --sysroot ./recorded"
    )
}

/// `rssctl generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// What
    #[arg(value_enum)]
    pub kind: GenerateKind,
    /// Where to, one file each
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

/// What can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GenerateKind {
    /// Manual pages
    Man,
    /// Shell completions
    Completions,
    /// JSON schemas of what `-o json` prints
    Schema,
}
