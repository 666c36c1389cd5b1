//! Shards: the parts into which several machines divide the cases. Pure.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One of several equal parts, counted from 1: `2/5` is the second of five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// The only shard of one: all cases.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Returns the cases of this shard: every n-th of them.
    pub(crate) fn interleaved(self, cases: impl IntoIterator<Item = usize>) -> Vec<usize> {
        cases.into_iter().skip(self.number - 1).step_by(self.of).collect()
    }

    /// Returns the cases of this shard so that all shards take about the same time.
    ///
    /// The longest case is assigned first, and each to the shard that has the least time until then. Machines that have
    /// the same cases and times come to the same division.
    pub(crate) fn balanced(self, cases: &[(usize, Duration)]) -> Vec<usize> {
        let mut longest_first: Vec<_> = cases.iter().collect();
        longest_first.sort_by_key(|(case, time)| (Reverse(*time), *case));
        let mut shards: BinaryHeap<_> =
            (1..=self.of).map(|number| Reverse((Duration::ZERO, number))).collect();
        let mut ours = Vec::new();
        for (case, time) in longest_first {
            if let Some(mut least) = shards.peek_mut() {
                if least.0.1 == self.number {
                    ours.push(*case);
                }
                // One nanosecond for each, so that cases that take no time are divided too.
                least.0.0 += *time + Duration::from_nanos(1);
            }
        }
        ours.sort_unstable();
        ours
    }

    /// Returns `true` if there are other shards.
    #[must_use]
    pub fn is_part(self) -> bool {
        self.of > 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is no shard; the second of five is `2/5`");
        let (number, of) = text.split_once('/').ok_or_else(expected)?;
        let (number, of): (usize, usize) =
            (number.parse().map_err(|_| expected())?, of.parse().map_err(|_| expected())?);
        match (number, of) {
            (_, 0) => Err(format!("`{text}`: there are 0 shards; one is the least")),
            (0, _) => Err(format!("`{text}`: shards are counted from 1, so the first is `1/{of}`")),
            _ if number > of => Err(format!("`{text}`: there are {of} shards, so the last is `{of}/{of}`")),
            _ => Ok(Self { number, of }),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shards(of: usize) -> impl Iterator<Item = Shard> {
        (1..=of).map(move |number| Shard { number, of })
    }

    /// R11: *pure*. A shard that can't be is refused, with the reason.
    #[test]
    fn a_shard_is_read_and_checked() {
        assert_eq!("2/5".parse(), Ok(Shard { number: 2, of: 5 }));
        for (text, said) in
            [("0/5", "from 1"), ("6/5", "the last is `5/5`"), ("1/0", "0 shards"), ("2", "`2/5`")]
        {
            let error = text.parse::<Shard>().expect_err("no shard");
            assert!(error.contains(said), "{text}: {error}");
        }
        for text in ["", "/", "a/b", "-1/2", "1/2/3", "1.5/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    /// R11: *pure*. Without a record of durations, a shard is every n-th case.
    #[test]
    fn shards_interleave() {
        let second = Shard { number: 2, of: 3 };
        assert_eq!(second.interleaved(0..8), [1, 4, 7]);
    }

    /// R11: *pure*. With a record of durations, shards take about the same time.
    #[test]
    fn shards_with_durations_take_about_the_same_time() {
        let times: Vec<_> = [8, 7, 1, 1, 1, 1, 1].into_iter().map(Duration::from_secs).enumerate().collect();
        let sums: Vec<u64> = shards(2)
            .map(|shard| shard.balanced(&times).iter().map(|at| times[*at].1.as_secs()).sum())
            .collect();
        assert_eq!(sums, [10, 10]);
    }

    proptest! {
        /// R11: *pure*. Shards divide the cases: none is lost, none is run twice.
        #[test]
        fn every_case_is_in_one_shard(
            seconds in proptest::collection::vec(0u64..100, 0..60),
            of in 1usize..9,
        ) {
            let times: Vec<_> = seconds.iter().map(|s| Duration::from_secs(*s)).enumerate().collect();
            let all: Vec<_> = (0..times.len()).collect();
            let mut interleaved: Vec<_> = shards(of).flat_map(|s| s.interleaved(0..times.len())).collect();
            interleaved.sort_unstable();
            prop_assert_eq!(&interleaved, &all);
            let mut balanced: Vec<_> = shards(of).flat_map(|s| s.balanced(&times)).collect();
            balanced.sort_unstable();
            prop_assert_eq!(&balanced, &all);
            let longest = seconds.iter().max().copied().unwrap_or_default();
            let sum = |shard: Shard| shard.balanced(&times).iter().map(|at| seconds[*at]).sum::<u64>();
            let (most, least) = (shards(of).map(sum).max().unwrap(), shards(of).map(sum).min().unwrap());
            prop_assert!(most - least <= longest, "{most} and {least} differ by more than one case");
        }
    }
}
