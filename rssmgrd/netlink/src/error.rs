//! What can go wrong with the kernel's configuration interfaces, and what helps.

use crate::wire::{Malformed, Refusal};
use rustix::io::Errno;
use std::time::Duration;

/// Why a question to the kernel, or a change, failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel refused the request.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// The running kernel has no such generic netlink family.
    #[error("this kernel has no generic netlink family `{family}`: {since}")]
    NoFamily {
        /// The family's name.
        family: &'static str,
        /// Since which kernel it is there, or what switches it on.
        since: &'static str,
    },
    /// The running kernel's family lacks the operation. Nothing was sent.
    #[error("this kernel's `{family}` family has no operation `{operation}`: {since}")]
    NoOperation {
        /// The family's name.
        family: String,
        /// The operation's name in the kernel's specification.
        operation: &'static str,
        /// Since which kernel it is there, and what to use before.
        since: &'static str,
    },
    /// The running kernel has no way to do a part of what was asked. Nothing was sent.
    #[error("{operation} of {subject}: {reason}")]
    NotPossible {
        /// What was asked.
        operation: &'static str,
        /// The interface, in words.
        subject: String,
        /// Why it cannot be done, and the way out.
        reason: &'static str,
    },
    /// A value that does not fit the device. Nothing was sent.
    #[error("{operation} of {subject}: {what} has {got} {unit}, the device takes {allowed}")]
    Size {
        /// What was asked.
        operation: &'static str,
        /// The interface, in words.
        subject: String,
        /// What has the wrong size.
        what: &'static str,
        /// Of what there are too many or too few.
        unit: &'static str,
        /// How many were given.
        got: usize,
        /// How many the device takes.
        allowed: usize,
    },
    /// An attribute longer than netlink can carry. Nothing was sent.
    #[error("{operation}: `{attribute}` takes {got} bytes, netlink carries at most {max}: send less at once")]
    TooLong {
        /// The operation.
        operation: &'static str,
        /// The attribute.
        attribute: String,
        /// Its length in bytes.
        got: usize,
        /// The greatest length in bytes.
        max: usize,
    },
    /// An interface name that the kernel cannot have.
    #[error("`{name}` is no interface name: 1 to 15 bytes, no NUL")]
    Name {
        /// The name given.
        name: String,
    },
    /// The kernel's message is not what the protocol says.
    #[error("{operation}: {malformed}; please report this with the kernel version")]
    Malformed {
        /// What was being read.
        operation: &'static str,
        /// What is wrong.
        #[source]
        malformed: Malformed,
    },
    /// No answer came.
    #[error(
        "{operation}: no answer within {after:?}; whether it was done is unknown: read the state again, and see the kernel log for a driver that hangs"
    )]
    TimedOut {
        /// The operation.
        operation: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// An answer was lost for want of memory.
    #[error(
        "{operation}: the answer was lost, the receive buffer is full or memory is short: read the state again"
    )]
    AnswerLost {
        /// The operation.
        operation: &'static str,
    },
    /// What was listed changed again and again while it was listed.
    #[error("{operation}: the list changed while it was read, {tries} times in a row: try again later")]
    Unsteady {
        /// The operation.
        operation: &'static str,
        /// How often it was tried.
        tries: u32,
    },
    /// The kernel acknowledged a question and did not answer it.
    #[error("{operation}: the kernel gave no answer; please report this with the kernel version")]
    NoAnswer {
        /// The operation.
        operation: &'static str,
    },
    /// A system call of the socket failed.
    #[error("{doing} failed: {errno}")]
    Socket {
        /// What was tried.
        doing: &'static str,
        /// The kernel's answer.
        #[source]
        errno: Errno,
    },
}

impl Error {
    /// The error number, where the kernel gave one.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::Refused(refusal) => Some(refusal.errno),
            Self::Socket { errno, .. } => Some(*errno),
            _ => None,
        }
    }

    /// The kernel's own explanation, where it gave one.
    #[must_use]
    pub fn kernel_message(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.message.as_deref(),
            _ => None,
        }
    }

    /// Whether the kernel, the driver or the device cannot do it at all: asking again is no use.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::NoFamily { .. } | Self::NoOperation { .. } | Self::NotPossible { .. })
            || matches!(
                self.errno(),
                Some(Errno::OPNOTSUPP | Errno::NOSYS | Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT)
            )
    }

    /// Whether the process lacks the right: `CAP_NET_ADMIN` in the user namespace of the network namespace.
    #[must_use]
    pub fn is_permission(&self) -> bool {
        matches!(self.errno(), Some(Errno::PERM | Errno::ACCESS))
    }

    /// Whether the interface is not there (any more).
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.errno(), Some(Errno::NODEV | Errno::NXIO))
    }

    /// Whether somebody else uses what was to be changed, or the device cannot do it now.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.errno(), Some(Errno::BUSY | Errno::AGAIN))
    }

    /// Whether the thing asked for (an RSS context, a family) does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.errno(), Some(Errno::NOENT))
    }
}
