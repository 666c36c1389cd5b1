//! Streams: input, limits, and peers that don't read or send garbage.

use proptest::prelude::*;
use seatrial_core::case::Encoder;
use seatrial_core::case::end::How;
use seatrial_core::case::frame::{Kind, STDIN_WINDOW, WINDOW, credit_of};

use crate::program::{Serving, Wanted, shell};

/// A8: input of any length is passed on, one window at a time.
#[test]
fn input_is_passed_on_to_its_end() {
    let mut serving = Serving::start();
    serving.begin(0, 1, &Wanted { has_stdin: true, ..shell("sleep 0.1; cksum; wc -c < /dev/null") });
    let (total, mut sent, mut window) = (1_000_000_usize, 0, STDIN_WINDOW as usize);
    while sent < total {
        let piece = window.min(total - sent);
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 0, 1);
        encoder.stdin(&vec![b'x'; piece]);
        (sent, window) = (sent + piece, window - piece);
        if sent == total {
            encoder.stdin_end();
        }
        serving.send(&bytes);
        while window == 0 && sent < total {
            let came = serving.next().expect("it has not ended");
            let (stream, bytes) = credit_of(&came.payload).expect("it is credit");
            assert_eq!((came.kind, stream), (Kind::Credit, Kind::Stdin));
            window += bytes as usize;
        }
    }
    let outcome = serving.finish();
    assert!(outcome.stdout.contains(" 1000000\n"), "{outcome:?}");
}

/// A8: input that the case does not read blocks nothing.
#[test]
fn a_case_need_not_read_its_input() {
    let mut serving = Serving::start();
    serving.begin(0, 1, &Wanted { has_stdin: true, ..shell("exit 5") });
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 0, 1).stdin(&vec![b'x'; STDIN_WINDOW as usize]);
    serving.send(&bytes);
    assert_eq!(serving.finish().end.expect("it was started").how, How::Exited(5));
}

/// A9: output beyond the limit is discarded in the container.
#[test]
fn endless_output_is_truncated_and_blocks_nothing() {
    let mut serving = Serving::start();
    let wanted = Wanted { milliseconds: 400, limit: Some(10_000), ..shell("yes & yes >&2") };
    let outcome = serving.run(1, &wanted);
    let end = outcome.end.expect("it was started");
    assert_eq!((end.how, end.truncated), (How::TimedOut, true));
    assert_eq!((outcome.stdout.len(), outcome.stderr.len()), (10_000, 10_000));
    let outcome = serving.run(2, &Wanted { limit: Some(4), ..shell("printf 1234") });
    assert_eq!((outcome.stdout.as_str(), outcome.end.expect("it was started").truncated), ("1234", false));
    let outcome = serving.run(3, &Wanted { limit: Some(4), ..shell("printf 12345") });
    assert_eq!((outcome.stdout.as_str(), outcome.end.expect("it was started").truncated), ("1234", true));
    let outcome = serving.run(4, &Wanted { limit: Some(0), ..shell("printf 1; printf 2 >&2") });
    assert_eq!((outcome.stdout.as_str(), outcome.end.expect("it was started").truncated), ("", true));
}

/// A10: a case whose output is not read blocks no other case, and its time limit still applies.
#[test]
fn a_case_without_credit_blocks_no_other_case() {
    let mut serving = Serving::start();
    serving.begin(1, 1, &shell("head -c 1000000 /dev/zero; exit 9"));
    let mut came = 0;
    while came < WINDOW as usize {
        came += serving.next().expect("it prints").payload.len();
    }
    assert_eq!(came, WINDOW as usize);
    for number in 2..5 {
        assert_eq!(serving.run(number, &shell("exit 1")).end.expect("it was started").how, How::Exited(1));
    }
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 1, 1).credit(Kind::Stdout, 1_000_000);
    serving.send(&bytes);
    let outcome = serving.finish();
    assert_eq!(outcome.end.expect("it was started").how, How::Exited(9));
    assert_eq!(came + outcome.stdout.len(), 1_000_000);
}

/// A10: a full pipe, because the library does not read, does not stop the time limit.
#[test]
fn a_library_that_does_not_read_does_not_stop_the_time_limit() {
    let mut serving = Serving::start();
    for slot in 0..8 {
        serving.begin(slot, 1, &Wanted { milliseconds: 300, ..shell("exec yes") });
    }
    // The pipe holds 64 KiB, and each case may send four times that.
    std::thread::sleep(std::time::Duration::from_millis(600));
    let mut ends = 0;
    while ends < 8 {
        let came = serving.next().expect("it has not ended");
        if came.kind == Kind::End {
            let end = seatrial_core::case::end::End::parse(&came.payload).expect("it is one");
            assert_eq!(end.how, How::TimedOut);
            ends += 1;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// A11: garbage ends the agent with a message, or is the beginning of a frame; nothing hangs or crashes.
    #[test]
    fn garbage_ends_the_agent(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut serving = Serving::silent();
        serving.next().expect("it says hello");
        serving.send(&bytes);
        serving.hang_up();
        while serving.next().is_some() {}
        let status = serving.child.wait().expect("it has ended");
        prop_assert!(matches!(status.code(), Some(0 | 5)), "{:?}", status);
    }
}

/// A11: another protocol version is refused with the reason.
#[test]
fn another_protocol_version_is_refused() {
    let mut serving = Serving::silent();
    serving.next().expect("it says hello");
    serving.send(&[6, 0, Kind::Hello as u8, 0, 0, 0, 0, 0, b'S', b'E', b'A', b'T', 9, 9]);
    assert_eq!(serving.child.wait().expect("it has ended").code(), Some(5));
}
