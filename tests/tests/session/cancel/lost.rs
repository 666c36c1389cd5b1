//! A creation that the engine carries out without ever saying so.

use std::time::{Duration, Instant};

use seatrial::{Network, Session, Volume};
use seatrial_test_support::own_session::{OwnSession, own_id, remove_by_hand};
use seatrial_tests::{Answer, EngineProxy, Fault, Gate, Matcher, Request, Then};
use serde_json::json;

use super::stages::{Stage, end, with_volume};

/// Short enough for a test, and long enough for a slow machine's engine.
const DEADLINE: Duration = Duration::from_secs(2);

/// C8, E1: a container that the engine created without an answer is found and removed.
#[tokio::test]
async fn a_container_whose_creation_was_not_answered_is_removed() {
    for then in [Then::Cut, Then::Hang] {
        let (proxy, session) = impatient("lost-container").await;
        proxy.on(Stage::Create.matcher(), Fault::Swallow(then));
        let error = with_volume(&session, session.idle()).start().await.expect_err("no answer came");
        assert!(error.is_timeout() == (then == Then::Hang), "{error}");
        assert_eq!(
            proxy.requests().iter().find(|one| one.is("POST", "/create")).and_then(|one| one.status),
            Some(201)
        );
        end(&session).await;
    }
}

/// C8, E1: a container that the engine creates after the request's deadline is removed.
#[tokio::test]
async fn a_container_that_is_created_soon_after_the_deadline_is_removed() {
    // An overloaded engine may take longer than the 5 s of the search.
    for _ in 0..5 {
        if created_after_the_deadline().await < Duration::from_secs(3) {
            return;
        }
    }
    panic!("the engine is too slow to show anything");
}

/// Starts a container whose creation the engine gets after the deadline. Returns when the engine has carried it
/// out, from when the start was given up; sees that the container is removed, if that was not long.
async fn created_after_the_deadline() -> Duration {
    let (proxy, session) = impatient("lost-late").await;
    let gate = Gate::new();
    proxy.on(Stage::Create.matcher(), Fault::Hold(gate.clone()));
    let error = with_volume(&session, session.idle()).start().await.expect_err("no answer came");
    let given_up = Instant::now();
    assert!(error.is_timeout(), "{error}");
    assert!(session.containers().is_empty(), "the engine does not have the request yet");
    gate.release();
    let is_created = |one: &Request| one.is("POST", "/containers/create") && one.status == Some(201);
    wait_until(|| proxy.count(is_created) == 1).await;
    let took = given_up.elapsed();
    Session::clone(&session).close().await.expect("everything can be removed");
    if took < Duration::from_secs(3) {
        end(&session).await;
    } else {
        session.containers().iter().for_each(|left| remove_by_hand(left));
    }
    took
}

/// C8, E3: a container that has the wanted name already is left alone, even if it is of our own session.
#[tokio::test]
async fn a_container_that_had_the_name_before_stays() {
    let (proxy, session) = impatient("lost-name").await;
    let name = session.id().to_string();
    let first = session.idle().name(&name).start().await.expect("a container");
    proxy.on(Stage::Create.matcher(), Fault::cut());
    session.idle().name(&name).start().await.expect_err("the connection broke");
    wait_until(|| proxy.count(|one| one.is("GET", "/containers/json")) >= 3).await;
    assert_eq!(session.containers(), [first.id().to_string()]);
    drop(first);
    end(&session).await;
}

/// C8: a network that the engine created without an answer is found and removed.
#[tokio::test]
async fn a_network_whose_creation_was_not_answered_is_removed() {
    for then in [Then::Cut, Then::Hang] {
        let (proxy, session) = impatient("lost-network").await;
        proxy.on(Matcher::new("POST", "/networks/create"), Fault::Swallow(then));
        Network::create_named(&session, session.id().as_str()).await.expect_err("no answer came");
        end(&session).await;
    }
}

/// C8: a volume that the engine created without an answer is found and removed.
#[tokio::test]
async fn a_volume_whose_creation_was_not_answered_is_removed() {
    for then in [Then::Cut, Then::Hang] {
        let (proxy, session) = impatient("lost-volume").await;
        proxy.on(Matcher::new("POST", "/volumes/create"), Fault::Swallow(then));
        Volume::create_in(&session).await.expect_err("no answer came");
        end(&session).await;
    }
}

/// C8, E3: an answer without a full id counts as no answer, and nothing is removed by a partial id.
#[tokio::test]
async fn an_answer_with_a_part_of_an_id_removes_nothing_by_it() {
    let (proxy, session) = impatient("lost-id").await;
    let answer = Answer::json(201, &json!({ "Id": "c3", "Warnings": [] }));
    proxy.on(Stage::Create.matcher(), Fault::Answer(answer));
    let error = session.idle().start().await.expect_err("`c3` is no id");
    assert!(error.is_protocol() && error.to_string().contains("`c3`"), "{error}");
    wait_until(|| proxy.count(|one| one.is("GET", "/containers/json")) >= 1).await;
    end(&session).await;
    assert_eq!(proxy.count(|one| one.method == "DELETE"), 0);
}

async fn impatient(topic: &str) -> (EngineProxy, OwnSession) {
    let proxy = EngineProxy::start_default();
    let builder = Session::builder().id(own_id(topic)).docker_host(proxy.docker_host());
    let session = OwnSession::of(builder.request_timeout(DEADLINE)).await;
    (proxy, session)
}

async fn wait_until(condition: impl Fn() -> bool) {
    let polled = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), polled).await.expect("it becomes so");
}
