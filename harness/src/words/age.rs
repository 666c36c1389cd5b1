//! Durations as text, rounded like `docker ps`.

use std::time::Duration;

/// Returns a duration as text: `Less than a second`, `About a minute`, `3 days`.
///
/// Seconds and minutes are truncated and hours are rounded. Days to months are truncated from the rounded hours, and
/// years from the whole duration.
pub(crate) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let minutes = seconds / 60;
    let hours = seconds.saturating_add(1_800) / 3_600;
    match hours {
        _ if seconds < 1 => "Less than a second".to_owned(),
        _ if seconds == 1 => "1 second".to_owned(),
        _ if seconds < 60 => format!("{seconds} seconds"),
        _ if minutes == 1 => "About a minute".to_owned(),
        _ if minutes < 60 => format!("{minutes} minutes"),
        1 => "About an hour".to_owned(),
        0 | 2..48 => format!("{hours} hours"),
        48..336 => format!("{} days", hours / 24),
        336..1_440 => format!("{} weeks", hours / 24 / 7),
        1_440..17_520 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3_600 / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;

    /// S3: *pure*. Ages have the words of `docker ps`.
    #[test]
    fn each_step_begins_where_docker_begins_it() {
        for (seconds, words) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (2, "2 seconds"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (119, "About a minute"),
            (120, "2 minutes"),
            (HOUR - 1, "59 minutes"),
            (HOUR, "About an hour"),
            (HOUR + 30 * MINUTE - 1, "About an hour"),
            (HOUR + 30 * MINUTE, "2 hours"),
            (47 * HOUR, "47 hours"),
            (2 * DAY - 30 * MINUTE - 1, "47 hours"),
            (2 * DAY - 30 * MINUTE, "2 days"),
            (14 * DAY - HOUR, "13 days"),
            (14 * DAY, "2 weeks"),
            (60 * DAY - HOUR, "8 weeks"),
            (60 * DAY, "2 months"),
            (730 * DAY - HOUR, "24 months"),
            (730 * DAY, "2 years"),
            (3 * 365 * DAY, "3 years"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words, "{seconds} s");
        }
        assert_eq!(in_words(Duration::from_millis(1_999)), "1 second");
    }

    proptest! {
        #[test]
        fn every_duration_has_words(seconds: u64, nanos in 0_u32..1_000_000_000) {
            prop_assert!(!in_words(Duration::new(seconds, nanos)).is_empty());
        }
    }
}
