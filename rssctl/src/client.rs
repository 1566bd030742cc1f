//! The connection to the daemon: where it is, whether it may be believed, and calls that answer with records.

mod address;
mod call;
mod feed;
mod socket;

pub use address::Address;
pub use call::Change;
pub use feed::Feed;

use std::path::PathBuf;
use std::time::Duration;

use rssmgr_proto::ErrorKind;
use rssmgr_proto::names::BUS;
use rssmgr_proto::proxy::ManagerProxy;
use serde::de::DeserializeOwned;
use zbus::Connection;
use zbus::connection::Builder;
use zbus::proxy::CacheProperties;
use zbus::wire::Type;

use crate::exit::{Failure, Stop};
use crate::terminal::Terminal;

/// The longest a connection may take. All of them are local.
const CONNECT: Duration = Duration::from_secs(5);

/// The longest a call may take. The slowest change known, of the queues of an adapter, takes a second; a group of 64
/// such adapters is still inside.
const CALL: Duration = Duration::from_secs(120);

/// What the connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Only to see.
    Read,
    /// To change something: it must be certain which daemon is meant.
    Change,
}

/// A daemon that answers.
#[derive(Debug)]
pub struct Client {
    /// Its manager object.
    pub manager: ManagerProxy<'static>,
    /// Where it was found, in words.
    pub place: String,
}

impl Client {
    /// Finds the daemon: at `address`, else on the system bus, else at the private socket of this user.
    ///
    /// # Errors
    /// Nothing answers, or two answer and something is to be changed.
    pub async fn connect(
        address: Option<&str>,
        intent: Intent,
        terminal: &mut Terminal<'_>,
    ) -> Result<Self, Stop> {
        // An empty variable is as good as none.
        let (connection, place) = match address.filter(|a| !a.is_empty()) {
            Some(text) => {
                let address: Address = text.parse()?;
                let connection =
                    explicit(&address).await.map_err(|why| unreachable(&format!("{address}: {why}")))?;
                (connection, address.to_string())
            }
            None => find(intent, terminal).await?,
        };
        terminal.detail(&format!("the daemon at {place} answers"));
        let manager =
            ManagerProxy::builder(&connection).cache_properties(CacheProperties::No).build().await?;
        Ok(Self { manager, place })
    }
}

fn unreachable(message: &str) -> Failure {
    Failure::new(ErrorKind::Unreachable, format!("no daemon answers: {message}")).hint(
        "start the daemon: `systemctl start rssmgrd`, or without root `rssmgrd --demo`; \
         or say where it is with --address",
    )
}

/// A connection to the address that was named; nothing else is tried.
async fn explicit(address: &Address) -> Result<Connection, String> {
    match address {
        Address::System => bus(Builder::system()).await?.ok_or(format!("{BUS} is not on the system bus")),
        Address::Session => bus(Builder::session()).await?.ok_or(format!("{BUS} is not on the session bus")),
        Address::Socket(path) => Ok(socket::connect(path).await?.0),
        Address::Private(text) => build(Builder::address(text.as_str()).p2p()).await,
    }
}

async fn build(builder: Builder<'_>) -> Result<Connection, String> {
    match tokio::time::timeout(CONNECT, builder.method_timeout(CALL).build()).await {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => {
            Err(format!("it accepted the connection but did not answer within {} s", CONNECT.as_secs()))
        }
    }
}

/// A connection to a bus; `None` when nobody owns our name there.
async fn bus(builder: Builder<'_>) -> Result<Option<Connection>, String> {
    let connection = build(builder).await?;
    let owned: bool = ask_bus(&connection, "NameHasOwner").await?;
    Ok(owned.then_some(connection))
}

/// What the bus itself says of our name.
async fn ask_bus<T: DeserializeOwned + Type>(connection: &Connection, method: &str) -> Result<T, String> {
    let dbus = "org.freedesktop.DBus";
    let reply =
        connection.call_method(Some(dbus), "/org/freedesktop/DBus", Some(dbus), method, &(BUS,)).await;
    reply.map_err(|e| e.to_string())?.body().deserialize().map_err(|e| e.to_string())
}

/// A connection to the system bus and the process that is the daemon there, if there is a bus and the daemon is on it.
async fn system() -> Result<Option<(Connection, u32)>, String> {
    let elsewhere = std::env::var_os("DBUS_SYSTEM_BUS_ADDRESS").is_some();
    let usual = ["/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket"];
    if !elsewhere && !usual.iter().any(|p| std::path::Path::new(p).exists()) {
        return Err("there is none".into());
    }
    let Some(connection) = bus(Builder::system()).await? else { return Ok(None) };
    let pid = ask_bus(&connection, "GetConnectionUnixProcessID").await?;
    Ok(Some((connection, pid)))
}

/// The daemon nobody named.
async fn find(intent: Intent, terminal: &mut Terminal<'_>) -> Result<(Connection, String), Stop> {
    let mut tried = Vec::new();
    let system = match system().await {
        Ok(Some(found)) => Some(found),
        Ok(None) => {
            tried.push(format!("the system bus (nobody owns {BUS})"));
            None
        }
        Err(why) => {
            tried.push(format!("the system bus ({why})"));
            None
        }
    };
    let known = system.as_ref().map(|(_, pid)| *pid);
    let private =
        if known.is_none() || intent == Intent::Change { private(known, &mut tried).await } else { None };
    for place in &tried {
        terminal.detail(&format!("tried {place}"));
    }
    match (system, private) {
        (Some(_), Some((_, path))) => Err(Failure::usage(format!(
            "two daemons answer, one on the system bus and one at {}: nothing was changed",
            path.display()
        ))
        .hint(format!(
            "say which one is meant: `--address system` or `--address {}` (or set RSSCTL_ADDRESS)",
            path.display()
        ))
        .into()),
        (Some((connection, _)), None) => Ok((connection, "the system bus".into())),
        (None, Some((connection, path))) => Ok((connection, path.display().to_string())),
        (None, None) => Err(unreachable(&format!("tried {}", tried.join(", "))).into()),
    }
}

/// A daemon of this user, or of root, other than the one that is known: a service is on the bus and has its socket.
async fn private(known: Option<u32>, tried: &mut Vec<String>) -> Option<(Connection, PathBuf)> {
    for path in socket::candidates() {
        match socket::trusted(&path).await {
            Ok((_, pid)) if known == Some(pid) => {
                tried.push(format!("{} (the same daemon)", path.display()));
            }
            Ok((connection, _)) => return Some((connection, path)),
            Err(why) => tried.push(format!("{} ({why})", path.display())),
        }
    }
    None
}
