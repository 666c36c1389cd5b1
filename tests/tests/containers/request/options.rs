//! Options of the process, its limits and its rights, as the engine shows them of a container that runs with them.

use std::time::Duration;

use seatrial::container::{HealthCheck, RestartPolicy};
use seatrial_test_support::own_session::{BASIC, OwnSession, look_at};
use serde_json::{Value, json};

/// Checks that a value holds all that another one has.
#[track_caller]
fn assert_holds(actual: &Value, expected: Value) {
    let Value::Object(expected) = expected else { panic!("{expected} is no object") };
    for (key, expected) in expected {
        assert_eq!(actual[&key], expected, "{key}");
    }
}

/// C4: command, entry point, environment, user, directory and the other options of the process reach the engine.
#[tokio::test]
async fn options_of_the_process_reach_the_engine() {
    let session = OwnSession::begin("options-process").await;
    let second = Duration::from_secs(1);
    let check = HealthCheck::cmd(["true"])
        .interval(2 * second)
        .timeout(3 * second)
        .retries(4)
        .start_period(5 * second);
    let container = session
        .shell("")
        .entrypoint(["sleep"])
        .cmd(["1000"])
        .env("A", "first")
        .env("A", "one = 1")
        .env("B", "")
        .working_dir("/tmp")
        .user("1000:1000")
        .hostname("a-host")
        .label("a.b/c", "d = e")
        .tty()
        .open_stdin()
        .stop_signal("SIGINT")
        .stop_timeout(Duration::from_millis(2_001))
        .health_check(check)
        .expose(81)
        .init()
        .start()
        .await
        .expect("it starts");
    let engine = look_at(&container);
    assert_eq!(engine["Path"], "sleep");
    let config = &engine["Config"];
    assert_holds(
        config,
        json!({
            "Image": BASIC, "Entrypoint": ["sleep"], "Cmd": ["1000"], "WorkingDir": "/tmp", "User": "1000:1000",
            "Hostname": "a-host", "Tty": true, "OpenStdin": true, "StopSignal": "SIGINT", "StopTimeout": 3,
            "ExposedPorts": { "81/tcp": {} },
            "Healthcheck": {
                "Test": ["CMD", "true"], "Interval": 2_000_000_000_u64, "Timeout": 3_000_000_000_u64, "Retries": 4,
                "StartPeriod": 5_000_000_000_u64,
            },
        }),
    );
    assert_eq!(config["Labels"]["a.b/c"], "d = e");
    assert_eq!(engine["HostConfig"]["Init"], true);
    let env: Vec<_> = config["Env"].as_array().expect("variables").iter().filter_map(Value::as_str).collect();
    assert!(env.contains(&"A=one = 1") && env.contains(&"B="), "{env:?}");
    assert!(!env.contains(&"A=first"), "{env:?}");
}

/// C4: a health check is a shell line with its times, or is switched off.
#[tokio::test]
async fn a_health_check_is_a_line_of_shell_or_none() {
    let session = OwnSession::begin("options-health").await;
    for (check, test) in [
        (HealthCheck::shell("a && b"), json!(["CMD-SHELL", "a && b"])),
        (HealthCheck::none(), json!(["NONE"])),
    ] {
        let container = session.idle().health_check(check).start().await.expect("it starts");
        assert_eq!(look_at(&container)["Config"]["Healthcheck"]["Test"], test);
    }
}

/// C4: limits reach the engine, with CPU time converted.
#[tokio::test]
async fn limits_reach_the_engine() {
    let session = OwnSession::begin("options-limits").await;
    let container = session
        .idle()
        .memory(64 << 20)
        .memory_swap(96 << 20)
        .milli_cpus(250)
        .cpuset("0")
        .pids_limit(77)
        .ulimit("nofile", 1000, 2000)
        .ulimit("core", 0, -1)
        .shm_size(8 << 20)
        .start()
        .await
        .expect("it starts");
    assert_holds(
        &look_at(&container)["HostConfig"],
        json!({
            "Memory": 64 << 20, "MemorySwap": 96 << 20, "CpuPeriod": 100_000, "CpuQuota": 25_000, "CpusetCpus": "0",
            "PidsLimit": 77, "ShmSize": 8 << 20,
            "Ulimits": [
                { "Name": "nofile", "Soft": 1000, "Hard": 2000 },
                { "Name": "core", "Soft": 0, "Hard": -1 },
            ],
        }),
    );
}

/// C4: a limit in thousandths of a CPU becomes a quota of a period of 100 ms.
#[tokio::test]
async fn a_milli_cpu_is_100_microseconds_of_a_period_of_100_000() {
    let session = OwnSession::begin("options-cpu").await;
    for (milli, quota) in [(10, 1_000), (1_000, 100_000), (1_999, 199_900)] {
        let container = session.idle().milli_cpus(milli).start().await.expect("it starts");
        let host = &look_at(&container)["HostConfig"];
        assert_eq!([&host["CpuPeriod"], &host["CpuQuota"]], [&json!(100_000), &json!(quota)], "{milli}");
        assert_eq!(host["NanoCpus"], 0, "it would contradict the quota");
    }
}

/// C4: capabilities, kernel parameters and devices reach the engine and hold in the container.
#[tokio::test]
async fn rights_and_devices_reach_the_engine_and_the_container() {
    let session = OwnSession::begin("options-rights").await;
    let container = session
        .shell("exec sleep 1000")
        .cap_drop("ALL")
        .cap_add("NET_ADMIN")
        .cap_add("CHOWN")
        .security_opt("no-new-privileges")
        .device("/dev/null", "/dev/nothing")
        .sysctl("net.core.somaxconn", "99")
        .start()
        .await
        .expect("it starts");
    assert_holds(
        &look_at(&container)["HostConfig"],
        json!({
            "CapDrop": ["ALL"], "CapAdd": ["NET_ADMIN", "CHOWN"], "SecurityOpt": ["no-new-privileges"],
            "Devices": [
                { "PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "rwm" },
            ],
            "Sysctls": { "net.core.somaxconn": "99" }, "Privileged": false,
        }),
    );
    let line = "cat /proc/sys/net/core/somaxconn && grep CapEff /proc/self/status && test -c /dev/nothing";
    let seen = container.exec(["sh", "-c", line]).await.expect("it runs");
    // NET_ADMIN is bit 12, CHOWN is bit 0.
    assert_eq!(seen.stdout_text(), "99\nCapEff:\t0000000000001001\n", "{}", seen.stderr_text());
}

/// C4: restart policies and automatic removal reach the engine.
#[tokio::test]
async fn each_restart_policy_and_auto_remove_reach_the_engine() {
    let session = OwnSession::begin("options-restart").await;
    for (policy, name, count) in [
        (RestartPolicy::No, "no", 0),
        (RestartPolicy::Always, "always", 0),
        (RestartPolicy::UnlessStopped, "unless-stopped", 0),
        (RestartPolicy::OnFailure(3), "on-failure", 3),
    ] {
        let container = session.idle().restart_policy(policy).start().await.expect("it starts");
        let host = &look_at(&container)["HostConfig"];
        assert_eq!(host["RestartPolicy"], json!({ "Name": name, "MaximumRetryCount": count }));
        assert_eq!(host["AutoRemove"], false);
    }
    let container = session.idle().auto_remove().start().await.expect("it starts");
    assert_eq!(look_at(&container)["HostConfig"]["AutoRemove"], true);
}

/// C4: DNS servers, extra hosts and links reach the engine and the container.
#[tokio::test]
async fn dns_hosts_and_links_reach_the_engine_and_the_container() {
    let session = OwnSession::begin("options-net").await;
    let other = session.idle().start().await.expect("it starts");
    let container = session
        .shell("exec sleep 1000")
        .dns("192.0.2.53")
        .dns("192.0.2.54")
        .extra_host("far", "192.0.2.1")
        .extra_host("six", "2001:db8::1")
        .link(&other, "linked")
        .start()
        .await
        .expect("it starts");
    let host = &look_at(&container)["HostConfig"];
    assert_holds(
        host,
        json!({ "Dns": ["192.0.2.53", "192.0.2.54"], "ExtraHosts": ["far:192.0.2.1", "six:2001:db8::1"] }),
    );
    let link = host["Links"][0].as_str().expect("a link");
    assert!(link.starts_with(&format!("/{}:", other.name())) && link.ends_with("/linked"), "{link}");
    let files = container.exec(["cat", "/etc/hosts", "/etc/resolv.conf"]).await.expect("it runs");
    let files = files.stdout_text();
    let address = other.ipv4("bridge").await.expect("it has an address").to_string();
    let has =
        |line: &[&str]| files.lines().any(|text| text.split_whitespace().take(2).eq(line.iter().copied()));
    assert!(has(&["192.0.2.1", "far"]) && has(&["2001:db8::1", "six"]), "{files}");
    assert!(has(&["nameserver", "192.0.2.53"]) && has(&[&address, "linked"]), "{files}");
}

/// C4: the network mode `none` leaves a container with loopback only.
#[tokio::test]
async fn a_container_that_asks_for_no_network_has_none() {
    let session = OwnSession::begin("options-none").await;
    let container = session.shell("exec sleep 1000").network_mode("none").start().await.expect("it starts");
    assert_eq!(look_at(&container)["HostConfig"]["NetworkMode"], "none");
    let interfaces = container.exec(["ls", "/sys/class/net"]).await.expect("it runs");
    assert!(!interfaces.stdout_text().contains("eth0"), "{}", interfaces.stdout_text());
}

/// C7: the test's name is in the environment of the container and of every exec, unless the request sets another.
#[tokio::test]
async fn a_container_can_tell_which_test_it_serves() {
    let session = OwnSession::begin("options-test").await;
    let container = session.shell("exec sleep 1000").start().await.expect("it starts");
    let expected = "SEATRIAL_TEST_NAME=request::options::a_container_can_tell_which_test_it_serves";
    let env = look_at(&container)["Config"]["Env"].clone();
    assert!(env.as_array().expect("variables").contains(&json!(expected)), "{env}");
    assert_eq!(look_at(&container)["Config"]["Labels"]["seatrial.test"], expected.split_once('=').unwrap().1);
    let seen = container.exec(["env"]).await.expect("it runs").stdout_text();
    assert!(seen.lines().any(|line| line == expected), "{seen}");
    let own = session.shell("exec sleep 1000").env("SEATRIAL_TEST_NAME", "mine").start().await.unwrap();
    let seen = own.exec(["env"]).env("SEATRIAL_TEST_NAME", "this").await.expect("it runs").stdout_text();
    let names: Vec<_> = seen.lines().filter(|line| line.starts_with("SEATRIAL_TEST_NAME=")).collect();
    assert_eq!(names, ["SEATRIAL_TEST_NAME=this"], "an exec's own variable wins");
    let env = look_at(&own)["Config"]["Env"].to_string();
    assert!(env.contains("SEATRIAL_TEST_NAME=mine") && !env.contains("which_test"), "{env}");
}
