//! Wrong uses of a process, and the errors that explain them.

use std::time::Duration;

use seatrial_test_support::observe::{LONG, SHORT, failed};
use seatrial_test_support::own_session::{OwnSession, look_at};

use super::waiting;

/// C28, C30: a process that can't be started fails when it is started, not at the first read.
#[tokio::test]
async fn a_process_that_can_t_be_started_is_an_error_at_the_start() {
    let session = OwnSession::begin("process-cannot").await;
    let container = waiting(&session).await;
    let is_native = look_at(&container)["HostConfig"]["Runtime"] == "runc";
    let cases = [
        ("no-such-program", container.spawn(["no-such-program"]).await, "not found"),
        ("no-such-program", container.spawn(["no-such-program"]).tty(80, 24).await, "not found"),
        ("/etc/passwd", container.spawn(["/etc/passwd"]).await, "permission denied"),
        ("no-such-user", container.spawn(["true"]).user("no-such-user").await, "no-such-user"),
        ("/no-such-dir", container.spawn(["true"]).working_dir("/no-such-dir").await, "/no-such-dir"),
    ];
    for (what, result, reason) in cases {
        let error = failed(result);
        let text = error.to_string();
        assert!(error.is_not_started(), "{what}: {error:?}");
        // Each runtime words the reason in its own way.
        let says_why = !is_native || text.to_lowercase().contains(reason);
        assert!(text.contains(what) && says_why, "{what}: {text}");
        assert!(text.contains(container.name()), "{text}");
    }
    let error = failed(container.spawn([""; 0]).await);
    assert!(error.is_invalid() && error.to_string().contains("name a program"), "{error:?}");
    container.kill("KILL").await.expect("it ends");
    let error = failed(container.spawn(["sh"]).await);
    assert!(error.is_conflict() && error.to_string().contains("not running"), "{error:?}");
}

/// C30: a terminal of no rows or columns is refused, and the error names it.
#[tokio::test]
async fn a_terminal_without_room_is_refused_by_name() {
    let session = OwnSession::begin("process-size").await;
    let container = waiting(&session).await;
    for (columns, rows) in [(0, 0), (80, 0), (0, 24)] {
        let size = format!("{columns} × {rows}");
        let error = failed(container.spawn(["sh"]).tty(columns, rows).await);
        assert!(error.is_invalid() && error.to_string().contains(&size), "{error:?}");
        assert!(error.to_string().contains(container.name()), "{error:?}");
    }
    let mut process = container.spawn(["cat"]).tty(80, 24).await.expect("it starts");
    let error = failed(process.resize(0, 0).await);
    assert!(error.is_invalid() && error.to_string().contains("0 × 0"), "{error:?}");
    process.resize(u16::MAX, 1).await.expect("any other size will do");
    process.kill().await.expect("it is ended");
    failed(process.resize(80, 24).await);
    let plain = container.spawn(["cat"]).await.expect("it starts");
    let error = failed(plain.resize(80, 24).await);
    assert!(error.is_invalid() && error.to_string().contains("no terminal"), "{error:?}");
}

/// C30: a write fails if the other side closes in the middle of it.
#[tokio::test]
async fn a_write_to_one_who_stops_reading_does_not_hang_or_pass_for_done() {
    let session = OwnSession::begin("process-mid-write").await;
    let container = waiting(&session).await;
    let large = vec![b'x'; 50_000_000];
    let mut ends = container.spawn(["head", "-c", "1"]).await.expect("it starts");
    let error =
        failed(tokio::time::timeout(LONG, ends.write(large.clone())).await.expect("it comes to an end"));
    assert!(error.is_exec() && error.to_string().contains("standard input is closed"), "{error:?}");
    assert_eq!(ends.wait().await.expect("it has ended"), 0);
    let mut deaf = container.spawn(["sh", "-c", "exec <&-; sleep 1001"]).await.expect("it starts");
    let error = failed(deaf.write_timeout(large, Duration::from_secs(1)).await);
    assert!(error.is_exec(), "{error:?}");
    assert!(deaf.is_running().await.expect("the engine tells"));
    let mut closed = container.spawn(["cat"]).await.expect("it starts");
    closed.close_stdin().await.expect("it is open");
    failed(closed.write("late").await);
    assert_eq!(closed.wait().await.expect("it ends"), 0);
}

/// C30: a process ends for its handle when its container is removed.
#[tokio::test]
async fn a_process_whose_container_is_removed_has_ended() {
    let session = OwnSession::begin("process-removed").await;
    let container = waiting(&session).await;
    let mut process = container.spawn(["sh", "-c", "echo ready; sleep 1001"]).await.expect("it starts");
    process.read_until("ready\n", LONG).await.expect("it runs");
    failed(process.read_timeout(SHORT).await);
    container.remove().await.expect("it goes");
    let read = tokio::time::timeout(LONG, process.read()).await.expect("it comes to an end");
    assert!(matches!(read, Ok(None) | Err(_)), "{read:?}");
    let error = failed(process.is_running().await);
    assert!(error.is_not_found(), "{error:?}");
    drop(process);
}
