//! The value of `--address`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::exit::Failure;

/// Where the daemon is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `system`: on the system bus.
    System,
    /// `session`: on the session bus.
    Session,
    /// The path of its private socket.
    Socket(PathBuf),
    /// The D-Bus address of its private socket.
    Private(String),
}

impl FromStr for Address {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text {
            "system" => Ok(Self::System),
            "session" => Ok(Self::Session),
            _ if text.starts_with(['/', '.']) => Ok(Self::Socket(text.into())),
            _ if text.parse::<zbus::Address>().is_ok() => Ok(Self::Private(text.into())),
            _ => Err(Failure::usage(format!(
                "address: `{text}` is none: write system, session, a path such as /run/rssmgrd/bus.sock, or a D-Bus \
                 address such as unix:path=/run/rssmgrd/bus.sock"
            ))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system bus"),
            Self::Session => f.write_str("the session bus"),
            Self::Socket(path) => path.display().fmt(f),
            Self::Private(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        assert_eq!("system".parse(), Ok(Address::System));
        assert_eq!("/run/x/bus.sock".parse(), Ok(Address::Socket("/run/x/bus.sock".into())));
        assert_eq!("unix:path=/run/x".parse(), Ok(Address::Private("unix:path=/run/x".into())));
        for bad in ["", "System bus", "unix", "unix:", "http://x"] {
            let e = bad.parse::<Address>().unwrap_err();
            assert!(e.error.message.contains(&format!("`{bad}`")), "{e}");
        }
    }
}
