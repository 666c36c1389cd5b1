//! Commands that can't be started, because of themselves or of their containers.

use seatrial::container::RestartPolicy;
use seatrial_test_support::observe::{failed, until};
use seatrial_test_support::own_session::{OwnSession, look_at, remove_by_hand};

use super::waiting;

/// C28: a command that could not be started is an error, never an exit code that the command could have had.
#[tokio::test]
async fn a_command_that_could_not_be_started_is_an_error_that_says_why() {
    let session = OwnSession::begin("exec-cannot").await;
    let container = waiting(&session).await;
    let command = |word: &str| container.exec([word]);
    let is_native = look_at(&container)["HostConfig"]["Runtime"] == "runc";
    let cases = [
        ("no-such-program", command("no-such-program").await, "not found"),
        ("no-such-program", command("no-such-program").tty().await, "not found"),
        ("/no/such/path", command("/no/such/path").await, "no such file"),
        ("could not be started", command("").await, "not found"),
        ("/etc/passwd", command("/etc/passwd").await, "permission denied"),
        ("/etc", command("/etc").await, ""),
        ("no-such-user", command("true").user("no-such-user").await, "no-such-user"),
        ("no-such-group", command("true").user("tester:no-such-group").await, "no-such-group"),
        ("/no-such-dir", command("true").working_dir("/no-such-dir").await, "/no-such-dir"),
    ];
    for (what, result, reason) in cases {
        let error = failed(result);
        let text = error.to_string();
        assert!(error.is_not_started() && error.is_exec() && !error.is_timeout(), "{what}: {error:?}");
        // Each runtime words the reason in its own way.
        let says_why = !is_native || text.to_lowercase().contains(reason);
        assert!(text.contains(what) && says_why, "{what}: {text}");
        assert!(text.contains(container.name()), "{text}");
    }
    // A shell that can't start such a command exits with a code of its own, which is a result.
    let shell = container.exec(["sh", "-c", "no-such-program"]).await.expect("the shell runs");
    assert_eq!(shell.exit_code, 127);
    assert!(shell.stderr_text().contains("not found"), "{}", shell.stderr_text());
    let not_executable = container.exec(["sh", "-c", "/etc/passwd"]).await.expect("the shell runs");
    assert_eq!(not_executable.exit_code, 126);
    assert!(!container.is_poisoned(), "what did not start need not be ended");
}

/// C27: a command that is visibly wrong is refused without a request to the engine.
#[tokio::test]
async fn a_command_that_is_visibly_wrong_is_refused_before_the_engine_is_asked() {
    let session = OwnSession::begin("exec-empty").await;
    let container = waiting(&session).await;
    let error = failed(container.exec([""; 0]).await);
    assert!(error.is_invalid() && error.to_string().contains("name a program"), "{error:?}");
    let error = failed(container.exec(["true"]).env("SEATRIAL_EXEC", "mine").await);
    assert!(error.is_invalid() && error.to_string().contains("another name"), "{error:?}");
    assert!(error.to_string().contains(container.name()), "{error:?}");
}

/// C27: a command in a stopped container fails with a conflict.
#[tokio::test]
async fn a_command_in_a_container_that_does_not_run_is_a_conflict() {
    let session = OwnSession::begin("exec-stopped").await;
    let container = waiting(&session).await;
    container.pause().await.expect("it freezes");
    let error = failed(container.exec(["true"]).await);
    assert!(error.is_conflict() && error.to_string().contains("paused"), "{error:?}");
    container.kill("KILL").await.expect("it ends");
    let error = failed(container.exec(["true"]).await);
    assert!(error.is_conflict() && error.to_string().contains("not running"), "{error:?}");
    remove_by_hand(container.id().as_str());
    let error = failed(container.exec(["true"]).await);
    assert!(error.is_not_found(), "{error:?}");
    assert!(error.to_string().contains(container.name()), "{error:?}");
}

/// C27: a command in a restarting container fails with a conflict.
#[tokio::test]
async fn a_command_in_a_container_that_is_restarting_is_a_conflict() {
    let session = OwnSession::begin("exec-restarting").await;
    let request = session.steps("exit 3").restart_policy(RestartPolicy::Always);
    let container = request.start().await.expect("it starts");
    // The pauses between two runs double, so that soon it is restarting nearly always.
    until("it has restarted some times", || look_at(&container)["RestartCount"].as_u64() > Some(5)).await;
    until("it is between two runs", || look_at(&container)["State"]["Restarting"] == true).await;
    let error = failed(container.exec(["/misbehave", "exit", "0"]).await);
    assert!(error.is_conflict() && error.to_string().contains("restarting"), "{error:?}");
}

/// C28: a command whose container is gone when its time is up counts as ended.
#[tokio::test]
async fn a_command_whose_container_ends_has_ended() {
    let session = OwnSession::begin("exec-with-container").await;
    let container = waiting(&session).await;
    let command = async { container.exec(["sh", "-c", "echo begun; sleep 1001"]).await };
    let ending = async {
        while !seatrial_test_support::processes::sleepers(&container)
            .await
            .iter()
            .any(|line| line.contains("sleep 1001"))
        {}
        container.kill("KILL").await.expect("it ends");
    };
    let (output, ()) = tokio::join!(command, ending);
    let output = output.expect("its end is data");
    assert_eq!((output.exit_code, output.stdout_text().as_str()), (137, "begun\n"));
    assert!(!container.is_poisoned());
}
