//! The status of a task that has ended, by one order of precedence. It does no I/O.

use std::fmt;

use crate::words::KILLED;

/// The end of a task in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// The task ended by itself, with exit code 0.
    Success,
    /// The task ended by itself, with another exit code.
    Error,
    /// The task exceeded its time limit and was killed.
    Timeout,
    /// The task was killed by another process, for a reason that the engine does not report.
    Killed,
    /// The task was cancelled by its caller and was killed.
    Cancelled,
    /// The task exceeded its memory limit, as the engine reports it.
    OutOfMemory,
}

/// The reason for which a driver kills a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The task exceeded its time limit.
    Timeout,
    /// The task was cancelled.
    Cancelled,
}

/// The facts about a task that was started and has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    /// The exit code; 128 and the signal's number after a signal.
    pub exit_code: i64,
    /// `true` if the engine reports that memory ran out, for the task's first process or for another.
    pub out_of_memory: bool,
    /// The reason for which the driver killed it; `None` if it had ended before.
    pub stop: Option<Stop>,
}

impl Status {
    /// Returns the status of an end: the first of these that applies.
    ///
    /// 1. Out of memory, if the engine reports it, whatever the exit code.
    /// 2. Success or error, if the exit code is not that of a kill: the task had ended by itself, a moment before its
    ///    time limit or its cancellation.
    /// 3. Timeout or cancelled, if it was killed for that.
    /// 4. Killed: an exit code of 137 alone says nothing about memory.
    ///
    /// ```
    /// use seatrial::driver::{Ending, Status, Stop};
    ///
    /// let killed = Ending { exit_code: 137, out_of_memory: false, stop: None };
    /// assert_eq!(Status::of(killed), Status::Killed);
    /// assert_eq!(Status::of(Ending { stop: Some(Stop::Timeout), ..killed }), Status::Timeout);
    /// ```
    #[must_use]
    pub const fn of(ending: Ending) -> Self {
        match ending {
            Ending { out_of_memory: true, .. } => Self::OutOfMemory,
            Ending { exit_code: 0, .. } => Self::Success,
            Ending { exit_code: KILLED, stop, .. } => match stop {
                Some(Stop::Timeout) => Self::Timeout,
                Some(Stop::Cancelled) => Self::Cancelled,
                None => Self::Killed,
            },
            Ending { .. } => Self::Error,
        }
    }

    /// Returns `true` if it is [`Success`](Self::Success).
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Success)
    }
}

/// Prints lower-case words, such as `out of memory`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Killed => "killed",
            Self::Cancelled => "cancelled",
            Self::OutOfMemory => "out of memory",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STOPS: [Option<Stop>; 3] = [None, Some(Stop::Timeout), Some(Stop::Cancelled)];

    /// D2: every combination.
    #[test]
    fn each_combination_has_the_status_that_comes_first() {
        use Status::*;
        // Without a stop, out of time, given up.
        for (exit_code, out_of_memory, statuses) in [
            (0, false, [Success, Success, Success]),
            (1, false, [Error, Error, Error]),
            (127, false, [Error, Error, Error]),
            (137, false, [Killed, Timeout, Cancelled]),
            (139, false, [Error, Error, Error]),
            (143, false, [Error, Error, Error]),
            (0, true, [OutOfMemory, OutOfMemory, OutOfMemory]),
            (1, true, [OutOfMemory, OutOfMemory, OutOfMemory]),
            (137, true, [OutOfMemory, OutOfMemory, OutOfMemory]),
        ] {
            for (stop, status) in STOPS.into_iter().zip(statuses) {
                let ending = Ending { exit_code, out_of_memory, stop };
                assert_eq!(Status::of(ending), status, "{ending:?}");
            }
        }
    }

    fn endings() -> impl Strategy<Value = Ending> {
        let codes = prop_oneof![Just(0), Just(137), 0..=255_i64, any::<i64>()];
        (codes, any::<bool>(), prop::sample::select(&STOPS[..]))
            .prop_map(|(exit_code, out_of_memory, stop)| Ending { exit_code, out_of_memory, stop })
    }

    proptest! {
        /// D2, D3.
        #[test]
        fn only_a_zero_is_success_only_the_engine_tells_of_memory_and_a_stop_counts_only_if_it_killed(
            ending in endings(),
        ) {
            let status = Status::of(ending);
            prop_assert_eq!(status == Status::OutOfMemory, ending.out_of_memory);
            if status.is_success() {
                prop_assert_eq!(ending.exit_code, 0);
            }
            if matches!(status, Status::Timeout | Status::Cancelled) {
                prop_assert!(ending.stop.is_some() && ending.exit_code == KILLED);
            }
            if ending.exit_code != KILLED {
                prop_assert_eq!(status, Status::of(Ending { stop: None, ..ending }), "it had ended by itself");
            }
        }
    }
}
