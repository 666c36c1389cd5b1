//! Progress messages, on standard error. Standard output is for a command's result.

use std::time::{Duration, Instant};

/// Prints the step that begins.
pub(crate) fn step(text: &str) {
    eprintln!("==> {text}");
}

/// Prints a detail of the current step.
pub(crate) fn detail(text: &str) {
    eprintln!("    {text}");
}

/// Prints a warning.
pub(crate) fn warn(text: &str) {
    eprintln!("warning: {text}");
}

/// Formats the time since `start`, as in `1.5 s` or `250 ms`.
pub(crate) fn since(start: Instant) -> String {
    duration(start.elapsed())
}

/// Formats a duration, as in `2 min 5 s`, `1.5 s` or `250 ms`.
pub(crate) fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_formatted_in_the_unit_that_fits() {
        for (millis, text) in [(250, "250 ms"), (1500, "1.5 s"), (125_000, "2 min 5 s")] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }
}
