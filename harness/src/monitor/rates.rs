//! Converts counters to rates per second.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::Stats;

/// The period over which a rate is computed.
const WINDOW: Duration = Duration::from_secs(10);

/// The throughput of a container's network and disks, over the last 10 s of its run or the sampled part of them. A rate
/// is `None` until two samples report its counter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Rates {
    /// Bytes received per second, over all network interfaces.
    pub network_received: Option<f64>,
    /// Bytes sent per second, over all network interfaces.
    pub network_sent: Option<f64>,
    /// Bytes read from block devices, per second.
    pub disk_read: Option<f64>,
    /// Bytes written to block devices, per second.
    pub disk_written: Option<f64>,
}

/// Converts a sequence of samples to rates.
#[derive(Debug, Default)]
pub(super) struct Meter {
    network_received: Window,
    network_sent: Window,
    disk_read: Window,
    disk_written: Window,
}

impl Meter {
    pub(super) fn push(&mut self, stats: &Stats) -> Rates {
        let network = stats.network().unwrap_or_default();
        let at = stats.time;
        Rates {
            network_received: self.network_received.push(at, network.received_bytes),
            network_sent: self.network_sent.push(at, network.sent_bytes),
            disk_read: self.disk_read.push(at, stats.disk_read_bytes),
            disk_written: self.disk_written.push(at, stats.disk_written_bytes),
        }
    }
}

/// The latest values of one counter.
#[derive(Debug, Default)]
struct Window(VecDeque<(SystemTime, u64)>);

impl Window {
    /// Adds a value and returns the rate per second.
    ///
    /// The rate is the difference of the last and first value in the window, divided by the time between them, so it is
    /// not lower while the window is not full. A decreasing counter, or a clock that goes back, resets the window.
    fn push(&mut self, at: SystemTime, value: Option<u64>) -> Option<f64> {
        let value = value?;
        if self.0.back().is_some_and(|(last, counted)| at < *last || value < *counted) {
            self.0.clear();
        }
        if self.0.back().is_some_and(|(last, _)| at == *last) {
            self.0.pop_back();
        }
        self.0.push_back((at, value));
        // Keeps one value at or before the window's start, however old it is.
        while self.0.get(1).is_some_and(|(second, _)| since(*second, at) >= WINDOW) {
            self.0.pop_front();
        }
        self.rate()
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
    fn rate(&self) -> Option<f64> {
        let ((from, before), (to, after)) = (self.0.front()?, self.0.back()?);
        let seconds = since(*from, *to).as_secs_f64();
        (seconds > 0.0).then(|| (after - before) as f64 / seconds)
    }
}

fn since(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::stats::tests::samples;
    use super::*;

    fn at(millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }

    fn rates(values: &[(u64, u64)]) -> Vec<Option<f64>> {
        let mut window = Window::default();
        values.iter().map(|(millis, value)| window.push(at(*millis), Some(*value))).collect()
    }

    /// M3: a steady counter has its exact rate from the second value on.
    #[test]
    fn a_steady_counter_has_its_rate_from_the_second_value_on() {
        let steady: Vec<_> = (0..30).map(|second| (second * 1000, 5_000_000 + second * 100)).collect();
        let rates = rates(&steady);
        assert_eq!(rates[0], None);
        assert!(rates[1..].iter().all(|rate| *rate == Some(100.0)), "{rates:?}");
    }

    /// M3: a rate covers the last seconds only.
    #[test]
    fn what_was_long_ago_does_not_count() {
        let mut values: Vec<_> = (0..5).map(|second| (second * 1000, second * 1_000_000)).collect();
        values.extend((5..20).map(|second| (second * 1000, 4_000_000)));
        assert_eq!(rates(&values)[19], Some(0.0));
        assert_eq!(rates(&[(0, 0), (60_000, 600), (120_000, 1_800)])[2], Some(20.0), "far apart");
    }

    /// M3: a decreasing counter, or a clock that goes back, starts over.
    #[test]
    fn a_counter_that_falls_and_a_clock_that_goes_back_begin_anew() {
        assert_eq!(
            rates(&[(0, 500), (1000, 600), (2000, 10), (3000, 30)]),
            [None, Some(100.0), None, Some(20.0)]
        );
        assert_eq!(rates(&[(5000, 1), (4000, 2), (5000, 4)]), [None, None, Some(2.0)]);
        assert_eq!(rates(&[(1000, 1), (1000, 3), (2000, 5)]), [None, None, Some(2.0)], "one time");
    }

    #[test]
    fn what_is_not_told_has_no_rate() {
        let mut window = Window::default();
        assert_eq!([window.push(at(0), Some(1)), window.push(at(1000), None)], [None, None]);
        assert_eq!(window.push(at(2000), Some(5)), Some(2.0), "over both seconds");
        assert_eq!(Meter::default().push(&Stats::default()), Rates::default());
    }

    proptest! {
        /// M3: no rate is negative or infinite.
        #[test]
        fn no_rate_is_negative_or_infinite(samples in proptest::collection::vec(samples(), 0..20)) {
            let mut meter = Meter::default();
            for sample in &samples {
                let Rates { network_received, network_sent, disk_read, disk_written } = meter.push(sample);
                for rate in [network_received, network_sent, disk_read, disk_written].into_iter().flatten() {
                    prop_assert!(rate.is_finite() && rate >= 0.0);
                }
            }
        }
    }
}
