//! `rssctl socket`: by which queue, CPU and NUMA node the packets of a connection come.
//!
//! The kernel tells it to whoever holds the socket, which is why it is asked here, with the rights of the caller, and not
//! by the daemon. The daemon knows the adapters, and predicts what nobody tells.

use std::net::SocketAddr;
use std::path::Path;

use rssmgr_core::packet::TransportKind;
use rssmgr_host::{Connection, HostError, connections, holders, sockets};
use rssmgr_netlink::incoming::{Incoming, borrow};
use rssmgr_proto::ErrorKind;
use rssmgr_proto::types::SocketQuery;

use super::Context;
use crate::cli::SocketArgs;
use crate::client::Intent;
use crate::exit::{Failure, Stop};
use crate::render::{self, structured};
use crate::resolve::Endpoint;

/// A connection, and who holds it.
struct Wanted {
    query: SocketQuery,
    pid: Option<u32>,
    /// Why the kernel was not asked.
    note: Option<String>,
}

/// Where the packets of connections come in.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &SocketArgs) -> Result<(), Stop> {
    c.no_names("rssctl socket", "json, jsonl or yaml, or nothing for text")?;
    let wanted = match (&args.remote, args.what.parse::<u32>()) {
        (None, Ok(pid)) => of_process(pid)?,
        (None, Err(_)) => {
            return Err(Failure::usage(format!("`{}` is no process id, and REMOTE is missing", args.what))
                .hint("write `rssctl socket PID`, or `rssctl socket LOCAL REMOTE`, each end as ADDRESS:PORT")
                .into());
        }
        (Some(remote), _) => vec![one(&args.what, remote, args)?],
    };
    if wanted.is_empty() {
        c.terminal.note(&format!("process {} has no connection", args.what));
    }
    let client = c.client(Intent::Read).await?;
    let mut records = Vec::new();
    for Wanted { query, pid, note } in wanted {
        let mut record = client.socket(&query).await?;
        record.pid = pid;
        record.note = record.note.or(note);
        records.push(record);
    }
    let text = match c.form() {
        Some(form) => structured::list("sockets", records, form)?,
        None => render::sockets(&records, c.terminal.paint),
    };
    c.terminal.print(&text)
}

fn protocol(kind: TransportKind) -> &'static str {
    match kind {
        TransportKind::Tcp => "tcp",
        TransportKind::Udp => "udp",
    }
}

/// The connections of a process.
fn of_process(pid: u32) -> Result<Vec<Wanted>, Failure> {
    let root = Path::new("/");
    if !Path::new(&format!("/proc/{pid}")).exists() {
        return Err(Failure::new(ErrorKind::Failed, format!("there is no process {pid}"))
            .hint("`ps` lists processes; `rssctl socket LOCAL REMOTE` finds a connection whoever holds it"));
    }
    let held = sockets(root, pid).map_err(|e| unseen(pid, &e))?;
    let all = connections(root, Some(pid)).map_err(|e| unseen(pid, &e))?;
    Ok(all.iter().filter_map(|c| Some(asked(c, Some((pid, *held.get(&c.inode)?))))).collect())
}

fn unseen(pid: u32, e: &HostError) -> Failure {
    match e {
        HostError::Io { cause, .. } if cause.kind() == std::io::ErrorKind::PermissionDenied => Failure::new(
            ErrorKind::NotAuthorised,
            format!("the sockets of process {pid} may not be seen: {e}"),
        )
        .hint(
            "run it as root or as the process's user, or name the connection: `rssctl socket LOCAL REMOTE`",
        ),
        _ => Failure::new(ErrorKind::Failed, e.to_string()),
    }
}

/// One connection by its ends.
fn one(local: &str, remote: &str, args: &SocketArgs) -> Result<Wanted, Failure> {
    let (local, remote) = (end(local)?, end(remote)?);
    let wanted = args.proto.as_deref().unwrap_or("tcp").to_ascii_lowercase();
    let query = SocketQuery {
        local: local.to_string(),
        remote: remote.to_string(),
        protocol: wanted.clone(),
        adapter: args.adapter.clone(),
        ..SocketQuery::default()
    };
    // Through this adapter, whether or not there is such a connection.
    if args.adapter.is_some() {
        return Ok(Wanted { query, pid: None, note: None });
    }
    let root = Path::new("/");
    let all = connections(root, None).map_err(|e| Failure::new(ErrorKind::Failed, e.to_string()))?;
    let found = all
        .iter()
        // One that was closed stays for a while, and is nobody's.
        .filter(|c| c.inode != 0)
        .find(|c| (c.local, c.remote) == (local, remote) && protocol(c.protocol) == wanted)
        .ok_or_else(|| {
            Failure::new(
                ErrorKind::Failed,
                format!("there is no {wanted} connection from {local} to {remote}"),
            )
            .hint("`ss -tun` lists them; with --adapter NAME one is predicted that is not there")
        })?;
    let holder = holders(root, found.inode).ok().and_then(|h| h.into_iter().next());
    Ok(asked(found, holder))
}

fn end(text: &str) -> Result<SocketAddr, Failure> {
    let end: Endpoint = text.parse()?;
    let port = end.port.ok_or_else(|| {
        Failure::usage(format!("`{text}` has no port: write 192.0.2.1:443 or [2001:db8::1]:443"))
    })?;
    Ok(SocketAddr::new(end.address.to_canonical(), port))
}

/// A connection with what the kernel says of its socket.
fn asked(c: &Connection, holder: Option<(u32, u32)>) -> Wanted {
    let told = holder.map(|(pid, fd)| borrow(pid, fd).and_then(Incoming::of));
    let note = match (&told, holder) {
        (Some(Err(e)), Some((pid, _))) => {
            Some(format!("the kernel tells it to whoever may trace process {pid}, such as root ({e})"))
        }
        (None, _) => Some("the kernel tells it to whoever holds the socket, such as root".to_owned()),
        _ => None,
    };
    let Incoming { cpu, napi } = told.and_then(Result::ok).unwrap_or_default();
    let query = SocketQuery {
        local: c.local.to_string(),
        remote: c.remote.to_string(),
        protocol: protocol(c.protocol).into(),
        adapter: None,
        cpu,
        napi,
    };
    Wanted { query, pid: holder.map(|(pid, _)| pid), note }
}
