//! Errors as clients see them: a kind with a stable D-Bus name and a stable exit code, and a message that says what
//! to do.

use std::fmt;

use serde::{Deserialize, Serialize};
use zbus::DBusError as _;

use crate::names::ERROR_PREFIX;

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Anything that has no kind of its own.
    Failed,
    /// The request is wrong.
    Usage,
    /// It took too long.
    TimedOut,
    /// The caller may not do this.
    NotAuthorised,
    /// The adapter or the kernel cannot do this.
    NotSupported,
    /// The change was applied, did not hold, and was rolled back.
    RolledBack,
    /// The change would disturb traffic more than allowed.
    Impact,
    /// The daemon cannot be reached.
    Unreachable,
    /// No such adapter.
    NoSuchAdapter,
    /// A file is damaged or of the wrong format.
    BadFile,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Failed,
        Self::Usage,
        Self::TimedOut,
        Self::NotAuthorised,
        Self::NotSupported,
        Self::RolledBack,
        Self::Impact,
        Self::Unreachable,
        Self::NoSuchAdapter,
        Self::BadFile,
    ];

    /// The exit code of `rssctl`.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::TimedOut => 3,
            Self::NotAuthorised => 4,
            Self::NotSupported => 5,
            Self::RolledBack => 6,
            Self::Impact => 7,
            Self::Unreachable => 8,
            Self::NoSuchAdapter => 10,
            Self::BadFile => 65,
        }
    }

    /// The last part of the D-Bus error name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Usage => "Usage",
            Self::TimedOut => "TimedOut",
            Self::NotAuthorised => "NotAuthorised",
            Self::NotSupported => "NotSupported",
            Self::RolledBack => "RolledBack",
            Self::Impact => "Impact",
            Self::Unreachable => "Unreachable",
            Self::NoSuchAdapter => "NoSuchAdapter",
            Self::BadFile => "BadFile",
        }
    }

    /// The kind of a full D-Bus error name.
    #[must_use]
    pub fn from_dbus_name(name: &str) -> Option<Self> {
        let last = name.strip_prefix(ERROR_PREFIX)?;
        Self::ALL.into_iter().find(|k| k.name() == last)
    }

    /// How bad it is, to find the worst of several: the more it needs a person, the higher.
    #[must_use]
    pub const fn severity(self) -> u8 {
        match self {
            Self::RolledBack => 9,
            Self::Failed => 8,
            Self::TimedOut => 7,
            Self::Unreachable => 6,
            Self::BadFile => 5,
            Self::NotAuthorised => 4,
            Self::Impact => 3,
            Self::Usage => 2,
            Self::NotSupported => 1,
            Self::NoSuchAdapter => 0,
        }
    }
}

/// A failure: its kind and one sentence that names the field, the value and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApiError {
    /// The kind.
    pub kind: ErrorKind,
    /// The sentence.
    pub message: String,
}

impl ApiError {
    /// A failure of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// A wrong request.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl zbus::DBusError for ApiError {
    fn create_reply(&self, msg: &zbus::message::Header<'_>) -> zbus::Result<zbus::Message> {
        zbus::Message::error(msg, self.name()).build(&(self.message.as_str(),))
    }

    fn name(&self) -> zbus::names::ErrorName<'_> {
        let name = format!("{ERROR_PREFIX}{}", self.kind.name());
        zbus::names::ErrorName::from_string_unchecked(name)
    }

    fn description(&self) -> Option<&str> {
        Some(&self.message)
    }
}

impl From<zbus::Error> for ApiError {
    fn from(e: zbus::Error) -> Self {
        match &e {
            zbus::Error::MethodError(name, text, _) => {
                let message = text.clone().unwrap_or_else(|| name.to_string());
                match ErrorKind::from_dbus_name(name.as_str()) {
                    Some(kind) => Self::new(kind, message),
                    None => Self::new(kind_of_foreign(name.as_str()), format!("{name}: {message}")),
                }
            }
            // An error of D-Bus itself that zbus knows by name.
            zbus::Error::FDO(fdo) => Self::new(kind_of_foreign(fdo.name().as_str()), e.to_string()),
            _ => Self::new(ErrorKind::Failed, e.to_string()),
        }
    }
}

fn kind_of_foreign(name: &str) -> ErrorKind {
    match name.strip_prefix("org.freedesktop.DBus.Error.") {
        Some("InvalidArgs" | "UnknownMethod" | "InvalidSignature" | "UnknownObject" | "UnknownInterface") => {
            ErrorKind::Usage
        }
        Some("AccessDenied" | "InteractiveAuthorizationRequired" | "AuthFailed") => ErrorKind::NotAuthorised,
        Some("NoReply" | "Timeout" | "TimedOut") => ErrorKind::TimedOut,
        Some("ServiceUnknown" | "NameHasNoOwner" | "NoServer" | "Disconnected" | "FileNotFound") => {
            ErrorKind::Unreachable
        }
        Some("NotSupported") => ErrorKind::NotSupported,
        _ => ErrorKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_d_bus_itself_have_a_kind() {
        for (error, kind) in [
            (zbus::fdo::Error::InvalidArgs("x".into()), ErrorKind::Usage),
            (zbus::fdo::Error::UnknownMethod("x".into()), ErrorKind::Usage),
            (zbus::fdo::Error::AccessDenied("x".into()), ErrorKind::NotAuthorised),
            (zbus::fdo::Error::NoReply("x".into()), ErrorKind::TimedOut),
            (zbus::fdo::Error::ServiceUnknown("x".into()), ErrorKind::Unreachable),
            (zbus::fdo::Error::Failed("x".into()), ErrorKind::Failed),
        ] {
            let api = ApiError::from(zbus::Error::FDO(Box::new(error)));
            assert_eq!(api.kind, kind, "{api}");
        }
    }
}
