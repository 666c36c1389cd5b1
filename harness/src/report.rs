//! The failure block: what a failed wait knew, in one place, bounded in size.

use std::fmt;
use std::time::Duration;

/// What was known of a container when a wait for it failed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {}

impl fmt::Display for Report {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Seconds with one decimal, as in `1.5 s`; milliseconds below one second.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}
