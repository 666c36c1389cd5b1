//! Commands with nothing but their words, environment, user and directory.

use seatrial_test_support::own_session::OwnSession;

use super::waiting;

/// C27: a command returns its exit code, stdout and stderr.
#[tokio::test]
async fn a_command_s_code_and_both_streams_come_back() {
    let session = OwnSession::begin("exec").await;
    let container = waiting(&session).await;
    let output = container.exec(["sh", "-c", "printf out; printf err >&2; exit 7"]).await.expect("it runs");
    assert_eq!(output.exit_code, 7, "a code that is not 0 is data");
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out"[..], &b"err"[..]));
    let silent = container.exec(["true"]).await.expect("it runs");
    assert_eq!((silent.exit_code, silent.stdout.len(), silent.stderr.len()), (0, 0, 0));
}

/// C27: arguments are passed unchanged, without a shell.
#[tokio::test]
async fn arguments_reach_the_command_as_they_are() {
    let session = OwnSession::begin("exec-args").await;
    let container = waiting(&session).await;
    let words = ["a b", "$FROM", "*", "'\"", "", "日本\n"];
    let cmd = ["printf", "%s|"].into_iter().chain(words);
    let output = container.exec(cmd).await.expect("it runs");
    assert_eq!(output.stdout_text(), words.map(|word| format!("{word}|")).concat());
}

/// C27: a command has the environment, user and directory that its options say, and the container's otherwise.
#[tokio::test]
async fn environment_user_and_directory_are_the_command_s_own() {
    let session = OwnSession::begin("exec-options").await;
    let container = waiting(&session).await;
    let line = "echo $FROM $OWN; id -u; id -g; pwd";
    let plain = container.exec(["sh", "-c", line]).await.expect("it runs");
    assert_eq!(plain.stdout_text(), "request\n0\n0\n/\n");
    let with = container.exec(["sh", "-c", line]).env("OWN", "exec").user("tester").working_dir("/tmp");
    let with = with.await.expect("it runs");
    assert_eq!(with.stdout_text(), "request exec\n1000\n1000\n/tmp\n");
    let env = container.exec(["sh", "-c", line]).env("FROM", "exec").user("65534:1000").await;
    assert_eq!(env.expect("it runs").stdout_text(), "exec\n65534\n1000\n/\n");
}

/// C27: both streams come back complete, binary and larger than any buffer in between.
#[tokio::test]
async fn large_output_comes_back_whole() {
    let session = OwnSession::begin("exec-large").await;
    let container = waiting(&session).await;
    let line = "head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2; printf end";
    let output = container.exec(["sh", "-c", line]).await.expect("it runs");
    assert_eq!((output.stdout.len(), output.stderr.len()), (5_000_003, 3_000_000));
    assert!(output.stdout.ends_with(b"\0end") && output.stderr.iter().all(|byte| *byte == 0));
}

/// C27: a command that a signal ended has an exit code of 128 plus the signal, as in shells.
#[tokio::test]
async fn a_command_that_is_killed_has_the_code_of_its_signal() {
    let session = OwnSession::begin("exec-killed").await;
    let container = waiting(&session).await;
    let output = container.exec(["sh", "-c", "kill -9 $$"]).await.expect("it runs");
    assert_eq!(output.exit_code, 137);
}

/// C27: the output of commands that run at once is kept apart.
#[tokio::test]
async fn commands_at_once_do_not_mix() {
    let session = OwnSession::begin("exec-at-once").await;
    let container = waiting(&session).await;
    let commands = (0..8).map(|number| {
        let container = &container;
        async move {
            let line = format!("echo {number}; echo -{number} >&2; exit {number}");
            let output = container.exec(["sh".to_owned(), "-c".to_owned(), line]).await.expect("it runs");
            assert_eq!(output.exit_code, number);
            assert_eq!(output.stdout_text(), format!("{number}\n"));
            assert_eq!(output.stderr_text(), format!("-{number}\n"));
        }
    });
    futures_util::future::join_all(commands).await;
}
