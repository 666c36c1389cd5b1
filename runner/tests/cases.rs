//! A list of cases as tests: a test program as users write it. Before its first case it runs itself in other ways: without
//! an engine, since listing must need none, and with cases that fail.

use std::env;
use std::process::{Command, ExitCode, Output};

use seatrial::ContainerRequest;
use seatrial_runner::{ListKind, Lists, TestCases};
use seatrial_tests::assert_nothing_left;

const BASIC: &str = "seatrial/basic:dev";
/// The case before which the program runs itself in other ways.
const FIRST: &str = "its name is a word";
/// Set for a process with other cases, of which some fail; the folder in which they keep files.
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

/// R32. Listing the tests starts no container.
fn listing_starts_no_container() {
    let listed = run(Command::new(own_path()).arg("--list").env("DOCKER_HOST", "tcp://127.0.0.1:1"));
    let printed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.status.success() && printed.contains(&format!("{FIRST}: test\n")), "{listed:?}");
}

/// R32. A test fails if its case fails alone too.
fn a_test_fails_if_its_case_fails_alone_too() {
    let session = format!("runner-other-cases-{}", std::process::id());
    let mut command = Command::new(own_path());
    let folder = tempfile::tempdir().expect("a folder");
    command.env(OTHERS, folder.path()).env("SEATRIAL_SESSION_ID", &session).env("SEATRIAL_REAPER", "off");
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
        ("skips", "ok"),
    ] {
        // Names are followed by as many blanks as align the results.
        let line = printed.lines().find(|line| line.starts_with(&format!("test {name} ")));
        assert!(line.is_some_and(|line| line.ends_with(&format!("... {result}"))), "{name}: {printed}");
    }
    assert!(printed.contains("exit code 3") && printed.contains("what went wrong"), "{printed}");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(told.contains("flaky: flaky failed, and passed when it was retried alone"), "{told}");
    assert!(told.contains("skipped: skips: skipped itself with exit code 77: not here"), "{told}");
    assert_nothing_left(&session);
}

fn others() -> ExitCode {
    let mut lists = Lists::new();
    lists.add(ListKind::Excluded, "excluded", "the test");
    lists.add(ListKind::ExpectedFailure, "expected", "the test");
    lists.add(ListKind::ExpectedFailure, "surprises", "the test");
    let line = "case $0 in fails) echo what went wrong; exit 3 ;; flaky) mkdir /shared/was-here && exit 1 || exit 0 ;; \
                expected | excluded) exit 1 ;; skips) echo not here; exit 77 ;; esac";
    let folder = env::var(OTHERS).expect("a folder");
    TestCases::of(["passes", "fails", "flaky", "expected", "surprises", "excluded", "skips"])
        .lists(lists)
        .request(ContainerRequest::new(BASIC).for_cases().bind(folder, "/shared"))
        .skip_code(77)
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
