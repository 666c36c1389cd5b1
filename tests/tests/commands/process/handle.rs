//! The handle of a process: it reads, writes, waits and ends.

use std::time::Duration;

use bytes::Bytes;
use seatrial::{TestContainer, command::Process, logs::LogStream};
use seatrial_test_support::observe::{LONG, SHORT, failed};
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::{FAMILY, sleepers, until_ended_without_poison};
use seatrial_tests::ProcessSnapshot;

use super::waiting;

async fn shell(container: &TestContainer) -> Process {
    container.spawn(["sh"]).await.expect("it starts")
}

/// C30: stdout and stderr are read apart, and both end with the process.
#[tokio::test]
async fn streams_are_told_apart_and_end() {
    let session = OwnSession::begin("process-streams").await;
    let container = waiting(&session).await;
    let line = "echo out; read line; echo \"err $line $FROM $OWN\" >&2; pwd; exit 3";
    let mut process =
        container.spawn(["sh", "-c", line]).env("OWN", "own").working_dir("/tmp").await.expect("it starts");
    let piece = process.read_timeout(LONG).await.expect("it prints");
    assert_eq!(piece, Some((LogStream::Stdout, Bytes::from("out\n"))));
    assert!(process.is_running().await.expect("the engine tells"));
    process.write("line\n").await.expect("it reads");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    while let Some((stream, bytes)) = process.read().await.expect("it prints") {
        match stream {
            LogStream::Stdout => out.extend(bytes),
            LogStream::Stderr => err.extend(bytes),
        }
    }
    assert_eq!((out.as_slice(), err.as_slice()), (&b"/tmp\n"[..], &b"err line request own\n"[..]));
    assert_eq!(process.read().await.expect("an end is one for good"), None);
    assert_eq!(process.wait().await.expect("it has ended"), 3);
    assert_eq!(process.wait().await.expect("it is asked again"), 3);
    assert!(!process.is_running().await.expect("known by now"));
    let error = failed(process.write("more").await);
    assert!(error.is_exec() && error.to_string().contains("standard input is closed"), "{error:?}");
}

/// C30: output goes on after the input was closed.
#[tokio::test]
async fn standard_input_is_closed_by_itself() {
    let session = OwnSession::begin("process-half").await;
    let container = waiting(&session).await;
    let mut sort = container.spawn(["sort"]).await.expect("it starts");
    sort.write("b\nc\n").await.expect("it reads");
    sort.write("a\n").await.expect("it reads");
    let early = failed(sort.read_timeout(SHORT).await);
    assert!(early.is_timeout(), "it waits for the end: {early:?}");
    sort.close_stdin().await.expect("it is open");
    assert_eq!(sort.read_until("c\n", LONG).await.expect("it sorts"), b"a\nb\nc\n");
    assert_eq!(sort.wait_timeout(LONG).await.expect("it ends"), 0);
    let mut cat = container.spawn(["cat"]).await.expect("it starts");
    cat.write("all of it").await.expect("it reads");
    let output = cat.wait_with_output().await.expect("it ends");
    assert_eq!((output.exit_code, output.stdout_text().as_str()), (0, "all of it"));
}

/// C30: the deadline of a read holds for that call only.
#[tokio::test]
async fn a_deadline_of_one_call_does_not_stay_for_the_next() {
    let session = OwnSession::begin("process-deadline").await;
    let container = waiting(&session).await;
    let mut process =
        container.spawn(["sh", "-c", "read line; sleep 2; echo late; read line"]).await.expect("it starts");
    for _ in 0..2 {
        let error = failed(process.read_timeout(Duration::from_millis(50)).await);
        assert!(error.is_timeout() && error.is_exec(), "{error:?}");
        assert!(error.to_string().contains("within 50 ms"), "{error}");
        assert!(
            error.to_string().contains("`sh -c read line") && error.to_string().contains(container.name())
        );
    }
    let error = failed(process.wait_timeout(Duration::from_millis(50)).await);
    assert!(error.is_timeout() && error.to_string().contains("still runs"), "{error:?}");
    process.write("go\n").await.expect("it reads");
    let (stream, bytes) = process.read().await.expect("no deadline").expect("more");
    assert_eq!((stream, bytes.as_ref()), (LogStream::Stdout, &b"late\n"[..]));
    process.write("end\n").await.expect("it reads");
    assert_eq!(process.wait().await.expect("no deadline"), 0);
}

/// C30: a read that is dropped leaves its bytes for the next one.
#[tokio::test]
async fn reads_that_are_dropped_lose_nothing() {
    let session = OwnSession::begin("process-cancel").await;
    let container = waiting(&session).await;
    let line = "for i in $(seq 1 200); do echo $i; sleep 0.005; done";
    let mut process = container.spawn(["sh", "-c", line]).await.expect("it starts");
    let mut seen = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_millis(1), process.read()).await {
            Ok(Ok(Some((_, bytes)))) => seen.extend(bytes),
            Ok(Ok(None)) => break,
            Ok(Err(error)) => panic!("{error:?}"),
            Err(_) => {
                // A search that is given up leaves what it has looked at.
                failed(process.read_until("no such text", Duration::from_millis(1)).await);
            }
        }
        if seen.ends_with(b"\n200\n") {
            break;
        }
    }
    let expected: String = (1..=200).map(|number| format!("{number}\n")).collect();
    assert_eq!(String::from_utf8(seen).expect("text"), expected);
    assert_eq!(process.wait().await.expect("it ends"), 0);
}

/// C30: reading up to a text finds it across frames, and leaves what follows for the next read.
#[tokio::test]
async fn a_text_is_found_across_pieces_and_the_rest_is_left() {
    let session = OwnSession::begin("process-until").await;
    let container = waiting(&session).await;
    let mut process = container
        .spawn(["sh", "-c", "printf ab; sleep 0.2; printf cd; sleep 0.2; printf efg; cat"])
        .await
        .expect("it starts");
    assert_eq!(process.read_until("bcde", LONG).await.expect("it comes"), b"abcde");
    assert_eq!(process.read_until("f", LONG).await.expect("it came already"), b"f");
    let error = failed(process.read_until("never", SHORT).await);
    assert!(error.is_timeout() && error.to_string().contains("its last output was `g`"), "{error:?}");
    let (_, bytes) = process.read_timeout(LONG).await.expect("it was left").expect("it was left");
    assert_eq!(bytes.as_ref(), b"g");
    process.close_stdin().await.expect("it is open");
    let error = failed(process.read_until("never", LONG).await);
    assert!(!error.is_timeout() && error.to_string().contains("ended without `never`"), "{error:?}");
}

/// C30: large output in both directions is complete although it is read late.
#[tokio::test]
async fn unread_output_holds_the_process_back_and_is_not_lost() {
    let session = OwnSession::begin("process-large").await;
    let container = waiting(&session).await;
    let mut process = container.spawn(["head", "-c", "20000000", "/dev/zero"]).await.expect("it starts");
    // Nobody reads for a while, so it can't have ended.
    tokio::time::sleep(SHORT).await;
    assert!(process.is_running().await.expect("the engine tells"));
    let mut length = 0;
    while let Some((_, bytes)) = process.read().await.expect("it prints") {
        length += bytes.len();
    }
    assert_eq!(length, 20_000_000);
    assert_eq!(process.wait().await.expect("it ends"), 0);
}

/// C30, C29: dropping the handle ends the whole process tree.
#[tokio::test]
async fn a_handle_that_is_dropped_ends_the_process_with_its_children() {
    let session = OwnSession::begin("process-drop").await;
    let container = waiting(&session).await;
    let mut warm = shell(&container).await;
    warm.kill().await.expect("it is ended");
    let ours = ProcessSnapshot::own();
    for _ in 0..3 {
        let mut process = container.spawn(["sh", "-c", FAMILY]).await.expect("it starts");
        process.read_until("ready", LONG).await.expect("they run");
        assert!(sleepers(&container).await.len() >= 5);
        drop(process);
        until_ended_without_poison(&container, "dropped").await;
    }
    drop(warm);
    ours.assert_not_grown();
}

/// C30, C29: a kill ends the whole process tree, and what was printed before can still be read.
#[tokio::test]
async fn a_process_that_is_killed_is_gone_with_its_children_and_its_output_stays() {
    let session = OwnSession::begin("process-kill").await;
    let container = waiting(&session).await;
    let mut process = container.spawn(["sh", "-c", FAMILY]).await.expect("it starts");
    process.read_until("ready", LONG).await.expect("they run");
    let code = process.kill().await.expect("it is ended");
    assert_eq!(sleepers(&container).await, [""; 0]);
    assert_eq!(code, 137);
    assert_eq!(process.wait().await.expect("it has ended"), 137);
    assert_eq!(process.kill().await.expect("it has ended already"), 137);
    let mut quick = container.spawn(["sh", "-c", "echo said; exit 4"]).await.expect("it starts");
    let ended = async { while quick.is_running().await.expect("the engine tells") {} };
    tokio::time::timeout(LONG, ended).await.expect("it ends by itself");
    assert_eq!(quick.kill().await.expect("nothing is left to end"), 4);
    assert_eq!(quick.read().await.expect("it was printed").expect("it was printed").1.as_ref(), b"said\n");
}

/// C30: the processes that a command leaves running on purpose stay when it ends by itself.
#[tokio::test]
async fn a_process_that_ended_by_itself_leaves_what_it_left() {
    let session = OwnSession::begin("process-service").await;
    let container = waiting(&session).await;
    let mut process = container
        .spawn(["sh", "-c", "setsid sleep 1001 >/dev/null 2>&1 & echo begun"])
        .await
        .expect("it starts");
    while process.read_timeout(LONG).await.expect("it ends").is_some() {}
    drop(process);
    // It is ended afterwards, in the same way.
    let mut other = container.spawn(["sh", "-c", "sleep 1002 & echo ready; wait"]).await.expect("it starts");
    other.read_until("ready", LONG).await.expect("it runs");
    other.kill().await.expect("it is ended");
    let left = sleepers(&container).await;
    assert!(left.len() == 1 && left[0].contains("sleep 1001"), "{left:?}");
}

/// C29, C30: dropping the start of a process, after any poll, ends the process.
#[tokio::test]
async fn a_spawn_that_is_dropped_at_any_moment_is_ended() {
    let session = OwnSession::begin("process-cancel-spawn").await;
    let container = waiting(&session).await;
    for moment in [0, 1, 3, 10, 20, 30, 45, 60].map(Duration::from_millis) {
        let spawn = async { container.spawn(["sh", "-c", FAMILY]).await };
        drop(tokio::time::timeout(moment, spawn).await);
    }
    until_ended_without_poison(&container, "dropped").await;
}
