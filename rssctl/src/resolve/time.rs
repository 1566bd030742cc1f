//! Times as typed and as printed. All times are UTC.

use std::time::Duration;

use crate::exit::Failure;

const DAY_S: i64 = 86_400;

/// A length of time: `500ms`, `30s`, `10m`, `2h`, `1d`; a bare number is seconds.
///
/// # Errors
/// Names the text and what is allowed.
pub fn duration(what: &str, text: &str) -> Result<Duration, Failure> {
    let wrong =
        || Failure::usage(format!("{what}: `{text}` is no length of time: write 500ms, 30s, 10m, 2h or 1d"));
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds: f64 = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(wrong()),
    };
    let starts_well = number.starts_with(|c: char| c.is_ascii_digit());
    let number: f64 = number.parse().ok().filter(|_| starts_well).ok_or_else(wrong)?;
    // A century is long enough, and keeps every sum with it in range.
    let total = number * seconds;
    if total > 3_155_760_000.0 {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(total).map_err(|_| wrong())
}

/// A point in time in milliseconds since 1970: a length of time before `now_ms`, an RFC 3339 time, or `@SECONDS`.
///
/// # Errors
/// Names the text and what is allowed.
pub fn since(text: &str, now_ms: u64) -> Result<u64, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "since: `{text}` is no time: write 10m or 2h (ago), 2026-01-31T08:00:00Z, or @SECONDS since 1970"
        ))
    };
    if let Some(seconds) = text.strip_prefix('@') {
        let digits = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
        let seconds: u64 = seconds.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
        return seconds.checked_mul(1000).ok_or_else(wrong);
    }
    if text.contains('T') || text.contains('-') {
        return rfc3339(text).ok_or_else(wrong);
    }
    let ago = duration("since", text).map_err(|_| wrong())?;
    Ok(now_ms.saturating_sub(u64::try_from(ago.as_millis()).unwrap_or(u64::MAX)))
}

/// `2026-01-31T08:00:00.123Z` from milliseconds since 1970.
#[must_use]
pub fn timestamp(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let (y, m, d) = civil(seconds.div_euclid(DAY_S));
    let s = seconds.rem_euclid(DAY_S);
    format!("{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}.{:03}Z", s / 3600, s / 60 % 60, s % 60, ms % 1000)
}

/// `YYYY-MM-DD[(T| )HH:MM[:SS[.mmm]]][Z|+HH:MM]` to milliseconds since 1970.
fn rfc3339(text: &str) -> Option<u64> {
    let number = |t: Option<&str>, len: usize| -> Option<i64> {
        let t = t?;
        (t.len() == len && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse().ok())?
    };
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let mut parts = date.split('-');
    let (y, m, d) = (number(parts.next(), 4)?, number(parts.next(), 2)?, number(parts.next(), 2)?);
    // A date that the calendar does not have (31 April) does not come back as itself.
    if civil(days(y, m, d)) != (y, m, d) {
        return None;
    }
    let (clock, zone) = match rest.find(['Z', '+', '-']) {
        Some(at) => rest.split_at(at),
        None => (rest, "Z"),
    };
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign, hm) => {
            let (h, m) = hm.split_once(':')?;
            let minutes = number(Some(h), 2)? * 60 + number(Some(m), 2)?;
            if sign == "-" { -minutes * 60 } else { minutes * 60 }
        }
    };
    let mut ms = 0;
    let mut seconds = 0;
    if !clock.is_empty() {
        let clock = clock.strip_prefix(['T', ' '])?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let mut parts = clock.split(':');
        let (h, m) = (number(parts.next(), 2)?, number(parts.next(), 2)?);
        let s = parts.next().map_or(Some(0), |s| number(Some(s), 2))?;
        if h > 23 || m > 59 || s > 60 || parts.next().is_some() || fraction.is_empty() {
            return None;
        }
        let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
        ms = number(Some(&digits), 3)?;
        seconds = h * 3600 + m * 60 + s;
    }
    u64::try_from((days(y, m, d) * DAY_S + seconds - offset) * 1000 + ms).ok()
}

/// Days since 1970-01-01 of a date of the Gregorian calendar; the year counts from March, so that the leap day is last.
fn days(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let year = y.rem_euclid(400);
    let day = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day - 719_468
}

/// The date of a day since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let m = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(m <= 2), m, day - (153 * month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    // `date -u -d @SECONDS` gave the right-hand sides.
    #[test]
    fn timestamps_as_date_prints_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_795_161_600_007, "2026-11-20T08:00:00.007Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(timestamp(ms), text);
            assert_eq!(rfc3339(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn points_in_time() {
        let now = 1_795_161_600_000;
        for (text, ms) in [
            ("10m", now - 600_000),
            ("1.5s", now - 1500),
            ("1d", now - 86_400_000),
            ("@12", 12_000),
            ("2026-11-20", now - 8 * 3_600_000),
            ("2026-11-20T08:00Z", now),
            ("2026-11-20 09:00:00+01:00", now),
            ("2026-11-20T08:00:00.25", now + 250),
        ] {
            assert_eq!(since(text, now).unwrap(), ms, "{text}");
        }
        for bad in [
            "",
            "yesterday",
            "10y",
            "-1h",
            "@",
            "@-1",
            "2026-02-30",
            "2026-13-01",
            "2026-11-20T25:00",
            "2026-11-20T8:00",
            ".s",
            "9e9d",
        ] {
            assert!(since(bad, now).is_err(), "{bad}");
        }
    }
}
