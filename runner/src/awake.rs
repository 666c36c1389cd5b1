//! Time limits that do not count the time for which this process was stopped, by Ctrl-Z for example.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

/// The length of one sleep; a stopped process is noticed by a sleep that took longer.
const STEP: Duration = Duration::from_secs(1);
/// The time by which a sleep may be late on a busy machine.
const LATE: Duration = Duration::from_secs(1);

/// Waits until the process has run for a time.
pub(crate) async fn sleep(time: Duration) {
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(STEP);
        let began = Instant::now();
        tokio::time::sleep(step).await;
        left = left.saturating_sub(counted(step, began.elapsed()));
    }
}

/// Waits for a future until the process has run for a time; `None` if the time is up first.
pub(crate) async fn timeout<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    // The future is polled first: an answer that came while the process was stopped counts.
    match select(pin!(future), pin!(sleep(time))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

/// Returns the part of a sleep that counts.
fn counted(step: Duration, slept: Duration) -> Duration {
    slept.min(step + LATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R7: *pure*. Time for which the process was stopped is not counted.
    #[test]
    fn a_sleep_that_took_too_long_counts_as_one_that_was_late() {
        let second = Duration::from_secs(1);
        for (step, slept, expected) in [
            (second, second, second),
            (second, 3 * second / 2, 3 * second / 2),
            (second, 600 * second, 2 * second),
            (second / 10, 90 * second, 11 * second / 10),
        ] {
            assert_eq!(counted(step, slept), expected, "{step:?} {slept:?}");
        }
    }
}
