//! From what was typed to what is meant: values checked, adapters and addresses named, formats chosen.

mod endpoint;
mod offline;
mod time;

pub use endpoint::{Endpoint, carried, flow_query};
pub(crate) use offline::host_failure;
pub use offline::{AdapterSpec, OfflineMachine};
pub use time::{duration, since, timestamp};

use rssmgr_core::field::{Field, FieldError, Raw};
use rssmgr_core::scaling::moves::{FLAG_DEFAULT, FLAG_PRIMARY, INDEX_DEFAULT, INDEX_PRIMARY};
use rssmgr_core::settings::SettingsPatch;
use rssmgr_core::{EntryIndex, Processor};
use rssmgr_proto::dict::{Dictionary, to_variant};
use rssmgr_proto::types::{ApplyOptions, MoveRequest};
use serde_json::Value;

use crate::cli::{ApplyArgs, SettingArgs};
use crate::exit::{Failure, Stop};

/// The settings as a patch.
///
/// # Errors
/// Names the setting, the value and what is allowed.
pub fn patch(args: &SettingArgs) -> Result<SettingsPatch, Failure> {
    let mut patch = SettingsPatch::default();
    for (field, text) in &args.given {
        patch.set(*field, &Raw::Text(text.clone())).map_err(|e| refused(*field, &e))?;
    }
    Ok(patch)
}

fn refused(field: Field, e: &FieldError) -> Failure {
    Failure::usage(e.to_string())
        .hint(format!("this is the value of --{}; see `rssctl set --help`", field.info().flag))
}

/// A patch as it travels: by field key, in the form that [`SettingsPatch::set`] takes back.
///
/// # Errors
/// None in practice; the conversion to D-Bus is fallible by type.
pub fn settings(patch: &SettingsPatch) -> Result<Dictionary, Stop> {
    let mut out = Dictionary::new();
    for (field, raw) in patch.iter() {
        let value = match raw {
            Raw::Bool(b) => Value::from(b),
            Raw::Int(n) => Value::from(n),
            Raw::Text(t) => Value::from(t),
            Raw::List(l) => Value::from(l),
        };
        let variant =
            to_variant(value)?.try_into_owned().map_err(|e| Failure::usage(format!("{field}: {e}")))?;
        out.insert(field.key().into(), variant);
    }
    Ok(out)
}

/// The local address of the connection that this command was typed over, as sshd tells it.
fn login() -> Option<String> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    // Client's address and port, then ours. A zone names an interface of the machine it was written on.
    let address = connection.split_whitespace().nth(2)?.split('%').next()?;
    address.parse::<std::net::IpAddr>().ok().map(|ip| ip.to_canonical().to_string())
}

/// How long a change waits to be confirmed, in milliseconds.
///
/// # Errors
/// Names the text and what is allowed.
pub fn milliseconds(what: &str, text: &str) -> Result<u64, Failure> {
    Ok(u64::try_from(duration(what, text)?.as_millis()).unwrap_or(u64::MAX))
}

/// The options of a request.
///
/// # Errors
/// A time that is none.
pub fn options(args: &ApplyArgs) -> Result<ApplyOptions, Failure> {
    let within = args.confirm_within.as_ref().map(|t| milliseconds("--confirm-within", t)).transpose()?;
    Ok(ApplyOptions {
        confirm_within_ms: within,
        dry_run: args.what_if,
        runtime: args.runtime,
        if_generation: args.if_generation,
        allow: args.allow.as_ref().map(|a| a.to_ascii_lowercase()),
        atomic: args.atomic,
        no_restart: args.no_restart,
        force: args.force,
        login: login(),
    })
}

/// `ENTRY=PROCESSOR` in its canonical form.
///
/// # Errors
/// Names the part that is wrong.
pub fn entry(text: &str) -> Result<String, Failure> {
    let form = || {
        Failure::usage(format!(
            "`{text}` is no table entry: write ENTRY=PROCESSOR, such as 0=0:2 for entry 0 to processor 2 of group 0"
        ))
    };
    let (entry, processor) = text.split_once('=').ok_or_else(form)?;
    let digits = !entry.is_empty() && entry.bytes().all(|b| b.is_ascii_digit());
    let entry = EntryIndex(entry.parse().ok().filter(|_| digits).ok_or_else(form)?);
    Ok(format!("{entry}={}", self::processor(processor)?))
}

/// `[VPORT/]ENTRY=PROCESSOR`, `[VPORT/]primary=PROCESSOR` or `[VPORT/]default=PROCESSOR` as it travels; `vport` is that of
/// moves that name none.
///
/// # Errors
/// Names the part that is wrong.
pub fn steering(text: &str, vport: u32) -> Result<MoveRequest, Failure> {
    let form = || {
        Failure::usage(format!(
            "`{text}` is no move: write ENTRY=PROCESSOR, primary=PROCESSOR or default=PROCESSOR, such as 3=0:4, and VPORT/ before it for another VPort, such as 1/3=0:4; entries are 0 to 32767"
        ))
    };
    let (what, to) = text.split_once('=').ok_or_else(form)?;
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let (vport, what) = match what.split_once('/') {
        Some((id, what)) => (id.parse().ok().filter(|_| digits(id)).ok_or_else(form)?, what),
        None => (vport, what),
    };
    let (flags, index) = match what.to_ascii_lowercase().as_str() {
        "primary" => (FLAG_PRIMARY, INDEX_PRIMARY),
        "default" => (FLAG_DEFAULT, INDEX_DEFAULT),
        entry => (0, entry.parse().ok().filter(|n| digits(entry) && *n <= 0x7fff).ok_or_else(form)?),
    };
    Ok((0, vport, flags, index, processor(to)?.to_string()))
}

/// A processor, `8` or `1:3`.
///
/// # Errors
/// Names the text and what is allowed.
pub fn processor(text: &str) -> Result<Processor, Failure> {
    text.parse().map_err(|e: rssmgr_core::ids::ProcessorError| Failure::usage(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves() {
        assert_eq!(steering("3=67", 0).unwrap(), (0, 0, 0, 3, "1:3".into()));
        assert_eq!(steering("7/0=0:4", 1).unwrap(), (0, 7, 0, 0, "0:4".into()));
        assert_eq!(steering("PRIMARY=1", 2).unwrap(), (0, 2, 1, 0xfffe, "0:1".into()));
        assert_eq!(steering("2/default=1", 0).unwrap(), (0, 2, 2, 0xffff, "0:1".into()));
        for bad in ["3", "x=1", "-1=1", "/3=1", "1/=1", "32768=1", "a/3=1"] {
            let e = steering(bad, 0).unwrap_err();
            assert!(e.error.message.contains(&format!("`{bad}`")), "{e}");
        }
    }

    #[test]
    fn entries() {
        assert_eq!(entry("5=67").unwrap(), "5=1:3");
        for bad in ["5", "=1", "x=1", "+1=2", "70000=1"] {
            let e = entry(bad).unwrap_err();
            assert!(e.error.message.contains(&format!("`{bad}`")), "{e}");
        }
        assert!(entry("1=0:64").unwrap_err().error.message.contains("0 to 63"));
    }
}
