//! Who calls.

use rssmgr_core::manager::Caller;
use rssmgr_proto::{ApiError, ErrorKind};
use zbus::Connection;
use zbus::message::Header;

use rssmgr_proto::dict::{Dictionary, from_variant};

/// How callers on a connection are known.
#[derive(Clone, Debug)]
pub enum Peer {
    /// A private connection: its one peer, by the credentials of the socket.
    Private(Caller),
    /// A bus, which is asked.
    Bus,
}

impl Peer {
    /// Who sent a message.
    pub(super) async fn caller(
        &self,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<Caller, ApiError> {
        match self {
            Self::Private(caller) => Ok(caller.clone()),
            Self::Bus => ask_bus(header, connection).await,
        }
    }
}

async fn ask_bus(header: &Header<'_>, connection: &Connection) -> Result<Caller, ApiError> {
    let unknown = |what: String| {
        ApiError::new(ErrorKind::NotAuthorised, format!("the bus does not say who calls: {what}"))
    };
    let sender = header.sender().ok_or_else(|| unknown("the message has no sender".into()))?;
    let bus = "org.freedesktop.DBus";
    let reply = connection
        .call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "GetConnectionCredentials", &(sender,))
        .await
        .map_err(|e| unknown(e.to_string()))?;
    let credentials: Dictionary = reply.body().deserialize().map_err(|e| unknown(e.to_string()))?;
    let number = |key: &str| {
        let value = from_variant(credentials.get(key)?).ok()?;
        u32::try_from(value.as_u64()?).ok()
    };
    let uid = number("UnixUserID").ok_or_else(|| unknown("it gives no uid".into()))?;
    Ok(Caller { uid, pid: number("ProcessID"), bus_name: Some(sender.to_string()) })
}
