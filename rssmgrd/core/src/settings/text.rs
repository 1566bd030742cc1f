//! Values as texts: how they are written and read.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Auto, KeySetting, ProcessorPart, Smt, Xps};
use crate::hash::{HashKey, HashKeyError};
use crate::ids::{MAX_CPU, Processor};

/// `skip` or `use`.
pub(super) const fn smt_text(smt: Smt) -> &'static str {
    match smt {
        Smt::Skip => "skip",
        Smt::Use => "use",
    }
}

/// `cpus`, `rxqs` or `off`.
pub(super) const fn xps_text(xps: Xps) -> &'static str {
    match xps {
        Xps::Cpus => "cpus",
        Xps::Rxqs => "rxqs",
        Xps::Off => "off",
    }
}

pub(super) fn auto_text<T: fmt::Display>(a: Auto<T>, word: &str) -> String {
    match a {
        Auto::Auto => word.to_string(),
        Auto::Is(v) => v.to_string(),
    }
}

pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "$true" | "on" | "yes" | "1" => Some(true),
        "false" | "$false" | "off" | "no" | "0" => Some(false),
        _ => None,
    }
}

pub(super) fn number(text: &str, min: u32, max: u32) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return Err("is not a whole number".to_string());
    }
    text.parse().ok().filter(|n| (min..=max).contains(n)).ok_or_else(|| format!("is not in {min} to {max}"))
}

/// `auto`, `8`, `1:3`, or a part: `1:` (group only) and `:3` (number only).
pub(super) fn processor_part(text: &str, auto: bool) -> Result<Auto<ProcessorPart>, String> {
    if auto {
        return Ok(Auto::Auto);
    }
    let part = if let Some(n) = text.strip_prefix(':') {
        let number = number(n, 0, 63).map_err(|e| format!("has a number that {e}"))?;
        ProcessorPart { group: None, number: u8::try_from(number).ok() }
    } else if let Some(g) = text.strip_suffix(':') {
        let group = number(g, 0, MAX_CPU / 64).map_err(|e| format!("has a group that {e}"))?;
        ProcessorPart { group: u16::try_from(group).ok(), number: None }
    } else {
        text.parse::<Processor>().map_err(|e| format!("is no processor: {e}"))?.into()
    };
    Ok(Auto::Is(part))
}

pub(super) fn key_setting(text: &str) -> Result<KeySetting, String> {
    // How long the key must be depends on the adapter, which nobody has named yet.
    let hex = |t: &str| {
        let bytes = t.chars().filter(char::is_ascii_hexdigit).count() / 2;
        HashKey::parse(t, bytes.max(1)).map_err(|e| match e {
            HashKeyError::Hex { at, found, .. } => {
                format!("is refused: character {at} (`{found}`) is not a hexadecimal digit")
            }
            HashKeyError::OddDigits { digits, .. } => {
                format!("has {digits} hexadecimal digits, an odd number, and each byte takes two")
            }
            HashKeyError::Length { .. } => "has no byte".to_string(),
            HashKeyError::Weak(_) => format!("is refused: {e}"),
        })
    };
    Ok(match text.to_ascii_lowercase().as_str() {
        "keep" | "auto" => KeySetting::Keep,
        "default" => KeySetting::Host,
        "symmetric" => KeySetting::Symmetric,
        "random" => KeySetting::Random(None),
        t => match t.strip_prefix("random=") {
            Some(drawn) => KeySetting::Random(Some(hex(drawn)?)),
            None => KeySetting::Given(hex(t)?),
        },
    })
}

pub(super) fn key_text(key: &KeySetting) -> String {
    match key {
        KeySetting::Keep => "keep".to_string(),
        KeySetting::Host => "default".to_string(),
        KeySetting::Symmetric => "symmetric".to_string(),
        KeySetting::Random(None) => "random".to_string(),
        KeySetting::Random(Some(k)) => format!("random={}", k.to_hex()),
        KeySetting::Given(k) => k.to_hex(),
    }
}

impl KeySetting {
    /// The setting in words, without the key.
    #[must_use]
    pub const fn describe(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Host => "default",
            Self::Symmetric => "symmetric",
            Self::Random(_) => "random",
            Self::Given(_) => "given",
        }
    }
}
