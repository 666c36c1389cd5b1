//! Times as people read them.

use std::time::Duration;

/// A time as in `35 ms`, `1.62 s`, `2 min 5 s` or `1 h 2 min`.
pub(super) fn in_words(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{:.2} s", time.as_secs_f64()),
        10..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        for (millis, words) in [
            (35, "35 ms"),
            (1_620, "1.62 s"),
            (15_240, "15.2 s"),
            (125_000, "2 min 5 s"),
            (3_725_000, "1 h 2 min"),
        ] {
            assert_eq!(in_words(Duration::from_millis(millis)), words);
        }
    }
}
