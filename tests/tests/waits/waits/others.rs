//! The waits for an end, a file, a time, and nothing; and the deadline.

use std::time::{Duration, Instant};

use seatrial::WaitFor;
use seatrial_test_support::observe::{LONG, SHORT, failed, state, until};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{Engine, EngineProxy};

/// C24: an exit wait is over when the container ends, with any exit code.
#[tokio::test]
async fn an_end_is_waited_for_with_any_code() {
    let session = OwnSession::begin("exit").await;
    let request = session.steps("print result sleep 200ms exit 9").wait_for(WaitFor::exit());
    let container = request.start().await.expect("it ends");
    assert_eq!(state(container.id().as_str())["ExitCode"], 9);
    assert_eq!(container.logs().read().await.expect("a log").stdout_text(), "result\n");
    container.wait(WaitFor::exit().code(9)).await.expect("it has ended");
}

/// C24: an exit wait for one exit code fails at once at another.
#[tokio::test]
async fn an_end_with_another_code_fails_at_once() {
    let session = OwnSession::begin("exit-code").await;
    let began = Instant::now();
    let request = session.steps("exit 9").wait_for(WaitFor::exit().code(0)).startup_timeout(2 * LONG);
    let error = failed(request.start().await);
    assert!(error.is_exited() && error.to_string().contains("exited with code 9"), "{error}");
    assert!(began.elapsed() < LONG);
    let error = failed(session.idle().wait_for(WaitFor::exit()).startup_timeout(SHORT).start().await);
    assert!(error.is_timeout() && !error.is_exited(), "{error}");
}

/// C24: a file wait works in images without a shell.
#[tokio::test]
async fn a_file_or_directory_is_waited_for_in_any_image() {
    let session = OwnSession::begin("file").await;
    let container = session
        .steps("sleep 300ms write-file /run/app/app.pid 1 sleep forever")
        .wait_for(WaitFor::all([WaitFor::file("/run/app/app.pid").into(), WaitFor::file("/run/app").into()]))
        .start()
        .await
        .expect("the image has no shell, and needs none");
    let error = failed(container.wait_timeout(WaitFor::file("/run/app/other"), SHORT).await);
    assert!(error.is_timeout() && error.to_string().contains("it does not exist"), "{error}");
    let error = failed(container.wait(WaitFor::file("run/app")).await);
    assert!(error.is_invalid(), "{error}");
}

/// C24: a file in a tmpfs, which only the container's processes see, is waited for; one that never is there takes no
/// longer than the time limit, and leaves no process.
#[tokio::test]
async fn a_file_in_a_tmpfs_is_waited_for() {
    let session = OwnSession::begin("tmpfs-file").await;
    let request =
        session.steps("sleep 300ms write-file /run/app/app.pid 1 sleep forever").tmpfs("/run/app", "");
    let request = request.wait_for(WaitFor::file("/run/app/app.pid"));
    let container = request.start().await.expect("the file is seen");
    let began = Instant::now();
    let error = failed(container.wait_timeout(WaitFor::file("/run/app/other"), SHORT).await);
    assert!(error.is_timeout() && began.elapsed() < LONG, "{error}");
    let error = failed(container.wait_timeout(WaitFor::file("/run/app/other"), 5 * SHORT).await);
    assert!(error.is_timeout() && error.to_string().contains("it does not exist"), "{error}");
    until("only the main process is left", || {
        let top = Engine::from_env().get(&format!("/containers/{}/top", container.id()));
        top.is_ok_and(|top| top["Processes"].as_array().is_some_and(|all| all.len() == 1))
    })
    .await;
}

/// C24: a delay is over after its time and not before.
#[tokio::test]
async fn a_delay_takes_its_time() {
    let session = OwnSession::begin("delay").await;
    let container = session.idle().start().await.expect("it starts");
    let began = Instant::now();
    container.wait(WaitFor::delay(SHORT)).await.expect("it runs on");
    assert!(began.elapsed() >= SHORT, "{:?}", began.elapsed());
    let error = failed(container.wait_timeout(WaitFor::delay(LONG), SHORT).await);
    assert!(error.is_timeout(), "{error}");
}

/// C24: a start without a strategy does not wait, and makes no request for it.
#[tokio::test]
async fn nothing_is_waited_for_by_default_and_asks_the_engine_nothing() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "nothing").await;
    let container = session.steps("exit 1").start().await.expect("it started");
    let waited = proxy.count(|request| request.path.ends_with("/wait") || request.path.ends_with("/attach"));
    assert_eq!(waited, 0);
    proxy.clear();
    container.wait(WaitFor::nothing()).await.expect("nothing is always so");
    container.wait(WaitFor::all([WaitFor::nothing(), WaitFor::all([])])).await.expect("all of nothing too");
    assert_eq!(proxy.requests().len(), 0, "{:?}", proxy.requests());
}

/// C24: a start has the request's deadline, a later wait its own.
#[tokio::test]
async fn the_deadline_is_the_request_s_or_the_wait_s() {
    let session = OwnSession::begin("deadline").await;
    let began = Instant::now();
    let error = failed(session.idle().wait_for(WaitFor::log("x")).startup_timeout(SHORT).start().await);
    assert!(error.is_timeout() && began.elapsed() < LONG / 2, "{error}");
    assert!(began.elapsed() >= SHORT);
    let container = session.idle().start().await.expect("it starts");
    let error = failed(container.wait_timeout(WaitFor::log("x"), Duration::ZERO).await);
    assert!(error.is_timeout(), "{error}");
}
