//! Times as engines write them, in RFC 3339. They are read, never written.

use std::time::{Duration, SystemTime};

/// A time as engines write it; their zero, in the year 1, is none, and so is what lies before 1970.
pub(super) fn timestamp(text: &str) -> Option<SystemTime> {
    let (date, clock) = text.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-')?;
    let clock = clock.strip_prefix(['T', 't', ' '])?;
    let zone = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':')?;
    let [ahead_hours, ahead_minutes] = match zone {
        "Z" | "z" => [0, 0],
        zone => numbers(&zone[1..], ':')?,
    };
    let in_range =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    // Digits beyond a nanosecond's are cut off.
    let nanos = format!("{fraction:0<9}").get(..9).filter(|_| in_range)?.parse::<u32>().ok()?;
    let ahead = (ahead_hours * 60 + ahead_minutes) * if zone.starts_with('-') { -60 } else { 60 };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - ahead;
    let since_1970 = Duration::new(u64::try_from(seconds).ok()?, nanos);
    SystemTime::UNIX_EPOCH.checked_add(since_1970)
}

/// Exactly this many numbers, of digits alone and at most four of them.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let number = |part: &str| {
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    text.split(separator).map(number).collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// Days from 1970 to a date of the Gregorian calendar. Years are counted from March, so that the leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // What the same sum gives for the first of January 1970.
    const EPOCH: i64 = 719_468;
    year * 365 + leap_days + day_of_year - EPOCH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_with_fractions_and_zones() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2000-03-01T00:00:00Z", 951_868_800, 0),
            ("2024-02-29T23:59:59.123456789Z", 1_709_251_199, 123_456_789),
            ("2024-02-29T23:59:59.1234567899Z", 1_709_251_199, 123_456_789),
            ("2024-03-01T01:59:59.5+02:00", 1_709_251_199, 500_000_000),
            ("2024-02-29T18:29:59-05:30", 1_709_251_199, 0),
        ] {
            assert_eq!(
                timestamp(text).expect(text),
                SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos),
                "{text}"
            );
        }
        for text in [
            "",
            "0001-01-01T00:00:00Z",
            "2024-02-29",
            "2024-02-29T10:00:00",
            "2024-13-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
        for text in
            ["2024-0ü-29T10:00:00Z", "2024-01-01T00:00:00.xZ", "2024-01-01T00:00Z", "2024-+1-01T00:00:00Z"]
        {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_time_panics(text in "[0-9]{0,5}-?[0-9]{0,3}-?[0-9TZ:.+-]{0,20}|.{0,30}") {
            let _ = timestamp(&text);
        }
    }
}
