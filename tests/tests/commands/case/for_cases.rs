//! Containers that exist for their cases: the agent is their main process.

use seatrial::pool::Recycle;
use seatrial::{Case, ContainerPool, ContainerRequest, TestContainer, WaitFor, command::CaseVia};
use seatrial_test_support::observe::{block_until_exited, state, until};
use seatrial_test_support::own_session::{BASIC, MISBEHAVE, OwnSession, look_at, remove_by_hand};
use seatrial_test_support::processes::{FAMILY, sleepers};
use seatrial_tests::{EngineProxy, Fault, Leftovers, Matcher, Then, cancel_at_every_poll};

use super::{agent, agents, exited, shell};

fn request(session: &OwnSession) -> ContainerRequest {
    ContainerRequest::new(BASIC).for_cases().session(session)
}

/// Returns the command line of the main process, by the engine's word.
fn main_process(container: &TestContainer) -> String {
    let look = look_at(container);
    let words = look["Args"].as_array().into_iter().flatten().filter_map(|word| word.as_str());
    let program = look["Path"].as_str().expect("a program");
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}

/// A17: the main process is the agent: no exec is needed, and all containers of a request and of its clones share one
/// copy of it.
#[tokio::test]
async fn the_main_process_runs_cases() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "case-main").await;
    let request = request(&session);
    let another = request.clone().env("FROM", "request");
    let (first, second) = tokio::join!(request.start(), another.start());
    let (first, second) = (first.expect("it starts"), second.expect("it starts"));
    for container in [&first, &second] {
        let cases = agent(container).await;
        let output = cases.run(shell("echo $PPID $FROM; sleep 1001 & exit 3")).await.expect("it runs");
        exited(&output, 3);
        assert_eq!(output.left_behind, Some(1));
        assert_eq!(main_process(container), "/.seatrial/agent main");
    }
    let traffic = proxy.traffic();
    let count = |method: &str, part: &str| {
        traffic.count(|request| request.method == method && request.path.contains(part))
    };
    assert_eq!((count("POST", "/exec"), count("PUT", "/archive"), count("POST", "/attach")), (0, 1, 2));
    // Nobody can change what others run.
    let output = agent(&first).await.run(shell("echo x > /.seatrial/agent")).await.expect("it runs");
    exited(&output, 1);
    assert!(output.stderr_text().contains("Read-only"), "{output:?}");
}

/// A17: the processes that other commands leave are reaped, and not ended.
#[tokio::test]
async fn other_commands_of_a_container_for_cases_are_no_cases() {
    let session = OwnSession::begin("case-else").await;
    let container = request(&session).start().await.expect("it starts");
    container.exec(["sh", "-c", "setsid sleep 1001 & (sleep 0.01 &)"]).await.expect("it runs");
    exited(&agent(&container).await.run(shell("sleep 1002 & exit 2")).await.expect("it runs"), 2);
    assert_eq!(sleepers(&container).await.len(), 1, "that of the command");
    until("nothing is left to be reaped", || {
        !seatrial_test_support::processes::all(&container).iter().any(|line| line.starts_with('Z'))
    })
    .await;
    let slow = container.exec(["sh", "-c", FAMILY]).timeout(std::time::Duration::from_secs(1));
    assert!(slow.await.expect_err("it sleeps").is_timeout());
    assert_eq!((sleepers(&container).await.len(), container.poison()), (1, None));
}

/// A17: a container for cases ends at the stop signal, without waiting for the kill.
#[tokio::test]
async fn a_stop_ends_it_at_once() {
    let session = OwnSession::begin("case-stop").await;
    for request in [request(&session), request(&session).init(), request(&session).stop_signal("INT")] {
        let container = request.start().await.expect("it starts");
        exited(&agent(&container).await.run(shell("exit 1")).await.expect("it runs"), 1);
        container.stop().await.expect("it stops");
        let code = block_until_exited(container.name());
        assert!([128 + 15, 128 + 2].contains(&code), "{code}");
        let error = agent_is_gone(&container).await;
        assert!(error.is_conflict(), "{error:?}");
    }
}

async fn agent_is_gone(container: &TestContainer) -> seatrial::Error {
    container.cases().await.expect_err("it does not run")
}

/// A17: each run of the container has a new agent, which is connected to again, whoever started the run.
#[tokio::test]
async fn the_agent_of_a_container_for_cases_comes_again_with_its_container() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "case-again").await;
    // The request is gone: the container keeps what it needs.
    let container = request(&session).start().await.expect("it starts");
    let cases = agent(&container).await;
    exited(&cases.run(shell("exit 1")).await.expect("it runs"), 1);
    container.restart().await.expect("it restarts");
    exited(&cases.run(shell("exit 2")).await.expect("it runs"), 2);
    container.kill("KILL").await.expect("it is killed");
    block_until_exited(container.name());
    container.start().await.expect("it starts");
    exited(&cases.run(shell("exit 3")).await.expect("it runs"), 3);
    let execs = proxy.traffic().count(|request| request.path.contains("/exec"));
    assert_eq!(execs, 0, "no other agent was needed");
}

/// A17: killing the agent ends its container, and the cases that ran fail with an error.
#[tokio::test]
async fn an_agent_that_is_killed_ends_its_container() {
    let session = OwnSession::begin("case-main-killed").await;
    let container = request(&session).start().await.expect("it starts");
    let cases = agent(&container).await;
    // From outside: a case can't end the agent.
    let (ended, killed) = tokio::join!(cases.run(shell("sleep 1001")), container.kill("TERM"));
    killed.expect("it is killed");
    let error = ended.expect_err("it is lost");
    assert!(error.is_exec() && error.to_string().contains("ended"), "{error:?}");
    assert!(container.poison().is_some_and(|poison| poison.contains("sleep 1001")));
    assert_eq!(block_until_exited(container.name()), 128 + 15);
}

/// A17: an agent that loses its stream ends its cases and keeps the container running; another agent takes over.
#[tokio::test]
async fn a_stream_that_is_cut_ends_cases_and_not_the_container() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "case-main-cut").await;
    proxy.on(Matcher::regex("POST", "/attach").nth(1), Fault::Break { after: 3000, then: Then::Cut });
    let container = request(&session).start().await.expect("it starts");
    let cases = agent(&container).await;
    let error = cases.run(shell("sleep 1001 & yes")).await.expect_err("it is cut");
    assert!(!error.is_invalid() && container.is_poisoned(), "{error:?}");
    until("its cases have ended", || {
        !seatrial_test_support::processes::all(&container).iter().any(|line| line.contains("sleep 1001"))
    })
    .await;
    exited(&cases.run(shell("exit 2")).await.expect("it runs"), 2);
    assert_eq!((agents(&container).await, state(container.name())["Running"] == true), (2, true));
    container.stop().await.expect("it stops");
    assert_eq!(block_until_exited(container.name()), 128 + 15);
}

/// A17: a container that is kept goes on running.
#[tokio::test]
async fn a_container_for_cases_that_is_kept_runs_on() {
    let session = OwnSession::begin("case-kept").await;
    let container = request(&session).start().await.expect("it starts");
    agent(&container).await;
    let volume = look_at(&container)["Mounts"][0]["Name"].as_str().expect("it has one").to_owned();
    let id = container.keep();
    // Its connection is closed, so it has nothing left to read.
    let target = format!("/containers/{id}/top");
    let engine = seatrial_tests::Engine::from_env();
    assert!(engine.get(&target).is_ok_and(|top| top["Processes"].to_string().contains("agent main")));
    assert_eq!(state(id.as_str())["Running"], true);
    remove_by_hand(id.as_str());
    let answer = engine.request("DELETE", &format!("/volumes/{volume}"), None).expect("an answer");
    assert!([204, 404].contains(&answer.status), "{}", answer.text());
}

/// A17: it works in every image, and with the least rights.
#[tokio::test]
async fn a_container_of_any_image_can_be_for_cases() {
    let session = OwnSession::begin("case-main-any").await;
    let scratch = ContainerRequest::new(MISBEHAVE).for_cases().session(&session).network_mode("none");
    let container = scratch.start().await.expect("it starts");
    let steps = ["/misbehave", "leave", "child", "leave", "daemon", "exit", "7"];
    let output = agent(&container).await.run(Case::new(steps)).await.expect("it runs");
    exited(&output, 7);
    assert_eq!(output.left_behind, Some(2));

    let no_privileges = |host: &mut seatrial::models::HostConfig| {
        host.security_opt = Some(vec!["no-new-privileges".to_owned()]);
    };
    for (what, request) in [
        ("a user", request(&session).user("tester")),
        ("a read-only root", request(&session).read_only_root()),
        ("no capabilities", request(&session).cap_drop("ALL").user("65534:65534")),
        ("no privileges to be had", request(&session).modify_host_config(no_privileges)),
        ("an init", request(&session).init()),
        ("a log", request(&session).log_driver("json-file", [("max-size", "1m")])),
    ] {
        let container = request.start().await.expect(what);
        let output = agent(&container).await.run(shell("sleep 1001 & exit 3")).await.expect(what);
        exited(&output, 3);
        assert_eq!((output.left_behind, container.poison()), (Some(1), None), "{what}");
        assert!(main_process(&container).ends_with("/.seatrial/agent main"), "{what}");
    }
}

/// A17: cases of another user have an agent of their own, from the same volume.
#[tokio::test]
async fn other_users_have_agents_of_their_own() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "case-main-user").await;
    let container = request(&session).start().await.expect("it starts");
    let output = agent(&container).await.run(shell("id -u").user("65534")).await.expect("it runs");
    assert_eq!(output.stdout_text(), "65534\n");
    assert_eq!(agents(&container).await, 2);
    let copies = proxy.traffic().count(|request| request.method == "PUT");
    assert_eq!(copies, 1, "into the volume");
}

/// A17: if the agent can't be the main process, another program keeps the container running, and cases run as in other
/// containers.
#[tokio::test]
async fn elsewhere_it_is_as_in_any_other_container() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "case-main-not").await;
    let no_volume = |host: &mut seatrial::models::HostConfig| host.mounts = None;
    let named = "case-main-not";
    let container = request(&session).name(format!("{named}-{}", std::process::id()));
    let container = container.modify_host_config(no_volume).start().await.expect("it starts");
    assert_eq!(main_process(&container), "sleep infinity");
    exited(&agent(&container).await.run(shell("exit 2")).await.expect("it runs"), 2);

    proxy.on(Matcher::regex("PUT", "/archive"), Fault::error(500, "no space left on device"));
    let container = request(&session).start().await.expect("it starts");
    assert_eq!(main_process(&container), "sleep infinity");
    let cases = container.cases().await.expect("it runs");
    let CaseVia::Exec { reason } = cases.via() else { panic!("{:?}", cases.via()) };
    assert!(reason.contains("no space left on device"), "{reason}");
    exited(&cases.run(shell("exit 3")).await.expect("it runs"), 3);
}

/// A17: an impossible request is refused before anything is created, and a refusal of the engine is an error of its
/// own.
#[tokio::test]
async fn an_impossible_container_for_cases_is_refused_with_the_reason() {
    let session = OwnSession::begin("case-main-refused").await;
    let log = || WaitFor::any([WaitFor::delay(std::time::Duration::ZERO), WaitFor::log("ready").into()]);
    for (request, what) in [
        (request(&session).tty(), "`tty`"),
        (request(&session).wait_for(log()), "prints nothing"),
        (request(&session).on_log(|_| ()), "`on_log`"),
    ] {
        let error = request.start().await.expect_err("it can't be");
        assert!(error.is_invalid() && error.to_string().contains(what), "{error}");
    }
    let error = request(&session).run().await.expect_err("it would run for ever");
    assert!(error.is_invalid() && error.to_string().contains("`start`"), "{error}");
    let error = request(&session).network_mode("there-is-none").start().await.expect_err("no network");
    assert!(error.to_string().contains("there-is-none"), "{error}");
    let waited = request(&session).wait_for(WaitFor::exec(["true"])).start().await.expect("it starts");
    exited(&agent(&waited).await.run(shell("exit 2")).await.expect("it runs"), 2);
}

/// A17: the agent's volume goes with the session, and the next start makes another.
#[tokio::test]
async fn the_end_of_a_session_is_the_volume_s() {
    let session = OwnSession::begin("case-main-close").await;
    let request = request(&session);
    let container = request.start().await.expect("it starts");
    (*session).clone().close().await.expect("all can be removed");
    let engine = seatrial_tests::Engine::from_env();
    Leftovers::assert_none(&engine, session.id().as_str(), std::time::Duration::ZERO);
    drop(container);
    let container = request.start().await.expect("it starts");
    exited(&agent(&container).await.run(shell("exit 2")).await.expect("it runs"), 2);
}

/// A17: dropping the start of a container for cases, at any poll, leaves nothing.
#[tokio::test]
async fn a_dropped_start_leaves_nothing() {
    let session = OwnSession::begin("case-main-dropped").await;
    let start = || {
        let request = request(&session);
        async move { request.start().await.map(drop) }
    };
    cancel_at_every_poll(start, |_| async {}).await;
}

/// A17: members of a pool can be for cases; one whose agent is killed is replaced.
#[tokio::test]
async fn a_pool_s_members_have_it() {
    let session = OwnSession::begin("case-main-pool").await;
    for recycle in [None, Some(Recycle::restart())] {
        let pool = ContainerPool::builder(request(&session)).size(1);
        let pool = match &recycle {
            None => pool,
            Some(recycle) => pool.recycle(recycle.clone()),
        };
        let pool = pool.build().await.expect("a pool");
        for code in [3, 4] {
            let lease = pool.get().await.expect("a container");
            exited(&agent(&lease).await.run(shell(&format!("exit {code}"))).await.expect("it runs"), code);
            assert_eq!(agents(&lease).await, 0, "none but the main process");
        }
        assert_eq!(pool.accounting().replacements.0, 0);
        let lease = pool.get().await.expect("a container");
        let cases = agent(&lease).await;
        let (ended, killed) = tokio::join!(cases.run(shell("sleep 1001")), lease.kill("TERM"));
        killed.expect("it is killed");
        ended.expect_err("it is lost");
        drop(lease);
        let lease = pool.get().await.expect("another container");
        exited(&agent(&lease).await.run(shell("exit 5")).await.expect("it runs"), 5);
        drop(lease);
        assert_eq!(pool.accounting().replacements.0, 1);
        pool.close().await.expect("it ends");
    }
}
