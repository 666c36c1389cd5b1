//! The memory that a copy takes, measured in a process of its own.

use std::fs;
use std::io::{self, Read};
use std::time::Duration;

use seatrial::CopyIn;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{Child, is_scenario, say};

const SIZE: u64 = 256 << 20;
/// In kB, as the kernel gives it.
const LIMIT: u64 = 64 << 10;

/// C19, C20: far more is copied in and out than the memory that the process may take.
#[test]
fn a_large_copy_takes_little_memory_in_both_directions() {
    let mut child = Child::spawn(scenario_copies, &[]);
    let line = child.line("peak:", Duration::from_secs(120));
    assert!(child.wait(Duration::from_secs(30)).success(), "{:#?}", child.lines());
    let peak: u64 = line.trim_start_matches("peak: ").parse().expect("a number");
    assert!(peak < LIMIT, "{peak} kB at the peak");
}

#[tokio::test]
#[ignore = "a scenario of the test above"]
async fn scenario_copies() {
    if !is_scenario() {
        return;
    }
    let session = OwnSession::begin("memory").await;
    let container = session.idle().start().await.expect("it starts");
    let large = CopyIn::reader(|| Ok(io::repeat(b'x').take(SIZE)), SIZE, "/large");
    container.copy_in(large).await.expect("it is copied");
    let listed = container.exec(["/misbehave", "ls", "/large"]).await.expect("it runs").stdout_text();
    assert!(listed.contains(&format!(" {SIZE} ")), "{listed}");
    assert_eq!(container.copy_out_to("/large", io::sink()).await.expect("it is copied"), SIZE);
    drop(container);
    drop(session);
    let status = fs::read_to_string("/proc/self/status").expect("it is there");
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak of what is resident");
    say(&format!("peak: {}", peak.trim().trim_end_matches(" kB")));
}
