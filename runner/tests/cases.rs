//! A list of cases as tests: what a user's test program looks like, run as one. Before its first case it runs itself as
//! others would be run: where there is no engine, since listing must need none, and with cases that fail.

use std::env;
use std::process::{Command, ExitCode, Output};

use seatrial_runner::{ListKind, Lists, TestCases};
use seatrial_tests::assert_nothing_left;

const BASIC: &str = "seatrial/basic:dev";
/// The case before which all else is looked at.
const FIRST: &str = "its name is a word";
/// Set for a process whose cases are others, of which some fail.
const OTHERS: &str = "SEATRIAL_TESTS_OTHER_CASES";

fn main() -> ExitCode {
    if env::var_os(OTHERS).is_some() {
        return others();
    }
    let arguments: Vec<_> = env::args().skip(1).collect();
    if arguments.is_empty() || arguments.iter().any(|argument| argument == FIRST) {
        listing_starts_no_container();
        a_test_fails_if_its_case_fails_alone_too();
    }
    let check = r#"test "$0" = "$SEATRIAL_CASE""#;
    TestCases::of_file("tests/cases.txt").image(BASIC).command(["sh", "-c", check, "{case}"]).main()
}

/// R32.
fn listing_starts_no_container() {
    let listed = run(Command::new(own_path()).arg("--list").env("DOCKER_HOST", "tcp://127.0.0.1:1"));
    let printed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.status.success() && printed.contains(&format!("{FIRST}: test\n")), "{listed:?}");
}

/// R32.
fn a_test_fails_if_its_case_fails_alone_too() {
    let session = format!("runner-other-cases-{}", std::process::id());
    let mut command = Command::new(own_path());
    command.env(OTHERS, "1").env("SEATRIAL_SESSION_ID", &session).env("SEATRIAL_REAPER", "off");
    let ran = run(command.arg("--test-threads=1").env_remove("NEXTEST"));
    let printed = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(101), "{ran:?}");
    for (name, result) in [
        ("passes", "ok"),
        ("fails", "FAILED"),
        ("flaky", "ok"),
        ("expected", "ok"),
        ("surprises", "FAILED"),
        ("excluded", "ignored"),
    ] {
        // Names are followed by as many blanks as align the results.
        let line = printed.lines().find(|line| line.starts_with(&format!("test {name} ")));
        assert!(line.is_some_and(|line| line.ends_with(&format!("... {result}"))), "{name}: {printed}");
    }
    assert!(printed.contains("exit code 3") && printed.contains("what went wrong"), "{printed}");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(told.contains("flaky: flaky failed, and passed when it was tried again alone"), "{told}");
    assert_nothing_left(&session);
}

fn others() -> ExitCode {
    let mut lists = Lists::new();
    lists.add(ListKind::Excluded, "excluded", "the test");
    lists.add(ListKind::ExpectedFailure, "expected", "the test");
    lists.add(ListKind::ExpectedFailure, "surprises", "the test");
    let line = "case $0 in fails) echo what went wrong; exit 3 ;; flaky) mkdir /was-here && exit 1 || exit 0 ;; \
                expected | excluded) exit 1 ;; esac";
    TestCases::of(["passes", "fails", "flaky", "expected", "surprises", "excluded"])
        .lists(lists)
        .image(BASIC)
        .pool(1)
        .command(["sh", "-c", line, "{case}"])
        .main()
}

fn own_path() -> std::path::PathBuf {
    env::current_exe().expect("the program's path")
}

fn run(command: &mut Command) -> Output {
    command.output().expect("it runs")
}
