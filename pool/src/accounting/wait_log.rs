//! The waits of requests in bounded memory: a histogram, and the longest waits one by one.

use std::time::Duration;

use super::waits::{LeaseWait, Percentiles, RequestKind, WaitTimes};
use crate::event::Nanos;

/// The number of buckets for each doubling of the time; a percentile is too high by at most 1 / `STEPS`.
const STEPS: u64 = 16;
const STEP_BITS: u32 = STEPS.trailing_zeros();
const BUCKETS: usize = ((64 - STEP_BITS + 1) as usize) * STEPS as usize;
/// The number of longest waits that are kept one by one.
const LONGEST: usize = 50;

/// The waits of one kind of request, as a histogram.
#[derive(Clone, Debug)]
pub(crate) struct WaitLog {
    /// The number of waits in each bucket; empty until there is one.
    counts: Vec<u64>,
    count: u64,
    total: Nanos,
    longest: Nanos,
    not_granted: u64,
}

impl WaitLog {
    pub(super) fn new() -> Self {
        Self { counts: Vec::new(), count: 0, total: 0, longest: 0, not_granted: 0 }
    }

    /// Counts a request that was granted after this time.
    pub(super) fn granted(&mut self, waited: Nanos) {
        self.counts.resize(BUCKETS, 0);
        self.counts[bucket(waited)] += 1;
        self.count += 1;
        self.total += waited;
        self.longest = self.longest.max(waited);
    }

    /// Counts a request that was cancelled or refused.
    pub(crate) fn not_granted(&mut self) {
        self.not_granted += 1;
    }

    /// Returns a summary that includes this many further requests that were granted without a wait.
    pub(crate) fn summary(&self, at_once: u64) -> WaitTimes {
        WaitTimes {
            served: self.count + at_once,
            gave_up: self.not_granted,
            total: Duration::from_nanos(self.total),
            longest: Duration::from_nanos(self.longest),
            percentiles: Percentiles {
                p50: self.percentile(50, at_once),
                p90: self.percentile(90, at_once),
                p95: self.percentile(95, at_once),
                p99: self.percentile(99, at_once),
            },
        }
    }

    /// Returns the wait that this percentage of all requests did not exceed.
    fn percentile(&self, percent: u64, at_once: u64) -> Duration {
        let rank = (u128::from(self.count + at_once) * u128::from(percent)).div_ceil(100) as u64;
        let mut seen = at_once;
        if seen >= rank {
            return Duration::ZERO;
        }
        let at = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        Duration::from_nanos(at.map_or(0, upper_bound).min(self.longest))
    }
}

/// The longest waits of all requests, the longest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct LongestWaits(Vec<LeaseWait>);

impl LongestWaits {
    pub(super) fn granted(&mut self, kind: RequestKind, asked: Nanos, now: Nanos, member: Option<usize>) {
        let wait = LeaseWait {
            kind,
            asked: Duration::from_nanos(asked),
            waited: Duration::from_nanos(now - asked),
            member,
        };
        let at = self.0.partition_point(|other| other.waited >= wait.waited);
        if at < LONGEST {
            self.0.truncate(LONGEST - 1);
            self.0.insert(at, wait);
        }
    }

    pub(crate) fn all(&self) -> Vec<LeaseWait> {
        self.0.clone()
    }
}

/// Returns the bucket of a time: one per nanosecond below `STEPS`, then `STEPS` per doubling.
fn bucket(time: Nanos) -> usize {
    if time < STEPS {
        return time as usize;
    }
    let doublings = time.ilog2() - STEP_BITS;
    ((u64::from(doublings) + 1) * STEPS + ((time >> doublings) - STEPS)) as usize
}

/// Returns the longest time in a bucket.
fn upper_bound(bucket: usize) -> Nanos {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let doublings = bucket / STEPS - 1;
    let first = u128::from(bucket % STEPS + STEPS) << doublings;
    (first + (1 << doublings) - 1) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_is_at_most_a_sixteenth_longer_than_its_times(time in prop_oneof![any::<u64>(), 0..1000_u64]) {
            let upper = upper_bound(bucket(time));
            prop_assert!(upper >= time && upper - time <= time / STEPS);
        }

        #[test]
        fn percentiles_match_those_of_a_sorted_list(mut times in prop::collection::vec(0..10_000_000_u64, 1..200)) {
            let mut log = WaitLog::new();
            times.iter().for_each(|time| log.granted(*time));
            times.sort_unstable();
            for percent in [50, 90, 95, 99_u64] {
                let exact = times[(times.len() as u64 * percent).div_ceil(100) as usize - 1];
                let estimated = log.percentile(percent, 0).as_nanos() as u64;
                let error = estimated.checked_sub(exact);
                prop_assert!(error.is_some_and(|error| error <= exact / STEPS), "{percent}: {estimated} for {exact}");
            }
        }
    }

    #[test]
    fn the_longest_possible_time_is_in_the_last_bucket() {
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(upper_bound(BUCKETS - 1), u64::MAX);
    }

    #[test]
    fn without_waits_all_percentiles_are_zero() {
        assert_eq!(WaitLog::new().summary(0), WaitTimes::default());
    }

    #[test]
    fn the_longest_waits_are_kept_in_order() {
        let mut longest = LongestWaits::default();
        for waited in [5, 9, 1, 9].into_iter().chain(100..200) {
            longest.granted(RequestKind::Shared, 7, 7 + waited, Some(0));
        }
        let kept: Vec<_> = longest.all().iter().map(|wait| wait.waited.as_nanos()).collect();
        assert_eq!(kept, (150..200).rev().collect::<Vec<_>>());
    }
}
