//! Parses the engine's JSON leniently to a sample. It is pure. Missing and malformed values count as not reported.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Stats, Traffic};
use crate::words::parse_rfc3339;

impl Stats {
    /// Parses the answer of Docker or Podman, with cgroups of version 1 or 2. Returns `None` if the container does not
    /// run, in which case the engine reports no time.
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let time = answer["read"].as_str().and_then(parse_rfc3339)?;
        let memory = &answer["memory_stats"];
        let mut stats = Self {
            time,
            memory_bytes: memory_in_use(memory),
            memory_limit_bytes: memory["limit"].as_u64(),
            pids: answer["pids_stats"]["current"].as_u64(),
            interfaces: interfaces(&answer["networks"]),
            disk_read_bytes: disk(&answer["blkio_stats"], "read"),
            disk_written_bytes: disk(&answer["blkio_stats"], "write"),
            ..cpu(&answer["cpu_stats"])
        };
        // The engine includes the previous sample. In the first one, it is all zeros.
        stats.cpu_percent = stats.cpu_percent_since(&cpu(&answer["precpu_stats"]));
        Some(stats)
    }
}

/// Reads the CPU counters only.
fn cpu(part: &Value) -> Stats {
    let usage = &part["cpu_usage"];
    // The engine omits the counter in an empty sample.
    let system = part["system_cpu_usage"].as_u64().filter(|nanos| *nanos > 0);
    let each = usage["percpu_usage"].as_array().map(|each| each.len() as u64);
    Stats {
        cpu_nanos: usage["total_usage"].as_u64().filter(|nanos| *nanos > 0 || system.is_some()),
        system_cpu_nanos: system,
        online_cpus: [part["online_cpus"].as_u64(), each].into_iter().flatten().find(|cpus| *cpus > 0),
        ..Stats::default()
    }
}

/// Returns the memory usage like `docker stats`: without the inactive file cache. The cache's key differs between the
/// cgroup versions (`calculateMemUsageUnixNoCache` of docker/cli).
fn memory_in_use(memory: &Value) -> Option<u64> {
    let usage = memory["usage"].as_u64()?;
    let cached = ["total_inactive_file", "inactive_file"].map(|key| memory["stats"][key].as_u64());
    let cached = cached.into_iter().flatten().find(|cached| *cached < usage);
    Some(usage - cached.unwrap_or_default())
}

fn interfaces(networks: &Value) -> BTreeMap<String, Traffic> {
    let traffic = |interface: &Value| Traffic {
        received_bytes: interface["rx_bytes"].as_u64(),
        sent_bytes: interface["tx_bytes"].as_u64(),
        received_packets: interface["rx_packets"].as_u64(),
        sent_packets: interface["tx_packets"].as_u64(),
    };
    let by_name = networks.as_object().into_iter().flatten();
    by_name.map(|(name, interface)| (name.clone(), traffic(interface))).collect()
}

/// Sums the bytes of one kind of operation over all devices. With cgroups of version 1, the operation's name is
/// capitalised.
fn disk(blkio: &Value, operation: &str) -> Option<u64> {
    let entries = blkio["io_service_bytes_recursive"].as_array()?;
    let is_it = |entry: &&Value| entry["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case(operation));
    let bytes = entries.iter().filter(is_it).filter_map(|entry| entry["value"].as_u64());
    Some(bytes.fold(0, u64::saturating_add))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer() -> Value {
        json!({
            "read": "2026-11-21T13:06:45.658876424Z",
            "preread": "2026-11-21T13:06:44.655555419Z",
            "pids_stats": { "current": 3 },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "major": 254, "minor": 0, "op": "Read", "value": 100 },
                { "major": 254, "minor": 0, "op": "Write", "value": 7 },
                { "major": 254, "minor": 0, "op": "Total", "value": 107 },
                { "major": 8, "minor": 0, "op": "Read", "value": 20 },
            ] },
            "cpu_stats": {
                "cpu_usage": { "total_usage": 504_563_868, "percpu_usage": [501_482_675, 3_081_193] },
                "system_cpu_usage": 5_259_280_000_000_u64, "online_cpus": 2,
            },
            "precpu_stats": {
                "cpu_usage": { "total_usage": 38_997_529 },
                "system_cpu_usage": 5_257_270_000_000_u64, "online_cpus": 2,
            },
            "memory_stats": {
                "usage": 2_076_672, "limit": 25_276_502_016_u64,
                "stats": { "inactive_file": 1, "total_inactive_file": 1_605_632 },
            },
            "networks": {
                "eth0": { "rx_bytes": 266, "rx_packets": 3, "tx_bytes": 10, "tx_packets": 1 },
                "eth1": { "rx_bytes": 4 },
            },
        })
    }

    /// M3: an answer of Docker with cgroups of version 1 is parsed.
    #[test]
    fn an_answer_of_docker_s_with_version_1_of_control_groups_is_read() {
        let stats = Stats::read(&answer()).expect("a sample");
        let percent = stats.cpu_percent.expect("there was a sample before");
        assert!((percent - 46.324_9).abs() < 0.001, "{percent}");
        assert_eq!(stats.memory_bytes, Some(2_076_672 - 1_605_632));
        assert_eq!(stats.memory_limit_bytes, Some(25_276_502_016));
        assert_eq!((stats.disk_read_bytes, stats.disk_written_bytes), (Some(120), Some(7)));
        assert_eq!((stats.pids, stats.online_cpus), (Some(3), Some(2)));
        assert_eq!(stats.interfaces["eth0"].received_bytes, Some(266));
        assert_eq!(stats.interfaces["eth1"].sent_bytes, None);
        let all = stats.network().expect("two interfaces");
        assert_eq!((all.received_bytes, all.sent_bytes), (Some(270), Some(10)));
    }

    /// M3: cgroups of version 2 have other keys.
    #[test]
    fn version_2_of_control_groups_has_other_keys() {
        let mut answer = answer();
        answer["memory_stats"] =
            json!({ "usage": 5000, "stats": { "inactive_file": 2000, "file": 3000 }, "limit": 9000 });
        answer["cpu_stats"]["cpu_usage"]["percpu_usage"] = Value::Null;
        answer["blkio_stats"]["io_service_bytes_recursive"] =
            json!([{ "op": "read", "value": 5 }, { "op": "write", "value": 6 }]);
        let stats = Stats::read(&answer).expect("a sample");
        assert_eq!((stats.memory_bytes, stats.memory_limit_bytes), (Some(3000), Some(9000)));
        assert_eq!((stats.disk_read_bytes, stats.disk_written_bytes), (Some(5), Some(6)));
        assert!(stats.cpu_percent.is_some());
    }

    /// M3: the cache is subtracted like in `docker stats`.
    #[test]
    fn the_cache_is_subtracted_where_it_is_smaller_than_the_usage() {
        for (memory, bytes) in [
            (json!({ "usage": 10, "stats": { "total_inactive_file": 4, "inactive_file": 1 } }), Some(6)),
            (json!({ "usage": 10, "stats": { "total_inactive_file": 10, "inactive_file": 1 } }), Some(9)),
            (json!({ "usage": 10, "stats": { "inactive_file": 10 } }), Some(10)),
            (json!({ "usage": 10, "stats": { "inactive_file": 3 } }), Some(7)),
            (json!({ "usage": 10, "stats": null }), Some(10)),
            (json!({ "usage": 0 }), Some(0)),
            (json!({ "stats": { "inactive_file": 3 } }), None),
            (json!({}), None),
        ] {
            assert_eq!(memory_in_use(&memory), bytes, "{memory}");
        }
    }

    /// M3: the first sample has no percentage, since without a previous one the engine counts from the machine's start.
    #[test]
    fn the_first_sample_of_a_stream_has_no_percentage() {
        for before in [
            json!({ "cpu_usage": { "total_usage": 0 } }),
            json!({ "cpu_usage": { "total_usage": 0 }, "system_cpu_usage": 0 }),
            json!(null),
        ] {
            let mut answer = answer();
            answer["precpu_stats"] = before;
            assert_eq!(Stats::read(&answer).expect("a sample").cpu_percent, None);
        }
    }

    /// M3: the number of CPUs is found under either key.
    #[test]
    fn the_number_of_cpus_is_found_where_it_is() {
        let mut answer = answer();
        answer["cpu_stats"]["online_cpus"] = json!(0);
        assert_eq!(Stats::read(&answer).expect("a sample").online_cpus, Some(2));
        answer["cpu_stats"]["cpu_usage"]["percpu_usage"] = json!([]);
        let stats = Stats::read(&answer).expect("a sample");
        assert_eq!((stats.online_cpus, stats.cpu_percent), (None, None));
    }

    /// M3, D5: missing values are not reported as zero.
    #[test]
    fn what_is_missing_is_not_told() {
        let time = "2026-11-21T13:06:45Z";
        let nothing = Stats::read(&json!({ "read": time })).expect("a sample");
        assert_eq!(nothing, Stats { time: nothing.time, ..Stats::default() });
        let odd = json!({
            "read": time, "memory_stats": [], "networks": 1, "cpu_stats": "x", "pids_stats": { "current": -1 },
            "blkio_stats": { "io_service_bytes_recursive": null },
        });
        assert_eq!(Stats::read(&odd), Some(nothing));
    }

    /// M3: the answer for a container that does not run yields no sample.
    #[test]
    fn an_answer_without_a_time_is_no_sample() {
        for answer in [json!({ "read": "0001-01-01T00:00:00Z" }), json!({}), json!(null), json!([])] {
            assert_eq!(Stats::read(&answer), None, "{answer}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            let keys =
                "total_usage|cpu_usage|system_cpu_usage|online_cpus|usage|stats|eth0|rx_bytes|op|value";
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(keys, inner, 0..4)
                    .prop_map(|map| Value::from_iter(map.into_iter().collect::<Vec<_>>())),
            ]
        })
    }

    proptest! {
        /// M3: an answer of any shape is parsed without a panic.
        #[test]
        fn an_answer_of_any_shape_is_read(
            cpu in values(), before in values(), memory in values(), networks in values(), blkio in values(),
        ) {
            let answer = json!({
                "read": "2026-11-21T13:06:45Z", "cpu_stats": cpu, "precpu_stats": before, "memory_stats": memory,
                "networks": networks, "blkio_stats": blkio,
            });
            let stats = Stats::read(&answer).expect("a sample");
            prop_assert!(stats.cpu_percent.is_none_or(|percent| percent.is_finite() && percent >= 0.0));
        }
    }
}
