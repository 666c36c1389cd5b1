//! Checkpoints: a counter that goes on from where it was, and what there is to say where that can't be (C14).

use std::time::Duration;

use seatrial::{ContainerRequest, Session, TestContainer, WaitFor};
use seatrial_test_support::observe::{failed, until};
use seatrial_test_support::own_session::{BASIC, OwnSession};
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

use super::place::{OFFLINE, Place};

/// Counts in its memory alone.
const COUNT: &str = "i=0; while true; do i=$((i+1)); echo n=$i; sleep 0.1; done";

/// Starts a container that counts, and waits until it has come to 3.
async fn counter(session: &Session) -> TestContainer {
    let request = ContainerRequest::new(BASIC).cmd(["sh", "-c", COUNT]).runtime(OFFLINE).port(80);
    request.session(session).wait_for(WaitFor::log("n=3\n")).start().await.expect("it counts")
}

/// Returns all that a container has counted, in all of its runs.
async fn counted(container: &TestContainer) -> Vec<u32> {
    let output = container.logs().read().await.expect("it has logs");
    let numbers = output.stdout_text();
    numbers.lines().filter_map(|line| line.strip_prefix("n=")?.parse().ok()).collect()
}

/// Waits until a container has counted on by a few, in the run that it is in.
async fn counts_on(container: &TestContainer) {
    let a_few = WaitFor::log("n=").from_now().times(4);
    container.wait(a_few).await.expect("it counts on");
}

/// Checks C14: a container ends with its checkpoint, and goes on from there when it is restored, once and again, with
/// its handle.
pub(crate) async fn one_that_ends_and_is_restored(place: &Place, session: &Session) {
    let container = counter(session).await;
    container.checkpoint("three").await.expect("it is written");
    let state = container.state().await.expect("it is there");
    assert!(!state.is_running(), "{state}");
    let before = counted(&container).await;
    let last = *before.last().expect("it counted");
    assert_eq!(container.checkpoints().await.expect("a list"), ["three"]);
    for _ in 0..2 {
        let until_now = counted(&container).await.len();
        container.restore("three").await.expect("it goes on");
        counts_on(&container).await;
        let since: Vec<_> = counted(&container).await.split_off(until_now);
        assert_eq!(since[..3], [last + 1, last + 2, last + 3], "it was at {last}");
        let state = container.state().await.expect("it is there");
        assert!(state.is_running(), "{state}");
        assert_eq!(container.exec(["echo", "x"]).await.expect("it runs").stdout_text(), "x\n");
        let bound = container.inspect().await.expect("it is there").ports;
        assert_eq!(container.host_port(80).expect("it is published"), bound[0].1[0].port);
        container.kill("SIGKILL").await.expect("it is killed");
        container.wait(WaitFor::exit()).await.expect("it ends");
    }
    let folder = place.daemon.as_ref().map(|daemon| daemon.folder_of(container.id().as_str()));
    if let Some(folder) = &folder {
        assert!(folder.join("checkpoints/three").is_dir());
    }
    container.remove().await.expect("it goes");
    assert!(folder.is_none_or(|folder| !folder.exists()), "a checkpoint goes with its container");
}

/// Checks C14: a container that keeps running counts on without a gap.
pub(crate) async fn one_that_goes_on(session: &Session) {
    let container = counter(session).await;
    container.checkpoint("on").keep_running().await.expect("it is written");
    let state = container.state().await.expect("it is there");
    assert!(state.is_running(), "{state}");
    counts_on(&container).await;
    let numbers = counted(&container).await;
    assert!(is_row(&numbers), "{numbers:?}");
    container.remove().await.expect("it goes");
}

fn is_row(numbers: &[u32]) -> bool {
    numbers.iter().copied().zip(1..).all(|(number, place)| number == place)
}

/// Checks C14: names, states and runtimes that do not allow a checkpoint are errors that say so.
pub(crate) async fn what_can_not_be(session: &Session) {
    let container = counter(session).await;
    let error = failed(container.checkpoint("a/b").await);
    assert!(error.is_invalid() && error.to_string().contains("checkpoint name `a/b`"), "{error}");
    let error = failed(container.restore("none").await);
    assert!(error.is_conflict() && error.to_string().contains("it is running"), "{error}");
    container.checkpoint("one").await.expect("it is written");
    let error = failed(container.checkpoint("two").await);
    assert!(error.is_conflict() && error.to_string().contains("only a running container"), "{error}");
    let error = failed(container.restore("none").await);
    assert!(error.is_not_found() && error.to_string().contains("its checkpoints are `one`"), "{error}");
    let state = container.state().await.expect("it is there");
    assert_eq!(state.exit_code, Some(0), "it is as the checkpoint left it: {state}");
    let error = failed(container.restore("one").dir("/tmp/elsewhere").await);
    assert!(error.is_unsupported() && error.to_string().contains("without `dir`"), "{error}");
    container.restore("one").await.expect("it goes on");
    let error = failed(container.checkpoint("one").await);
    assert!(error.is_conflict() && error.to_string().contains("its checkpoints are `one`"), "{error}");
    let error = failed(container.remove_checkpoint("none").await);
    assert!(error.is_not_found() && error.to_string().contains("`one`"), "{error}");
    container.remove_checkpoint("one").await.expect("it goes");
    assert_eq!(container.checkpoints().await.expect("a list"), Vec::<String>::new());
    container.remove().await.expect("it goes");

    let online = ContainerRequest::new(BASIC).cmd(["sleep", "1000"]).session(session).runtime("runsc");
    let online = online.start().await.expect("it starts");
    let error = failed(online.checkpoint("one").await);
    assert!(error.is_unsupported() && error.to_string().contains("--network=host"), "{error}");

    let native = ContainerRequest::new(BASIC).cmd(["sleep", "1000"]).session(session).native_runtime();
    let native = native.start().await.expect("it starts");
    match native.checkpoint("one").await {
        Ok(()) => println!("left out: this machine has a CRIU that works with its kernel"),
        Err(error) => {
            let text = error.to_string();
            assert!(error.is_unsupported() && text.contains("hint: CRIU "), "{text}");
            let state = native.state().await.expect("it is there");
            assert!(state.is_running(), "{state}");
        }
    }
}

/// Checks C14: a container that is to keep running does so, although the call was dropped while the engine wrote the
/// checkpoint.
pub(crate) async fn one_whose_caller_is_gone(place: &Place) {
    let (proxy, gate) = (EngineProxy::start(place.engine().socket()), Gate::new());
    let session = place.session_at("dropped", &proxy.docker_host()).await;
    let container = counter(&session).await;
    proxy.on(Matcher::regex("POST", "/checkpoints$").nth(1), Fault::HoldAnswer(gate.clone()));
    tokio::select! {
        _ = container.checkpoint("on").keep_running() => panic!("its answer is held"),
        () = gate.reached() => {}
    }
    gate.release();
    let restores = || proxy.count(|request| request.is("POST", "/start") && request.status == Some(204));
    until("it is restored", || restores() == 2).await;
    counts_on(&container).await;
    assert!(is_row(&counted(&container).await));
    container.remove().await.expect("it goes");
    session.close().await.expect("nothing is left");
}

/// C14: a checkpoint on the engine of the tests is made, or refused with the missing part.
#[tokio::test]
async fn an_engine_that_can_not_make_checkpoints_says_what_is_missing() {
    let session = OwnSession::begin("no-checkpoint").await;
    let container = session.idle().native_runtime().start().await.expect("it starts");
    let Err(error) = container.checkpoint("one").await else {
        println!("left out: this engine makes checkpoints");
        return;
    };
    let text = error.to_string();
    assert!(error.is_unsupported(), "{text}");
    assert!(["experimental", "CRIU", "no checkpoints"].iter().any(|lacks| text.contains(lacks)), "{text}");
    assert!(text.contains("hint: "), "{text}");
    container.wait_timeout(WaitFor::exit(), Duration::from_millis(100)).await.expect_err("it runs on");
}
