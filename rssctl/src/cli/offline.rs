//! Commands that need no daemon.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `rssctl hash`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
        rssctl hash 66.9.149.187:2794 161.142.100.80:1766\n  \
        rssctl hash 3ffe:2501:200:1fff::7 3ffe:2501:200:3::1\n  \
        rssctl hash --pcap traffic.pcap -o jsonl\n  \
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
