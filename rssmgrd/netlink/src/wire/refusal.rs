//! Why the kernel refused a request, in its own words.

use super::attributes::{Attributes, HEADER as ATTRIBUTE_HEADER};
use super::message::{self, Message};
use super::request::Request;
use super::{Malformed, Problem, align, head};
use rustix::io::Errno;
use std::fmt;

/// The largest number that the kernel returns as an errno (`MAX_ERRNO`).
const MAX_ERRNO: u32 = 4095;

/// `NLMSGERR_ATTR_*`.
mod attribute {
    pub(super) const MESSAGE: u16 = 1;
    pub(super) const OFFSET: u16 = 2;
    pub(super) const POLICY: u16 = 4;
    pub(super) const MISSING_TYPE: u16 = 5;
    pub(super) const MISSING_NEST: u16 = 6;
}

/// `NL_POLICY_TYPE_ATTR_*`.
mod policy {
    pub(super) const MIN_SIGNED: u16 = 2;
    pub(super) const MAX_SIGNED: u16 = 3;
    pub(super) const MIN: u16 = 4;
    pub(super) const MAX: u16 = 5;
    pub(super) const MIN_LENGTH: u16 = 6;
    pub(super) const MAX_LENGTH: u16 = 7;
    pub(super) const MASK: u16 = 12;
}

/// A request that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The operation, as the kernel names it (`rss-set`).
    pub operation: &'static str,
    /// What it was about: mostly an interface. Empty when about nothing in particular.
    pub subject: String,
    /// The error number.
    pub errno: Errno,
    /// The kernel's explanation, where it gives one (extended acknowledgement).
    pub message: Option<String>,
    /// The attribute that was refused, as a path of names (`header.dev-index`).
    pub attribute: Option<String>,
    /// The attribute that should have been there and was not, as a path of names.
    pub missing: Option<String>,
    /// What the refused attribute may be.
    pub policy: Option<Policy>,
}

/// What the kernel allows an attribute to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The least value.
    pub min: Option<i128>,
    /// The greatest value.
    pub max: Option<i128>,
    /// The least number of bytes.
    pub min_length: Option<u32>,
    /// The greatest number of bytes.
    pub max_length: Option<u32>,
    /// The bits that may be set.
    pub mask: Option<u64>,
}

/// What an acknowledgement says: nothing was wrong, with a remark perhaps, or something was.
pub(crate) enum Verdict {
    Done { warning: Option<String> },
    Refused(Box<Refusal>),
}

impl Refusal {
    /// A refusal of which nothing is known but its number.
    pub(crate) fn bare(operation: &'static str, subject: &str, errno: Errno) -> Self {
        Self {
            operation,
            subject: subject.to_owned(),
            errno,
            message: None,
            attribute: None,
            missing: None,
            policy: None,
        }
    }
}

/// Reads the acknowledgement (or the end of a dump) `answer` of `request`, which was sent as `sent`.
pub(super) fn verdict(answer: &Message<'_>, request: &Request, sent: &[u8]) -> Result<Verdict, Malformed> {
    const WHAT: &str = "acknowledgement";
    let payload = answer.payload;
    let bad = |problem| Malformed { what: WHAT, attribute: None, problem };
    let short = |want| bad(Problem::Short { got: payload.len(), want });
    let code = match head(payload).map(i32::from_ne_bytes) {
        Some(code) => code,
        // The end of a dump need not carry an error.
        None if answer.kind == message::TYPE_DONE && payload.is_empty() => 0,
        None => return Err(short(4)),
    };
    let errno = match code {
        0 => None,
        code if code < 0 && code.unsigned_abs() <= MAX_ERRNO => Some(Errno::from_raw_os_error(-code)),
        code => return Err(bad(Problem::Value { got: code.into() })),
    };
    let mut refusal = Refusal::bare(request.operation, &request.subject, errno.unwrap_or(Errno::IO));
    if answer.flags & message::FLAG_ACK_ATTRIBUTES != 0 {
        let start = if answer.kind == message::TYPE_DONE {
            4
        } else if answer.flags & message::FLAG_CAPPED != 0 {
            4 + message::HEADER
        } else {
            // The request is echoed whole.
            let echoed = payload.get(4..).and_then(head).ok_or_else(|| short(4 + message::HEADER))?;
            let length = usize::try_from(u32::from_ne_bytes(echoed)).unwrap_or(usize::MAX);
            align(length).max(message::HEADER).saturating_add(4)
        };
        details(Attributes::behind(WHAT, payload, start)?, &mut refusal, request, sent)?;
    }
    Ok(match errno {
        None => Verdict::Done { warning: refusal.message },
        Some(_) => Verdict::Refused(Box::new(refusal)),
    })
}

fn details(
    attributes: Attributes<'_>,
    refusal: &mut Refusal,
    request: &Request,
    sent: &[u8],
) -> Result<(), Malformed> {
    let (mut nest, mut missing) = (None, None);
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            attribute::MESSAGE => refusal.message = Some(attribute.string().into_owned()),
            attribute::OFFSET => {
                refusal.attribute = place(request, sent, attribute.u32()?).map(|(path, _)| path);
            }
            attribute::MISSING_NEST => nest = Some(attribute.u32()?),
            attribute::MISSING_TYPE => missing = Some(attribute.u32()?),
            attribute::POLICY => refusal.policy = Some(read_policy(attribute.nested("policy"))?),
            _ => {}
        }
    }
    if let Some(number) = missing {
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        refusal.missing = Some(match nest.and_then(|offset| place(request, sent, offset)) {
            Some((path, names)) => {
                format!("{path}.{}", names.map_or_else(|| number.to_string(), |names| names.name(number)))
            }
            None => request.names.name(number),
        });
    }
    Ok(())
}

/// The attribute of the request at `offset` of the bytes sent.
fn place(
    request: &Request,
    sent: &[u8],
    offset: u32,
) -> Option<(String, Option<&'static super::names::Names>)> {
    let offset = usize::try_from(offset).ok()?;
    let path = request.names.path(sent, request.attributes(), offset);
    // Some checks of the kernel point behind the header of the attribute.
    path.or_else(|| request.names.path(sent, request.attributes(), offset.checked_sub(ATTRIBUTE_HEADER)?))
}

fn read_policy(attributes: Attributes<'_>) -> Result<Policy, Malformed> {
    let mut found = Policy::default();
    for attribute in attributes {
        let attribute = attribute?;
        let signed = || attribute.u64().map(|value| i128::from(value.cast_signed()));
        match attribute.number {
            policy::MIN_SIGNED => found.min = Some(signed()?),
            policy::MAX_SIGNED => found.max = Some(signed()?),
            policy::MIN => found.min = Some(attribute.u64()?.into()),
            policy::MAX => found.max = Some(attribute.u64()?.into()),
            policy::MIN_LENGTH => found.min_length = Some(attribute.u32()?),
            policy::MAX_LENGTH => found.max_length = Some(attribute.u32()?),
            policy::MASK => found.mask = Some(attribute.u64()?),
            _ => {}
        }
    }
    Ok(found)
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = match (self.min, self.max) {
            (Some(min), Some(max)) => Some(format!("{min} to {max}")),
            (Some(min), None) => Some(format!("{min} or more")),
            (None, Some(max)) => Some(format!("at most {max}")),
            (None, None) => None,
        };
        let length = match (self.min_length, self.max_length) {
            (Some(min), Some(max)) => Some(format!("{min} to {max} bytes")),
            (Some(min), None) => Some(format!("{min} bytes or more")),
            (None, Some(max)) => Some(format!("at most {max} bytes")),
            (None, None) => None,
        };
        let mask = self.mask.map(|mask| format!("bits of {mask:#x}"));
        let parts: Vec<String> = [range, length, mask].into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.errno)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if !self.subject.is_empty() {
            write!(f, " of {}", self.subject)?;
        }
        write!(f, " refused: {}", self.errno)?;
        if let Some(message) = &self.message {
            write!(f, "; the kernel says \"{message}\"")?;
        }
        if let Some(attribute) = &self.attribute {
            write!(f, "; it refuses `{attribute}`")?;
        }
        if let Some(missing) = &self.missing {
            write!(f, "; it wants `{missing}`")?;
        }
        match &self.policy {
            Some(policy) if *policy != Policy::default() => write!(f, "; allowed: {policy}"),
            _ => Ok(()),
        }
    }
}
