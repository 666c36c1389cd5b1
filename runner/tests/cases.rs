//! A list of cases as tests: what a user's test program looks like, run as one. It is asked for its list first where
//! there is no engine, since listing must need none.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let is_asked = std::env::args().any(|argument| argument == "--list");
    if !is_asked {
        let mut list = Command::new(std::env::current_exe().expect("the program's path"));
        let listed = list.arg("--list").env("DOCKER_HOST", "tcp://127.0.0.1:1").output().expect("it runs");
        let printed = String::from_utf8_lossy(&listed.stdout);
        assert!(listed.status.success() && printed.contains("its name is a word: test\n"), "{listed:?}");
    }
    let check = r#"test "$0" = "$SEATRIAL_CASE""#;
    seatrial_runner::TestCases::of_file("tests/cases.txt")
        .image("seatrial/basic:dev")
        .command(["sh", "-c", check, "{case}"])
        .main()
}
