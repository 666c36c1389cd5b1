//! Standard output's limit, a terminal, privileges.

use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{Child, is_scenario, say};
use std::time::Duration;

use super::waiting;

/// C27: the first bytes of each stream are kept, and the result says that there were more.
#[tokio::test]
async fn output_beyond_the_limit_is_dropped_and_said_to_be() {
    let session = OwnSession::begin("exec-limit").await;
    let container = waiting(&session).await;
    let line = "head -c 300000 /dev/zero; printf few >&2; exit 4";
    let command = || container.exec(["sh", "-c", line]);
    let cut = command().output_limit(1000).await.expect("it runs");
    assert_eq!((cut.exit_code, cut.stdout.len(), cut.truncated), (4, 1000, true));
    assert_eq!(cut.stderr_text(), "few", "each stream has its own limit");
    let exact = command().output_limit(300_000).await.expect("it runs");
    assert_eq!((exact.stdout.len(), exact.truncated), (300_000, false));
    let none = command().output_limit(0).await.expect("it runs");
    assert_eq!((none.stdout.len(), none.stderr.len(), none.truncated), (0, 0, true));
}

/// C27: 1 GB of output under a limit of 1 MB takes little memory.
#[test]
fn a_flood_of_output_takes_little_memory() {
    let mut child = Child::spawn(scenario_flood, &[]);
    let line = child.line("peak:", Duration::from_secs(200));
    assert!(child.wait(Duration::from_secs(30)).success(), "{:#?}", child.lines());
    let peak: u64 = line.trim_start_matches("peak: ").parse().expect("a number");
    assert!(peak < 48 << 10, "{peak} kB at the peak");
}

#[tokio::test]
#[ignore = "a scenario of the test above"]
async fn scenario_flood() {
    if !is_scenario() {
        return;
    }
    let session = OwnSession::begin("exec-flood").await;
    let container = waiting(&session).await;
    let flood = container.exec(["head", "-c", "1000000000", "/dev/zero"]).output_limit(1_000_000);
    let output = flood.await.expect("it runs");
    assert_eq!((output.exit_code, output.stdout.len(), output.truncated), (0, 1_000_000, true));
    drop(container);
    drop(session);
    let status = std::fs::read_to_string("/proc/self/status").expect("ours can be read");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel tells");
    say(&format!("peak: {}", peak.trim().trim_end_matches(" kB")));
}

/// C27: with a terminal there is one stream, with the terminal's line ends.
#[tokio::test]
async fn a_terminal_is_one_where_it_was_asked_for() {
    let session = OwnSession::begin("exec-tty").await;
    let container = waiting(&session).await;
    let line = "test -t 0 && test -t 1 && test -t 2 && echo terminal; echo err >&2; exit 3";
    let with = container.exec(["sh", "-c", line]).tty().await.expect("it runs");
    assert_eq!((with.exit_code, with.stdout_text().as_str()), (3, "terminal\r\nerr\r\n"));
    assert!(with.stderr.is_empty());
    let without = container.exec(["sh", "-c", line]).await.expect("it runs");
    assert_eq!((without.stdout_text().as_str(), without.stderr_text().as_str()), ("", "err\n"));
    let typed = container.exec(["sh", "-c", "read line; echo \"<$line>\""]).tty().stdin("typed\n").await;
    let typed = typed.expect("it runs").stdout_text();
    assert!(typed.ends_with("<typed>\r\n"), "{typed:?}");
}

/// C27: a privileged command has more rights. An engine that lacks a right itself says so.
#[tokio::test]
async fn a_privileged_command_may_do_what_others_may_not() {
    let session = OwnSession::begin("exec-privileged").await;
    let container = waiting(&session).await;
    let capabilities = ["sed", "-n", "s/^CapEff:[[:space:]]*//p", "/proc/self/status"];
    let count = |output: seatrial::ExecOutput| {
        let set = output.stdout_text();
        u64::from_str_radix(set.trim(), 16).unwrap_or_else(|error| panic!("{error}: {set:?}")).count_ones()
    };
    let plain = count(container.exec(capabilities).await.expect("it runs"));
    match container.exec(capabilities).privileged().await {
        Ok(output) => assert!(count(output) > plain, "{plain}"),
        Err(error) => assert!(error.is_not_started() && error.to_string().contains("caps"), "{error:?}"),
    }
}
