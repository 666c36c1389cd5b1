//! A block with what differs from run to run taken out.

use seatrial::Error;

/// Compares the block of an error with what is expected, names, addresses and times redacted.
macro_rules! assert_block {
    ($error:expr, @$expected:literal) => {{
        let error: &seatrial::Error = &$error;
        insta::with_settings!({ filters => $crate::failure_block::block::FILTERS.to_vec() }, {
            insta::assert_snapshot!(error.to_string(), @$expected);
        });
        $crate::failure_block::block::check(error);
    }};
}
pub(crate) use assert_block;

/// The parts that differ from run to run, and their replacements.
pub(crate) const FILTERS: [(&str, &str); 6] = [
    // A run may be over before its start is written down, and has no time then.
    (r"(exited with code \d+)( after \d+(\.\d)? (ms|s))?,", "$1 after [time],"),
    (r"container `[^`]+`", "container `[name]`"),
    (r"(docker logs|docker exec -it) [^ `]+", "$1 [name]"),
    (r"\d+\.\d+\.\d+\.\d+:\d+", "[address]"),
    (r"\b\d+(\.\d)? (ms|s)\b", "[time]"),
    (r"[ \t]+\n", "[blank at the end of a line]\n"),
];

/// Checks what holds for every block.
#[track_caller]
pub(crate) fn check(error: &Error) {
    let text = error.to_string();
    assert_eq!(format!("{error:?}"), text, "`Debug`, which a test runner prints, is the same");
    let hints = text.lines().filter(|line| line.starts_with("hint: ")).count();
    assert!(hints == 1 && text.lines().last().is_some_and(|line| line.starts_with("hint: ")), "{text}");
    assert_eq!(text.matches("SEATRIAL_KEEP").count() + text.matches("is kept").count(), 1, "{text}");
}
