//! Cases that are ended, and what they leave.

use std::time::{Duration, Instant};

use seatrial_core::case::Encoder;
use seatrial_core::case::end::{End, How};
use seatrial_core::case::frame::Kind;

use crate::program::{Serving, Wanted, shell};

/// A line that leaves a child, an orphan, one with a session of its own, and one without an environment.
fn family(mark: u32) -> String {
    format!(
        "sleep {mark}1 & (sleep {mark}2 &) ; setsid sleep {mark}3 & env -i sleep {mark}4 & \
         (setsid sh -c 'trap \"\" TERM HUP; sleep {mark}5; sleep {mark}5' &); echo ready"
    )
}

/// How many processes of this machine have the text in their command.
fn count(text: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("there is one");
    let commands = processes.flatten().filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    commands.filter(|command| String::from_utf8_lossy(command).replace('\0', " ").starts_with(text)).count()
}

/// A number that no other test's processes have.
fn mark() -> u32 {
    rand::random_range(100_000..900_000)
}

/// A5: the result waits for nobody who was left, and nobody is left once it is there.
#[test]
fn what_a_case_leaves_is_ended_and_counted() {
    let (mut serving, mark) = (Serving::start(), mark());
    for number in 1..3 {
        let began = Instant::now();
        let outcome = serving.run(number, &shell(&family(mark)));
        let end = outcome.end.expect("it was started");
        assert_eq!((end.how, end.left), (How::Exited(0), 0), "{end:?}");
        // The shell of the last one has a child or not yet.
        assert!((5..=6).contains(&end.ended), "{end:?}");
        assert_eq!(outcome.stdout, "ready\n");
        assert!(began.elapsed() < Duration::from_secs(60));
        assert_eq!(count(&format!("sleep {mark}")), 0);
    }
}

/// A4: a time is kept by the program itself, whatever the case does.
#[test]
fn a_case_out_of_time_is_ended_with_all_that_came_of_it() {
    let (mut serving, mark) = (Serving::start(), mark());
    let line = format!("{}; exec >&- 2>&-; trap '' TERM; while :; do sleep {mark}9; done", family(mark));
    let outcome = serving.run(1, &Wanted { milliseconds: 300, ..shell(&line) });
    let end = outcome.end.expect("it was started");
    assert_eq!((end.how, end.left, outcome.stdout.as_str()), (How::TimedOut, 0, "ready\n"));
    assert!(end.ended >= 5 && end.elapsed >= 300_000_000, "{end:?}");
    assert_eq!(count(&format!("sleep {mark}")), 0);
}

/// A5: one that closes its streams and goes on is waited for.
#[test]
fn the_end_is_the_process_s_and_not_its_streams() {
    let mut serving = Serving::start();
    let outcome = serving.run(1, &shell("exec <&- >&- 2>&-; sleep 0.3; exit 7"));
    let end = outcome.end.expect("it was started");
    assert_eq!((end.how, end.ended), (How::Exited(7), 0));
    assert!(end.elapsed >= 300_000_000, "{end:?}");
}

/// A6.
#[test]
fn a_case_that_is_cancelled_is_ended_and_its_slot_is_free() {
    let (mut serving, mark) = (Serving::start(), mark());
    serving.begin(0, 1, &shell(&format!("{}; sleep {mark}8", family(mark))));
    assert_eq!(serving.next().expect("it prints").payload, b"ready\n");
    let mut bytes = Vec::new();
    // That of another number means nothing.
    Encoder::new(&mut bytes, 0, 77).cancel();
    Encoder::new(&mut bytes, 0, 1).cancel();
    serving.send(&bytes);
    assert_eq!(serving.finish().end.expect("it was started").how, How::Cancelled);
    assert_eq!(count(&format!("sleep {mark}")), 0);
    assert_eq!(serving.run(2, &shell("exit 4")).end.expect("it was started").how, How::Exited(4));
}

/// A7: when nobody is there any more, all cases are ended.
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

/// A17: a main process answers a hello, stays when nobody is there any more, and ends when it is told to.
#[test]
fn a_main_process_stays_until_it_is_told_to_end() {
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

/// A7: the program killed, its workers end what they look after.
#[test]
fn the_workers_notice_that_the_program_was_killed() {
    let (mut serving, mark) = (Serving::start(), mark());
    serving.begin(0, 1, &shell(&format!("{}; sleep {mark}8", family(mark))));
    assert_eq!(serving.next().expect("it prints").payload, b"ready\n");
    serving.child.kill().expect("it can be");
    // The workers write to the same pipe: its end is theirs.
    while let Some(came) = serving.next() {
        assert_ne!(came.kind, Kind::Refused);
    }
    assert_eq!(count(&format!("sleep {mark}")), 0);
}

/// A7: a worker killed, its case is lost, what is left of it is ended, and the slot can be used again.
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
