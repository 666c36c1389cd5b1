//! The same cases by the agent and by the engine's exec.

use std::time::Duration;

use seatrial::{
    Case,
    command::{CaseEnd, CaseOutput, CaseVia},
};
use seatrial_test_support::own_session::OwnSession;

use super::{agent, shell, waiting};

/// The part of a result that must be the same by agent and by exec.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    end: Option<i64>,
    timed_out: bool,
    could_not_start: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    truncated: bool,
}

impl From<CaseOutput> for Told {
    fn from(output: CaseOutput) -> Self {
        Self {
            end: output.end.exit_code(),
            timed_out: output.end == CaseEnd::TimedOut,
            could_not_start: matches!(output.end, CaseEnd::CouldNotStart(_)),
            stdout: output.stdout,
            stderr: output.stderr,
            truncated: output.truncated,
        }
    }
}

fn table() -> Vec<(&'static str, Case)> {
    let environment = "echo $FROM $OWN $SEATRIAL_TEST_NAME $HOME $PATH; id; umask; ulimit -a";
    vec![
        ("success", shell("echo out; echo err >&2")),
        ("a code", shell("exit 42")),
        ("a signal", shell("kill -9 $$")),
        ("no such program", Case::new(["no-such-program"])),
        ("no such path", Case::new(["/no/such/program"])),
        ("not executable", Case::new(["/etc/passwd"])),
        ("a directory", Case::new(["/etc"])),
        ("no such directory", shell("true").working_dir("/no/such")),
        ("no such user", shell("true").user("nobody-knows")),
        ("the environment", shell(environment).env("OWN", "a=b c")),
        ("one variable for another", shell("echo $FROM").env("FROM", "case").env("FROM", "again")),
        ("a path of its own", Case::new(["sh", "-c", "echo here"]).env("PATH", "/no:/bin")),
        ("no path", Case::new(["ls"]).env("PATH", "/no")),
        ("the directory", shell("pwd")),
        ("another directory", shell("pwd").working_dir("/tmp")),
        ("another user", shell("id; pwd; echo $HOME").user("tester")),
        ("a user by number", shell("id").user("65534:65534")),
        ("odd words", Case::new(["printf", "%s|", "a b", "\"'`$", "new\nline", "", "ä"])),
        ("a long word", Case::new(["printf", "%s", &"long ".repeat(20_000)])),
        ("input", Case::new(["sort"]).stdin("b\na\n")),
        ("no input", Case::new(["cat"])),
        ("input that is not read", shell("exit 5").stdin(vec![b'x'; 1 << 20])),
        ("not UTF-8", shell("printf '\\377\\000\\376'")),
        ("no newline", shell("printf x; printf y >&2")),
        ("a limit", shell("printf 12345; printf 123 >&2").output_limit(4)),
        ("much", shell("head -c 3000000 /dev/zero")),
        ("out of time", shell("echo before; sleep 1000; echo after").timeout(Duration::from_secs(2))),
        ("an orphan that holds its output", shell("echo left; sleep 1000 & exit 3")),
        ("closed output", shell("echo x; exec >&- 2>&-; sleep 0.2; exit 6")),
    ]
}

/// A1, A2, A3, A12: cases by agent and by exec have the same results, as far as exec can know them.
#[tokio::test]
async fn both_ways_give_the_same() {
    let session = OwnSession::begin("case-same").await;
    let container = waiting(&session).await;
    let by_agent = agent(&container).await;
    let by_exec = container.cases_by_exec();
    assert!(matches!(by_exec.via(), CaseVia::Exec { .. }) && by_exec.via().to_string().contains("asked for"));
    for ((what, case), (_, again)) in table().into_iter().zip(table()) {
        let one = by_agent.run(case).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let other = by_exec.run(again).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert!(other.cpu_user.is_none() && other.left_behind.is_none(), "{what}");
        assert_eq!(Told::from(one), Told::from(other), "{what}");
    }
    assert_eq!(container.poison(), None);
    let left = seatrial_test_support::processes::sleepers(&container).await;
    assert!(left.is_empty(), "{left:?}");
}

/// A1: the agent reports CPU time and memory.
#[tokio::test]
async fn times_and_memory_are_told() {
    let session = OwnSession::begin("case-usage").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    let line = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 0.1; kill -TERM $$";
    let output = cases.run(shell(line)).await.expect("it runs");
    assert_eq!(output.end, CaseEnd::Signalled(15));
    let cpu = output.cpu_user.expect("it is known") + output.cpu_system.expect("it is known");
    assert!(
        output.elapsed >= cpu + Duration::from_millis(50) && cpu > Duration::from_millis(5),
        "{output:?}"
    );
    assert_eq!(output.left_behind, Some(0));
    // A sandbox may not tell.
    assert!(output.max_rss.is_none_or(|bytes| (100_000..1 << 30).contains(&bytes)), "{output:?}");
}

/// A3: an invalid case is refused before the agent or the engine is asked.
#[tokio::test]
async fn bad_cases_are_refused() {
    let session = OwnSession::begin("case-bad").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    for (case, part) in [
        (Case::new([""; 0]), "name a program"),
        (Case::new(["a\0b"]), "NUL"),
        (shell("true").working_dir("tmp"), "`tmp`"),
        (shell("true").env("SEATRIAL_EXEC", "1"), "SEATRIAL_EXEC"),
    ] {
        let error = cases.run(case).await.expect_err(part);
        assert!(error.is_invalid() && error.to_string().contains(part), "{error:?}");
        assert!(error.to_string().contains(container.name()), "{error}");
    }
    // The kernel's limit for one word, and for all.
    for words in [vec!["x".repeat(200_000)], vec!["x".repeat(100_000); 30]] {
        let case = Case::new(["true".to_owned()].into_iter().chain(words));
        let end = cases.run(case).await.expect("it is data").end;
        assert!(matches!(&end, CaseEnd::CouldNotStart(reason) if reason.contains("too long")), "{end:?}");
    }
}
