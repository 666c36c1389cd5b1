//! How long callers have waited, in bounded memory: a histogram, and the longest ones by name.

use std::time::Duration;

use super::accounting::{Percentiles, Wait, WaitKind, Waits};
use super::event::Nanos;

/// How many buckets each doubling of the time has: a percentile is at most one part in so many too high.
const STEPS: u64 = 16;
const STEP_BITS: u32 = STEPS.trailing_zeros();
const BUCKETS: usize = ((64 - STEP_BITS + 1) as usize) * STEPS as usize;
/// How many of the longest waits are kept one by one.
const LONGEST: usize = 50;

/// The waits of one kind.
#[derive(Clone, Debug)]
pub(super) struct WaitLog {
    /// By bucket; empty until somebody has waited.
    counts: Vec<u64>,
    count: u64,
    total: Nanos,
    longest: Nanos,
    abandoned: u64,
}

impl WaitLog {
    pub(super) fn new() -> Self {
        Self { counts: Vec::new(), count: 0, total: 0, longest: 0, abandoned: 0 }
    }

    /// Somebody was served after this time.
    pub(super) fn served(&mut self, waited: Nanos) {
        self.counts.resize(BUCKETS, 0);
        self.counts[bucket(waited)] += 1;
        self.count += 1;
        self.total += waited;
        self.longest = self.longest.max(waited);
    }

    /// Somebody went away, or was sent away, without having been served.
    pub(super) fn gave_up(&mut self) {
        self.abandoned += 1;
    }

    /// All of it, with so many more that were served without waiting.
    pub(super) fn summary(&self, at_once: u64) -> Waits {
        Waits {
            served: self.count + at_once,
            gave_up: self.abandoned,
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

    /// The time that so many of a hundred did not wait longer than.
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

/// The longest waits, the longest first.
#[derive(Clone, Debug, Default)]
pub(super) struct LongestWaits(Vec<Wait>);

impl LongestWaits {
    pub(super) fn served(&mut self, kind: WaitKind, asked: Nanos, now: Nanos, member: Option<usize>) {
        let wait = Wait {
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

    pub(super) fn all(&self) -> Vec<Wait> {
        self.0.clone()
    }
}

/// The bucket of a time: exact below `STEPS`, then `STEPS` per doubling.
fn bucket(time: Nanos) -> usize {
    if time < STEPS {
        return time as usize;
    }
    let doublings = time.ilog2() - STEP_BITS;
    ((u64::from(doublings) + 1) * STEPS + ((time >> doublings) - STEPS)) as usize
}

/// The longest time of a bucket.
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
        fn a_time_is_in_a_bucket_that_is_hardly_longer(time in prop_oneof![any::<u64>(), 0..1000_u64]) {
            let upper = upper_bound(bucket(time));
            prop_assert!(upper >= time && upper - time <= time / STEPS);
        }

        #[test]
        fn percentiles_are_those_of_a_sorted_list(mut times in prop::collection::vec(0..10_000_000_u64, 1..200)) {
            let mut log = WaitLog::new();
            times.iter().for_each(|time| log.served(*time));
            times.sort_unstable();
            for percent in [50, 90, 95, 99_u64] {
                let exact = times[(times.len() as u64 * percent).div_ceil(100) as usize - 1];
                let told = log.percentile(percent, 0).as_nanos() as u64;
                prop_assert!(told >= exact && told - exact <= exact / STEPS, "{percent}: {told} for {exact}");
            }
        }
    }

    #[test]
    fn the_longest_time_has_a_bucket() {
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(upper_bound(BUCKETS - 1), u64::MAX);
    }

    #[test]
    fn no_wait_has_no_percentile_but_zero() {
        assert_eq!(WaitLog::new().summary(0), Waits::default());
    }

    #[test]
    fn the_longest_are_kept_in_their_order() {
        let mut longest = LongestWaits::default();
        for waited in [5, 9, 1, 9].into_iter().chain(100..200) {
            longest.served(WaitKind::Shared, 7, 7 + waited, Some(0));
        }
        let kept: Vec<_> = longest.all().iter().map(|wait| wait.waited.as_nanos()).collect();
        assert_eq!(kept, (150..200).rev().collect::<Vec<_>>());
    }
}
