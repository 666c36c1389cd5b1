//! Starts that all processes of a user on one machine take turns at.

use std::time::Duration;

use seatrial::{ContainerPool, Session};
use seatrial_test_support::observe::{LONG, SHORT};
use seatrial_test_support::own_session::{MISBEHAVE, own_id};
use seatrial_tests::{Child, EngineProxy, Fault, Gate, Matcher, is_scenario};

/// P16: two processes take turns at starting, and the second goes on when the first is killed in its turn.
#[test]
fn processes_take_turns_at_starting_and_a_killed_one_loses_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let temp = folder.path().to_str().expect("Unicode").to_owned();
    let run = |session: &str, gate: &Gate| {
        let proxy = EngineProxy::start_default();
        proxy.on(Matcher::new("POST", "/start"), Fault::Hold(gate.clone()));
        let docker_host = proxy.docker_host();
        let variables = [
            ("DOCKER_HOST", docker_host.as_str()),
            ("SEATRIAL_SESSION_ID", session),
            ("SEATRIAL_HOST_PARALLELISM", "1"),
            ("TMPDIR", temp.as_str()),
        ];
        (Child::spawn(scenario_pool, &variables), proxy)
    };
    let (first_gate, second_gate) = (Gate::new(), Gate::new());
    let ids = [own_id("host-first"), own_id("host-second")];
    let (first, _first_proxy) = run(&ids[0], &first_gate);
    block(first_gate.reached());
    let (mut second, _second_proxy) = run(&ids[1], &second_gate);
    second.line("asks for two", LONG);
    std::thread::sleep(SHORT);
    assert_eq!((first_gate.arrived(), second_gate.arrived()), (1, 0), "one start on this host");
    first.kill(libc::SIGKILL);
    block(second_gate.reached());
    std::thread::sleep(SHORT);
    assert_eq!(second_gate.arrived(), 1, "one at a time");
    first_gate.release();
    second_gate.release();
    assert!(second.wait(LONG).success(), "{:?}", second.lines());
    seatrial_tests::assert_nothing_left(&ids[1]);
    for left in seatrial_test_support::own_session::ids_of_session(&ids[0]) {
        seatrial_test_support::own_session::remove_by_hand(&left);
    }
}

fn block(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(LONG, future).await.expect("it comes to that") });
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_pool() {
    if !is_scenario() {
        return;
    }
    Session::current().await.expect("the engine answers");
    seatrial_tests::say("asks for two");
    let request = seatrial::ContainerRequest::new(MISBEHAVE).cmd(["sleep", "forever"]);
    let pool = ContainerPool::builder(request).size(2).close_timeout(Duration::from_secs(5));
    pool.build().await.expect("a pool").close().await.expect("it ends");
}
