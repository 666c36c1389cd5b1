//! How a task ended, in one word. Pure: from what is known of its end, by one order of precedence.

use std::fmt;

/// The exit code of what was ended by `SIGKILL`, as shells and engines have it: 128 and the signal's number.
pub(super) const KILLED: i64 = 137;

/// How a task ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// It ended by itself, with exit code 0.
    Success,
    /// It ended by itself, with another exit code.
    Error,
    /// Its time was up.
    Timeout,
    /// Somebody else killed it, for a reason that the engine does not tell.
    Killed,
    /// Who ran it gave it up.
    Cancelled,
    /// It wanted more memory than it may have, as the engine reports it.
    OutOfMemory,
}

/// Why a task was to be ended by who ran it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// Its time was up.
    Timeout,
    /// It was given up.
    Cancelled,
}

/// What is known of the end of a task that was started and has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    /// The exit code; 128 and more for a signal.
    pub exit_code: i64,
    /// Whether the engine reports that its memory was not enough, for its first process or for another.
    pub out_of_memory: bool,
    /// Why it was killed by who ran it; none if it had ended by then.
    pub stop: Option<Stop>,
}

impl Status {
    /// The word for an end. What comes first in this order counts:
    ///
    /// 1. out of memory, if the engine says so, whatever the exit code;
    /// 2. success or error, after an exit code that is not that of a kill: it had ended by itself, a moment before
    ///    its time was up or it was given up;
    /// 3. timeout or cancelled, if it was killed for that;
    /// 4. killed: an exit code of 137 alone does not tell of memory.
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

    /// Whether it is [`Success`](Self::Success).
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Success)
    }
}

/// As in `out of memory`.
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
    fn the_order_of_precedence_is_this() {
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
