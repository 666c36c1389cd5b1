//! Reduces a series of samples to means over time windows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::{Stats, Traffic};

impl Stats {
    /// Returns the mean of samples, or `None` for an empty series. A value's mean covers those samples that report it.
    #[must_use]
    pub fn mean<'a>(samples: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let samples: Vec<_> = samples.into_iter().collect();
        (!samples.is_empty()).then(|| mean(&samples))
    }

    /// Reduces a series to at most `most` samples, sorted by time.
    ///
    /// If there are more, the time from the first to the last is divided into windows of equal length, and the samples
    /// of each become their [mean](Self::mean). A window without samples yields none. The samples may be in any order.
    #[must_use]
    pub fn thin(samples: &[Self], most: usize) -> Vec<Self> {
        let mut sorted: Vec<_> = samples.iter().collect();
        sorted.sort_by_key(|sample| sample.time);
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
        if most == 0 {
            return Vec::new();
        }
        if sorted.len() <= most {
            return sorted.into_iter().cloned().collect();
        }
        let windows = Windows { first: first.time, span: since(first.time, last.time), most };
        let same = |one: &&Self, other: &&Self| windows.of(one.time) == windows.of(other.time);
        sorted.chunk_by(same).map(mean).collect()
    }
}

/// Windows of equal length. The last one begins with the last sample.
struct Windows {
    first: SystemTime,
    /// In nanoseconds.
    span: u128,
    /// More than 0.
    most: usize,
}

impl Windows {
    /// Returns the index of the window that contains a time, from 0.
    fn of(&self, time: SystemTime) -> u128 {
        // Shifted so that no product overflows: two times of this clock may differ by more than 64 bits of nanoseconds.
        let surplus = (u128::BITS - self.span.leading_zeros()).saturating_sub(u64::BITS);
        let (at, span) = (since(self.first, time) >> surplus, self.span >> surplus);
        (at * (self.most as u128 - 1)).checked_div(span).unwrap_or_default()
    }
}

fn since(first: SystemTime, time: SystemTime) -> u128 {
    time.duration_since(first).unwrap_or_default().as_nanos()
}

/// Returns the mean of a series of at least one sample.
fn mean(samples: &[&Stats]) -> Stats {
    let of = |value: fn(&Stats) -> Option<u64>| whole_mean(samples.iter().filter_map(|sample| value(sample)));
    let first = samples.iter().map(|sample| sample.time).min().unwrap_or(SystemTime::UNIX_EPOCH);
    let names: BTreeSet<_> = samples.iter().flat_map(|sample| sample.interfaces.keys()).collect();
    let interfaces: BTreeMap<_, _> =
        names.into_iter().map(|name| (name.clone(), traffic(samples, name))).collect();
    Stats {
        time: first + mean_offset(first, samples),
        cpu_percent: real_mean(samples.iter().filter_map(|sample| sample.cpu_percent)),
        cpu_nanos: of(|sample| sample.cpu_nanos),
        system_cpu_nanos: of(|sample| sample.system_cpu_nanos),
        online_cpus: of(|sample| sample.online_cpus),
        memory_bytes: of(|sample| sample.memory_bytes),
        memory_limit_bytes: of(|sample| sample.memory_limit_bytes),
        pids: of(|sample| sample.pids),
        interfaces,
        disk_read_bytes: of(|sample| sample.disk_read_bytes),
        disk_written_bytes: of(|sample| sample.disk_written_bytes),
    }
}

fn traffic(samples: &[&Stats], name: &str) -> Traffic {
    let of = |value: fn(&Traffic) -> Option<u64>| {
        whole_mean(samples.iter().filter_map(|sample| sample.interfaces.get(name).and_then(value)))
    };
    Traffic {
        received_bytes: of(|traffic| traffic.received_bytes),
        sent_bytes: of(|traffic| traffic.sent_bytes),
        received_packets: of(|traffic| traffic.received_packets),
        sent_packets: of(|traffic| traffic.sent_packets),
    }
}

/// Returns the mean of the times since the first one.
fn mean_offset(first: SystemTime, samples: &[&Stats]) -> Duration {
    let offsets = samples.iter().map(|sample| since(first, sample.time));
    Duration::from_nanos_u128(whole_mean_wide(offsets).unwrap_or_default())
}

fn whole_mean(values: impl Iterator<Item = u64>) -> Option<u64> {
    whole_mean_wide(values.map(u128::from)).map(|mean| u64::try_from(mean).unwrap_or(u64::MAX))
}

/// Returns the mean, rounded down.
fn whole_mean_wide(values: impl Iterator<Item = u128>) -> Option<u128> {
    let (sum, count) =
        values.fold((0_u128, 0_u128), |(sum, count), value| (sum.saturating_add(value), count + 1));
    sum.checked_div(count)
}

/// Returns the mean of the finite values. It is finite itself.
fn real_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values = values.filter(|value| value.is_finite());
    // Computed incrementally, since a sum could overflow to infinity.
    let step = |(mean, count): (f64, f64), value: f64| (mean + (value - mean) / (count + 1.0), count + 1.0);
    let (mean, count) = values.fold((0.0, 0.0), step);
    (count > 0.0 && f64::is_finite(mean)).then_some(mean)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::stats::tests::samples;
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn at(nanos: u64, memory: u64) -> Stats {
        Stats {
            time: SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos),
            memory_bytes: Some(memory),
            ..Stats::default()
        }
    }

    /// Creates a series with one sample per second.
    fn series(seconds: impl IntoIterator<Item = u64>) -> Vec<Stats> {
        seconds.into_iter().map(|second| at(second * SECOND, second)).collect()
    }

    /// M4: a long series is reduced to the requested length, and gaps make it shorter.
    #[test]
    fn long_series_become_as_long_as_they_may_and_gaps_make_them_shorter() {
        for (count, most, expected) in [
            (480, 240, 240),
            (3600, 240, 240),
            (240, 240, 240),
            (241, 240, 240),
            (10, 1, 1),
            (10, 0, 0),
            (0, 5, 0),
        ] {
            assert_eq!(Stats::thin(&series(0..count), most).len(), expected, "{count} to {most}");
        }
        for before in [100, 150, 200] {
            let gap = 20 * 60;
            let times = (0..before).chain(before + gap..300 + gap);
            assert_eq!(Stats::thin(&series(times), 240).len(), 49, "{before} before the gap");
        }
    }

    /// M4: a short series is kept, sorted by time.
    #[test]
    fn few_samples_stay_in_the_order_of_their_times() {
        let samples = [at(3, 1), at(1, 2), at(2, 3)];
        let thin = Stats::thin(&samples, 3);
        assert_eq!(thin, [at(1, 2), at(2, 3), at(3, 1)]);
        assert_eq!(samples[0], at(3, 1), "left as they were");
    }

    /// M4: each window becomes the mean of its samples, at their mean time.
    #[test]
    fn a_window_is_the_mean_of_its_samples_at_their_mean_time() {
        let thin = Stats::thin(&series([5, 0, 1, 4, 3, 9]), 2);
        assert_eq!(thin, [at(2_600_000_000, 2), at(9 * SECOND, 9)]);
        assert_eq!(Stats::thin(&series([7, 7, 7]), 2), series([7]), "all at one time");
    }

    /// M4: a series over the widest span is divided, too.
    #[test]
    fn the_widest_span_is_divided_too() {
        let ends = [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 62)];
        let samples: Vec<_> =
            [ends[0], ends[1], ends[1], ends[0]].map(|time| Stats { time, ..Stats::default() }).into();
        let times: Vec<_> = Stats::thin(&samples, 3).into_iter().map(|sample| sample.time).collect();
        assert_eq!(times, ends);
    }

    /// D5: a missing value does not count as zero in a mean.
    #[test]
    fn what_is_missing_is_no_zero_in_a_mean() {
        let traffic = |bytes| Traffic { received_bytes: Some(bytes), ..Traffic::default() };
        let mut samples = [at(0, 10), at(10, 20), at(20, 0)];
        samples[2].memory_bytes = None;
        samples[0].cpu_percent = Some(50.0);
        samples[1].interfaces.insert("eth0".into(), traffic(4));
        samples[2].interfaces.insert("eth0".into(), traffic(8));
        let mean = Stats::mean(&samples).expect("of three");
        assert_eq!((mean.memory_bytes, mean.cpu_percent, mean.pids), (Some(15), Some(50.0), None));
        assert_eq!(mean.interfaces["eth0"], traffic(6));
        assert_eq!(mean.time, SystemTime::UNIX_EPOCH + Duration::from_nanos(10));
        assert_eq!(Stats::mean([]), None);
    }

    fn bounds<T: PartialOrd + Copy>(values: impl Iterator<Item = T>) -> Option<(T, T)> {
        values.fold(None, |bounds, value| match bounds {
            None => Some((value, value)),
            Some((least, most)) => {
                Some((if value < least { value } else { least }, if value > most { value } else { most }))
            }
        })
    }

    proptest! {
        /// M4: a reduced series is short, sorted, and within the bounds of the original one.
        #[test]
        fn a_thin_series_is_short_in_order_and_within_the_bounds_of_the_long_one(
            samples in proptest::collection::vec(samples(), 0..40), most in 0_usize..20,
        ) {
            let before = samples.clone();
            let thin = Stats::thin(&samples, most);
            prop_assert_eq!(&samples, &before);
            prop_assert!(thin.len() <= most);
            prop_assert_eq!(thin.is_empty(), samples.is_empty() || most == 0);
            prop_assert!(thin.is_sorted_by_key(|sample| sample.time));
            let within = |value: fn(&Stats) -> Option<u64>| {
                let all = bounds(samples.iter().filter_map(value));
                bounds(thin.iter().filter_map(value))
                    .is_none_or(|(least, most)| all.is_some_and(|all| all.0 <= least && most <= all.1))
            };
            prop_assert!(within(|sample| sample.memory_bytes));
            prop_assert!(within(|sample| sample.cpu_nanos));
            prop_assert!(within(|sample| sample.pids));
            let times = bounds(samples.iter().map(|sample| sample.time));
            for sample in &thin {
                prop_assert!(times.is_some_and(|(first, last)| first <= sample.time && sample.time <= last));
                prop_assert!(sample.cpu_percent.is_none_or(|percent| percent.is_finite() && percent >= 0.0));
            }
        }

        /// M4: the order of the samples makes no difference, except for samples of equal time in different windows.
        #[test]
        fn order_makes_no_difference(
            seconds in proptest::collection::btree_set(0_u64..5_000, 0..60), most in 1_usize..20, seed: u64,
        ) {
            let sorted = series(seconds);
            let mut mixed = sorted.clone();
            mixed.sort_by_key(|sample| sample.memory_bytes.unwrap_or_default().wrapping_mul(seed | 1) >> 7);
            prop_assert_eq!(Stats::thin(&mixed, most), Stats::thin(&sorted, most));
        }
    }
}
