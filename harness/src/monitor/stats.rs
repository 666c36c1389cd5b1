//! A resource sample as a value, which can be written as JSON and read back unchanged. Parsing the engine's answer is
//! up to `read.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// A sample of a container's resource usage.
///
/// A value that the engine does not report is `None`, never 0. Counters start over with each run of the container. The
/// JSON form has the field names as keys, omits `None`, and reads back to the same value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Stats {
    /// The time of the sample by the engine's clock; in JSON in the format of RFC 3339.
    #[serde(with = "crate::words::rfc3339")]
    pub time: SystemTime,
    /// The CPU time since the previous sample, in percent of one CPU: two busy threads yield 200. Finite and not
    /// negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// The CPU time used in this run, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_nanos: Option<u64>,
    /// The total CPU time of the machine since its start, over all CPUs, in nanoseconds, as the engine counts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_cpu_nanos: Option<u64>,
    /// The number of CPUs of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online_cpus: Option<u64>,
    /// The memory usage in bytes, as in `docker stats`: without the inactive part of the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// The memory limit in bytes. Without a limit, the machine's memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<u64>,
    /// The number of processes and threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids: Option<u64>,
    /// The traffic of each network interface, by name. Empty if it has no network namespace of its own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub interfaces: BTreeMap<String, Traffic>,
    /// Bytes read from block devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_read_bytes: Option<u64>,
    /// Bytes written to block devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_written_bytes: Option<u64>,
}

/// The traffic of a network interface in one run of a container, as seen from inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
    /// Bytes sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_bytes: Option<u64>,
    /// Packets received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_packets: Option<u64>,
    /// Packets sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_packets: Option<u64>,
}

impl Stats {
    /// Returns the total traffic of all interfaces, or `None` if there are none.
    #[must_use]
    pub fn network(&self) -> Option<Traffic> {
        self.interfaces.values().copied().reduce(Traffic::plus)
    }

    /// Returns the memory usage in percent of the limit.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a percentage needs no more than 52 bits")]
    pub fn memory_percent(&self) -> Option<f64> {
        let limit = self.memory_limit_bytes.filter(|limit| *limit > 0)?;
        Some(self.memory_bytes? as f64 / limit as f64 * 100.0)
    }

    /// Returns the CPU time used since an earlier sample of the same run, in percent of one CPU.
    ///
    /// It is the container's share of the machine's CPU time in between, multiplied by the number of CPUs, as in
    /// `docker stats`. `None` if a sample lacks a counter, no time has passed, or a counter has decreased, which means
    /// that the samples belong to different runs.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a percentage needs no more than 52 bits")]
    pub fn cpu_percent_since(&self, before: &Self) -> Option<f64> {
        let used = self.cpu_nanos?.checked_sub(before.cpu_nanos?)?;
        let had = self.system_cpu_nanos?.checked_sub(before.system_cpu_nanos?)?;
        let cpus = self.online_cpus.filter(|cpus| *cpus > 0)?;
        (had > 0).then(|| used as f64 / had as f64 * cpus as f64 * 100.0)
    }
}

impl Default for Stats {
    /// Creates a sample without values, at the start of Unix time.
    fn default() -> Self {
        Self {
            time: SystemTime::UNIX_EPOCH,
            cpu_percent: None,
            cpu_nanos: None,
            system_cpu_nanos: None,
            online_cpus: None,
            memory_bytes: None,
            memory_limit_bytes: None,
            pids: None,
            interfaces: BTreeMap::new(),
            disk_read_bytes: None,
            disk_written_bytes: None,
        }
    }
}

impl Traffic {
    /// Returns the sum. A value that only one of both has is taken over.
    fn plus(self, other: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        Self {
            received_bytes: sum(self.received_bytes, other.received_bytes),
            sent_bytes: sum(self.sent_bytes, other.sent_bytes),
            received_packets: sum(self.received_packets, other.received_packets),
            sent_packets: sum(self.sent_packets, other.sent_packets),
        }
    }
}

impl fmt::Display for Stats {
    /// Writes CPU, memory and processes, such as `CPU 12.5 %, memory 3.1 MiB, 2 processes`. Unknown values are omitted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.cpu_percent.map(|percent| format!("CPU {percent:.1} %")),
            self.memory_bytes.map(|bytes| format!("memory {}", binary(bytes))),
            self.pids.map(|pids| format!("{pids} process{}", if pids == 1 { "" } else { "es" })),
        ];
        let known: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(if known.is_empty() { "nothing known" } else { "" })?;
        f.write_str(&known.join(", "))
    }
}

/// Formats a number of bytes in units of powers of 1024.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn binary(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = bytes as f64;
    let mut shown = "B";
    for unit in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        shown = unit;
    }
    if shown == "B" { format!("{bytes} B") } else { format!("{value:.1} {shown}") }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn numbers() -> impl Strategy<Value = Option<u64>> {
        any::<Option<u64>>()
    }

    fn traffic() -> impl Strategy<Value = Traffic> {
        (numbers(), numbers(), numbers(), numbers()).prop_map(|(a, b, c, d)| Traffic {
            received_bytes: a,
            sent_bytes: b,
            received_packets: c,
            sent_packets: d,
        })
    }

    /// Generates samples with any values that an engine may report.
    pub(in crate::monitor) fn samples() -> impl Strategy<Value = Stats> {
        let times = (0..250_000_000_000_u64, 0..1_000_000_000_u32);
        let times = times.prop_map(|(secs, nanos)| SystemTime::UNIX_EPOCH + Duration::new(secs, nanos));
        let cpu = (proptest::option::of(0.0..1e7), numbers(), numbers(), numbers());
        let memory = (numbers(), numbers(), numbers());
        let interfaces = proptest::collection::btree_map("[a-z0-9]{0,4}", traffic(), 0..3);
        (times, cpu, memory, interfaces, numbers(), numbers()).prop_map(
            |(time, cpu, memory, interfaces, disk_read_bytes, disk_written_bytes)| Stats {
                time,
                cpu_percent: cpu.0,
                cpu_nanos: cpu.1,
                system_cpu_nanos: cpu.2,
                online_cpus: cpu.3,
                memory_bytes: memory.0,
                memory_limit_bytes: memory.1,
                pids: memory.2,
                interfaces,
                disk_read_bytes,
                disk_written_bytes,
            },
        )
    }

    fn cpu(used: u64, had: u64, cpus: u64) -> Stats {
        Stats {
            cpu_nanos: Some(used),
            system_cpu_nanos: Some(had),
            online_cpus: Some(cpus),
            ..Stats::default()
        }
    }

    /// M3: the CPU percentage is the share of all CPUs times their number.
    #[test]
    fn cpu_percent_is_the_share_of_all_cpus_times_their_number() {
        for (before, now, percent) in [
            (cpu(0, 1_000, 2), cpu(500, 2_000, 2), Some(100.0)),
            (cpu(0, 1_000, 4), cpu(1_000, 2_000, 4), Some(400.0)),
            (cpu(5, 1_000, 2), cpu(5, 2_000, 2), Some(0.0)),
            (cpu(0, 1_000, 2), cpu(1, 1_000_001_000, 2), Some(2e-7)),
            (cpu(5, 1_000, 2), cpu(5, 1_000, 2), None),
            (cpu(9, 1_000, 2), cpu(5, 2_000, 2), None),
            (cpu(0, 2_000, 2), cpu(5, 1_000, 2), None),
            (cpu(0, 1_000, 2), cpu(5, 2_000, 0), None),
            (Stats::default(), cpu(5, 2_000, 2), None),
            (cpu(0, 1_000, 2), Stats::default(), None),
        ] {
            let got = now.cpu_percent_since(&before);
            let is_so = got
                .zip(percent)
                .is_some_and(|(got, percent): (f64, f64)| (got - percent).abs() <= percent * 1e-12);
            assert!(is_so || got == percent, "{got:?} is not {percent:?}");
        }
    }

    /// M3: the total traffic is the sum over the interfaces that report it.
    #[test]
    fn traffic_is_the_sum_of_what_the_interfaces_tell() {
        let of =
            |received, sent| Traffic { received_bytes: received, sent_bytes: sent, ..Traffic::default() };
        let mut stats = Stats::default();
        assert_eq!(stats.network(), None);
        stats.interfaces.insert("eth0".into(), of(Some(1), None));
        stats.interfaces.insert("eth1".into(), of(Some(u64::MAX), Some(3)));
        assert_eq!(stats.network(), Some(of(Some(u64::MAX), Some(3))));
    }

    #[test]
    fn what_is_known_is_printed() {
        let mut stats = Stats::default();
        assert_eq!(stats.to_string(), "nothing known");
        (stats.cpu_percent, stats.memory_bytes, stats.pids) = (Some(12.54), Some(3_200_000), Some(1));
        assert_eq!(stats.to_string(), "CPU 12.5 %, memory 3.1 MiB, 1 process");
        (stats.cpu_percent, stats.memory_bytes, stats.pids) = (None, Some(1_000), Some(2));
        assert_eq!(stats.to_string(), "memory 1000 B, 2 processes");
    }

    /// D5: unknown values are omitted from the JSON.
    #[test]
    fn what_is_not_known_is_not_in_the_json() {
        let stats = Stats { memory_bytes: Some(0), ..Stats::default() };
        let text = serde_json::to_string(&stats).expect("JSON");
        assert_eq!(text, r#"{"time":"1970-01-01T00:00:00.000000000Z","memory_bytes":0}"#);
        let read: Stats = serde_json::from_str(r#"{"time":"1970-01-01T00:00:00Z","pids":null,"more":1}"#)
            .expect("keys that are missing, null or unknown");
        assert_eq!(read, Stats::default());
    }

    proptest! {
        /// D5: a sample is read back as it was written.
        #[test]
        fn a_sample_is_read_back_as_it_was_written(stats in samples()) {
            let text = serde_json::to_string(&stats).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Stats>(&text).expect("a sample"), stats);
        }

        /// M3: no percentage is negative or infinite.
        #[test]
        fn no_percentage_is_negative_or_infinite(one in samples(), other in samples()) {
            let percentages = [other.cpu_percent_since(&one), other.memory_percent()];
            prop_assert!(percentages.into_iter().flatten().all(|percent| percent.is_finite() && percent >= 0.0));
        }
    }
}
