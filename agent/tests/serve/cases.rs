//! Cases that run, fail or cannot be started.

use seatrial_core::case::end::{How, Refusal, Stage};

use crate::program::{Serving, Wanted, shell};

/// A1: a case returns its exit code, its output and its resource usage.
#[test]
fn a_case_s_output_and_result_are_returned() {
    let mut serving = Serving::start();
    for number in 1..4 {
        let outcome = serving.run(number, &shell("echo out; echo err >&2; exit 3"));
        let end = outcome.end.expect("it was started");
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!((end.how, end.ended, end.left, end.truncated), (How::Exited(3), 0, 0, false));
        assert!(end.elapsed > 0 && end.max_rss > 0, "{end:?}");
    }
    let outcome = serving.run(4, &shell("kill -TERM $$"));
    assert_eq!(outcome.end.expect("it was started").how, How::Signalled(15));
}

/// A2: a case has its own variables, directory and streams, and no signal is blocked or ignored.
#[test]
fn the_environment_the_directory_and_the_streams_are_the_case_s_own() {
    let mut serving = Serving::start();
    let line =
        "pwd; echo $INHERITED $OWN $$; cat; grep -E 'Sig(Blk|Ign)' /proc/self/status; cat /proc/$$/stat";
    let wanted = Wanted { env: vec!["OWN=1", "INHERITED=no"], working_dir: Some("/tmp"), ..shell(line) };
    let outcome = serving.run(1, &wanted);
    let lines: Vec<_> = outcome.stdout.lines().collect();
    let pid = lines[1].strip_prefix("no 1 ").expect("both variables");
    assert_eq!(lines[0], "/tmp");
    let mask = |line: &str| u64::from_str_radix(&line[line.len() - 16..], 16).expect("a mask");
    assert_eq!(mask(lines[2]), 0, "no signal is blocked: {lines:?}");
    assert_eq!(mask(lines[3]) & 1 << 12, 0, "a closed pipe is told of: {lines:?}");
    let stat: Vec<_> = lines[4].split(' ').collect();
    assert_eq!(&stat[4..6], [pid, pid], "it leads a group and a session of its own");
}

/// A3: a case that cannot be started is reported with the reason, apart from one that failed.
#[test]
fn a_case_that_cannot_be_started_is_refused_with_the_reason() {
    let mut serving = Serving::start();
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("it is written");
    let file = file.to_str().expect("text");
    let long = "x".repeat(200_000);
    let many = vec!["x"; 70_000];
    let cases = [
        (vec!["no-such-program"], None, Stage::Program, libc_errno::ENOENT),
        (vec!["/no/such/program"], None, Stage::Program, libc_errno::ENOENT),
        (vec![""], None, Stage::Program, libc_errno::ENOENT),
        (vec![file], None, Stage::Program, libc_errno::EACCES),
        (vec!["/tmp"], None, Stage::Program, libc_errno::EACCES),
        (vec!["true"], Some("/no/such"), Stage::WorkingDir, libc_errno::ENOENT),
        (vec!["true"], Some(file), Stage::WorkingDir, libc_errno::ENOTDIR),
        (vec!["true", &long], None, Stage::Program, libc_errno::E2BIG),
        (many, None, Stage::Description, libc_errno::E2BIG),
    ];
    for (number, (argv, working_dir, stage, errno)) in (1..).zip(cases) {
        let what = format!("{:.40?} in {working_dir:?}", argv);
        let outcome = serving.run(number, &Wanted { argv, working_dir, ..Wanted::default() });
        assert_eq!(outcome.end.err(), Some(Refusal { stage, errno }), "{what}");
    }
    let outcome = serving.run(99, &shell("exit 127"));
    assert_eq!(outcome.end.expect("it was started").how, How::Exited(127));
}

/// The kernel's error numbers.
mod libc_errno {
    pub(super) const ENOENT: i32 = 2;
    pub(super) const E2BIG: i32 = 7;
    pub(super) const EACCES: i32 = 13;
    pub(super) const ENOTDIR: i32 = 20;
}

/// A2: arguments may have any characters in them.
#[test]
fn arguments_arrive_unchanged() {
    let mut serving = Serving::start();
    let long = "long ".repeat(20_000);
    let argv = vec!["printf", "%s|", "a b", "\"'`$", "new\nline", "", "ä", &long];
    let outcome = serving.run(1, &Wanted { argv, ..Wanted::default() });
    assert_eq!(outcome.stdout, format!("a b|\"'`$|new\nline||ä|{long}|"));
}

/// A1: as many cases run at the same time as there are slots.
#[test]
fn a_case_runs_in_each_slot_at_the_same_time() {
    let mut serving = Serving::start();
    for slot in 0..64_u8 {
        serving.begin(slot, u32::from(slot) + 1, &shell(&format!("read line; echo {slot}; exit {slot}")));
    }
    // `read` ends at once, since the cases have no standard input.
    let mut ends = 0;
    while ends < 64 {
        let came = serving.next().expect("it has not ended");
        assert_eq!(came.number, u32::from(came.slot) + 1);
        match came.kind {
            seatrial_core::case::frame::Kind::End => {
                let end = seatrial_core::case::end::End::parse(&came.payload).expect("it is one");
                assert_eq!(end.how, How::Exited(came.slot.into()));
                ends += 1;
            }
            _ => assert_eq!(came.payload, format!("{}\n", came.slot).into_bytes()),
        }
    }
}
