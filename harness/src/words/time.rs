//! Parses and formats the engine's times. It reads no clock.

use std::time::{Duration, SystemTime};

const DAY: i64 = 86_400;

/// Midnight of the first day of year 1, in Unix time. The engine uses it for "never".
const NEVER: i64 = -719_162 * DAY;

/// Parses a time in the format of RFC 3339, with any number of decimals, of which nine are used.
///
/// Returns `None` for any other text, and for `0001-01-01T00:00:00Z`, which the engine uses for "never".
pub(crate) fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    let mut rest = text.as_bytes();
    let year = number(&mut rest, 4)?;
    byte(&mut rest, b"-")?;
    let month = number(&mut rest, 2).filter(|month| (1..=12).contains(month))?;
    byte(&mut rest, b"-")?;
    let day = number(&mut rest, 2).filter(|day| (1..=days_in(year, month)).contains(day))?;
    byte(&mut rest, b"Tt ")?;
    let seconds = clock(&mut rest)?;
    let nanos = decimals(&mut rest)?;
    let offset = offset(&mut rest)?;
    if !rest.is_empty() {
        return None;
    }
    let unix = days_since_epoch(year, month, day) * DAY + seconds - offset;
    if unix == NEVER && nanos == 0 { None } else { at(unix, nanos) }
}

/// Formats a time for the engine's `since` parameter: seconds of Unix time with nine decimals.
pub(crate) fn engine_seconds(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:09}", since.as_secs(), since.subsec_nanos())
}

/// Formats a time in the format of RFC 3339, in UTC with nine decimals. Returns `None` if its year does not have four
/// digits.
pub(crate) fn format_rfc3339(time: SystemTime) -> Option<String> {
    let (whole, nanos) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (i64::try_from(since.as_secs()).ok()?, since.subsec_nanos()),
        Err(error) => {
            let until = error.duration();
            let whole = -i64::try_from(until.as_secs()).ok()?;
            // The decimals count forward from the previous second.
            match until.subsec_nanos() {
                0 => (whole, 0),
                nanos => (whole - 1, 1_000_000_000 - nanos),
            }
        }
    };
    let (days, of_day) = (whole.div_euclid(DAY), whole.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    (0..=9999)
        .contains(&year)
        .then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z"))
}

/// Returns the date of a day counted from 1970-01-01: the inverse of [`days_since_epoch`], in the same calendar, whose
/// years begin in March.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (year * 365 + year / 4 - year / 100);
    let month = (of_year * 5 + 2) / 153;
    let day = of_year - (month * 153 + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (era * 400 + year, month, day)
}

/// Times in JSON, for `#[serde(with)]`.
pub(crate) mod rfc3339 {
    use std::borrow::Cow;
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    pub(crate) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        let text = super::format_rfc3339(*time);
        serializer.serialize_str(
            &text.ok_or_else(|| ser::Error::custom("the year of a time must have four digits"))?,
        )
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        super::parse_rfc3339(&text)
            .ok_or_else(|| de::Error::custom(format!("`{text}` is not a time in the format of RFC 3339")))
    }
}

/// Parses `15:04:05` to seconds. The leap second 60 counts as the second after it.
fn clock(rest: &mut &[u8]) -> Option<i64> {
    let hour = number(rest, 2).filter(|hour| *hour < 24)?;
    byte(rest, b":")?;
    let minute = number(rest, 2).filter(|minute| *minute < 60)?;
    byte(rest, b":")?;
    let second = number(rest, 2).filter(|second| *second <= 60)?;
    Some(hour * 3600 + minute * 60 + second)
}

/// Parses `.123` to nanoseconds. Without a decimal point, returns 0.
fn decimals(rest: &mut &[u8]) -> Option<u32> {
    if byte(rest, b".").is_none() {
        return Some(0);
    }
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    let nine = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    (!digits.is_empty()).then(|| nine.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

/// Parses `Z` or `+02:00` to seconds east of UTC.
fn offset(rest: &mut &[u8]) -> Option<i64> {
    match byte(rest, b"Zz+-")? {
        b'Z' | b'z' => Some(0),
        sign => {
            let hours = number(rest, 2).filter(|hours| *hours < 24)?;
            byte(rest, b":")?;
            let minutes = number(rest, 2).filter(|minutes| *minutes < 60)?;
            let east = hours * 3600 + minutes * 60;
            Some(if sign == b'-' { -east } else { east })
        }
    }
}

/// Consumes exactly `digits` digits.
fn number(rest: &mut &[u8], digits: usize) -> Option<i64> {
    let (now, after) = rest.split_at_checked(digits)?;
    *rest = after;
    now.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Consumes a byte if it is one of `wanted`.
fn byte(rest: &mut &[u8], wanted: &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    wanted.contains(first).then(|| {
        *rest = after;
        *first
    })
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from 1 March, so that the leap day is the last day of a year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let before_month = (month * 153 + 2) / 5;
    year * 365 + leap_days + before_month + day - 1 - 719_468
}

fn at(unix: i64, nanos: u32) -> Option<SystemTime> {
    let whole = Duration::from_secs(unix.unsigned_abs());
    let second = match unix {
        0.. => SystemTime::UNIX_EPOCH.checked_add(whole),
        _ => SystemTime::UNIX_EPOCH.checked_sub(whole),
    };
    second?.checked_add(Duration::from_nanos(nanos.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Generates times in nanoseconds since 1970, which may be negative.
    fn nanos(text: &str) -> Option<i128> {
        let time = parse_rfc3339(text)?;
        Some(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        })
    }

    #[test]
    fn times_are_read_with_decimals_and_offsets() {
        const S: i128 = 1_000_000_000;
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29T12:34:56.123456789Z", 1_709_210_096 * S + 123_456_789),
            ("2024-02-29T12:34:56.5Z", 1_709_210_096 * S + 500_000_000),
            ("2024-02-29T14:34:56+02:00", 1_709_210_096 * S),
            ("2024-02-29t07:04:56.0000000009999z", 1_709_190_296 * S),
            ("2024-02-29 07:04:56-05:30", 1_709_210_096 * S),
            ("1969-12-31T23:59:59.75Z", -250_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800 * S),
            ("9999-12-31T23:59:59Z", 253_402_300_799 * S),
            ("0001-01-01T00:00:01Z", -62_135_596_799 * S),
        ] {
            assert_eq!(nanos(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_year_one_means_never() {
        assert_eq!(parse_rfc3339("0001-01-01T00:00:00Z"), None);
        assert_eq!(parse_rfc3339("0001-01-01T01:00:00.000+01:00"), None);
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for text in [
            "",
            "2024",
            "2024-02-29T12:34:56",
            "2023-02-29T12:34:56Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Z ",
            "2024-01-01T00:00:00+1:00",
            "+024-01-01T00:00:00Z",
            "2024-01-01T00:00:0\u{b2}Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn days_follow_each_other() {
        let mut expected = days_since_epoch(1599, 12, 31);
        for year in 1600..2400 {
            for (month, day) in
                (1..=12).flat_map(|month| (1..=days_in(year, month)).map(move |day| (month, day)))
            {
                expected += 1;
                assert_eq!(days_since_epoch(year, month, day), expected, "{year}-{month}-{day}");
                assert_eq!(date(expected), (year, month, day));
            }
        }
        assert_eq!(days_since_epoch(1970, 1, 1), 0);
    }

    #[test]
    fn times_are_written_with_nine_decimals() {
        for text in [
            "1970-01-01T00:00:00.000000000Z",
            "1969-12-31T23:59:59.750000001Z",
            "2024-02-29T12:34:56.000000001Z",
        ] {
            assert_eq!(format_rfc3339(parse_rfc3339(text).expect(text)).as_deref(), Some(text));
        }
        assert_eq!(format_rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800)), None);
        assert_eq!(format_rfc3339(SystemTime::UNIX_EPOCH - Duration::from_secs(70_000_000_000)), None);
    }

    proptest! {
        #[test]
        fn a_time_is_read_back_as_it_was_written(seconds in -62_135_596_799_i64..253_402_300_800, nanos in 0..1_000_000_000_u32) {
            let time = super::at(seconds, nanos).expect("a time");
            prop_assert_eq!(parse_rfc3339(&format_rfc3339(time).expect("four digits")), Some(time));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[0-9TZ:.+ -]{0,40}|\\PC{0,40}") {
            let _ = parse_rfc3339(&text);
        }
    }
}
