//! Cases that are killed, and processes that cases leave.

use std::time::{Duration, Instant};

use seatrial_core::case::Encoder;
use seatrial_core::case::end::{End, How};
use seatrial_core::case::frame::Kind;

use crate::program::{Serving, Wanted, shell};

/// Returns a shell line that leaves four processes: a child, an orphan, one in a session of its own, and one without
/// environment variables.
fn family(mark: u32) -> String {
    format!(
        "sleep {mark}1 & (sleep {mark}2 &) ; setsid sleep {mark}3 & env -i sleep {mark}4 & \
         (setsid sh -c 'trap \"\" TERM HUP; sleep {mark}5; sleep {mark}5' &); echo ready"
    )
}

/// Returns the number of processes on this machine that have the text in their command line.
fn count(text: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("there is one");
    let commands = processes.flatten().filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    commands.filter(|command| String::from_utf8_lossy(command).replace('\0', " ").starts_with(text)).count()
}

/// Returns a number that no other test's processes have.
fn mark() -> u32 {
    rand::random_range(100_000..900_000)
}

/// A5: the result does not wait for processes that the case left, and they are killed before it comes.
#[test]
fn processes_that_a_case_leaves_are_killed_and_counted() {
    let (mut serving, mark) = (Serving::start(), mark());
    for number in 1..3 {
        let began = Instant::now();
        let outcome = serving.run(number, &shell(&family(mark)));
        let end = outcome.end.expect("it was started");
        assert_eq!((end.how, end.left), (How::Exited(0), 0), "{end:?}");
        // The last shell may not have forked yet.
        assert!((5..=6).contains(&end.ended), "{end:?}");
        assert_eq!(outcome.stdout, "ready\n");
        assert!(began.elapsed() < Duration::from_secs(60));
        assert_eq!(count(&format!("sleep {mark}")), 0);
    }
}

/// A4: the agent enforces the time limit itself, whatever the case does.
#[test]
fn a_case_out_of_time_is_killed_with_its_descendants() {
    let (mut serving, mark) = (Serving::start(), mark());
    let line = format!("{}; exec >&- 2>&-; trap '' TERM; while :; do sleep {mark}9; done", family(mark));
    let outcome = serving.run(1, &Wanted { milliseconds: 300, ..shell(&line) });
    let end = outcome.end.expect("it was started");
    assert_eq!((end.how, end.left, outcome.stdout.as_str()), (How::TimedOut, 0, "ready\n"));
    assert!(end.ended >= 5 && end.elapsed >= 300_000_000, "{end:?}");
    assert_eq!(count(&format!("sleep {mark}")), 0);
}

/// A5: a case that closes its streams and keeps running is waited for.
#[test]
fn a_case_ends_with_its_process_and_not_with_its_streams() {
    let mut serving = Serving::start();
    let outcome = serving.run(1, &shell("exec <&- >&- 2>&-; sleep 0.3; exit 7"));
    let end = outcome.end.expect("it was started");
    assert_eq!((end.how, end.ended), (How::Exited(7), 0));
    assert!(end.elapsed >= 300_000_000, "{end:?}");
}

/// A6: a cancelled case is killed with its processes.
#[test]
fn a_cancelled_case_is_killed_and_its_slot_is_free() {
    let (mut serving, mark) = (Serving::start(), mark());
    serving.begin(0, 1, &shell(&format!("{}; sleep {mark}8", family(mark))));
    assert_eq!(serving.next().expect("it prints").payload, b"ready\n");
    let mut bytes = Vec::new();
    // A request with another case's number is ignored.
    Encoder::new(&mut bytes, 0, 77).cancel();
    Encoder::new(&mut bytes, 0, 1).cancel();
    serving.send(&bytes);
    assert_eq!(serving.finish().end.expect("it was started").how, How::Cancelled);
    assert_eq!(count(&format!("sleep {mark}")), 0);
    assert_eq!(serving.run(2, &shell("exit 4")).end.expect("it was started").how, How::Exited(4));
}

/// A7: at the end of standard input, all cases are killed.
#[test]
fn the_end_of_the_stream_ends_all_cases_and_the_program() {
    let (mut serving, mark) = (Serving::start(), mark());
    for slot in 0..4 {
        serving.begin(slot, 1, &shell(&format!("{}; sleep {mark}8", family(mark))));
    }
    for _ in 0..4 {
        assert_eq!(serving.next().expect("it prints").payload, b"ready\n");
    }
    serving.hang_up();
    assert!(serving.child.wait().expect("it has ended").success());
    assert_eq!(count(&format!("sleep {mark}")), 0);
}

/// A17: a main process answers a hello, stays at the end of standard input, and exits on `SIGTERM`.
#[test]
fn a_main_process_stays_until_sigterm() {
    let (mut serving, mark) = (Serving::as_main(), mark());
    let mut hello = Vec::new();
    Encoder::hello(&mut hello);
    serving.send(&hello);
    for _ in 0..2 {
        assert_eq!(serving.next().expect("it says so twice").kind, Kind::Hello);
    }
    serving.begin(0, 1, &shell(&format!("{}; sleep {mark}8", family(mark))));
    assert_eq!(serving.next().expect("it prints").payload, b"ready\n");
    serving.hang_up();
    while count(&format!("sleep {mark}")) > 0 {
        std::thread::yield_now();
    }
    assert!(serving.child.try_wait().expect("it can be asked").is_none(), "it stays");
    let pid = serving.child.id().to_string();
    assert!(std::process::Command::new("kill").arg(pid).status().expect("it runs").success());
    assert_eq!(serving.child.wait().expect("it has ended").code(), Some(128 + 15));
}

/// A7: when the agent is killed, its workers kill their cases.
#[test]
fn workers_notice_that_the_agent_was_killed() {
    let (mut serving, mark) = (Serving::start(), mark());
    serving.begin(0, 1, &shell(&format!("{}; sleep {mark}8", family(mark))));
    assert_eq!(serving.next().expect("it prints").payload, b"ready\n");
    serving.child.kill().expect("it can be");
    // The workers write to the same pipe, so it ends when they have.
    while let Some(came) = serving.next() {
        assert_ne!(came.kind, Kind::Refused);
    }
    assert_eq!(count(&format!("sleep {mark}")), 0);
}

/// A7: when a worker is killed, its case is reported as lost, the case's processes are killed, and the slot can be used
/// again.
#[test]
fn a_case_whose_worker_is_killed_is_lost() {
    let (mut serving, mark) = (Serving::start(), mark());
    serving.begin(5, 1, &shell(&format!("{}; kill -9 $PPID; sleep {mark}8", family(mark))));
    let lost = loop {
        let came = serving.next().expect("it has not ended");
        if came.kind != Kind::Stdout {
            break came;
        }
    };
    assert_eq!((lost.kind, lost.slot, lost.number, lost.payload), (Kind::Lost, 5, 1, vec![0; 4]));
    assert_eq!(count(&format!("sleep {mark}")), 0);
    serving.begin(5, 2, &shell("exit 6"));
    let end = serving.next().expect("it has not ended");
    assert_eq!(End::parse(&end.payload).expect("it is one").how, How::Exited(6));
}
