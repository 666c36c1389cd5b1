//! Resources that are not ours stay, whatever their names are.

use seatrial::{ContainerRequest, Network, Session};
use seatrial_core::labels;
use seatrial_test_support::own_session::{BASIC, MISBEHAVE, OwnSession, look, own_id, remove_by_hand};
use seatrial_tests::{Child, Engine, EngineProxy, Fault, Matcher, is_scenario, say};
use serde_json::{Value, json};

/// A container that somebody else made, removed at the end of the test.
struct Theirs(String);

impl Theirs {
    fn create(name: &str, labels: Value) -> Self {
        let body = json!({ "Image": BASIC, "Cmd": ["true"], "Labels": labels });
        let target = format!("/containers/create?name={name}");
        let answer = Engine::from_env().request("POST", &target, Some(&body)).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
        let created: Value = serde_json::from_slice(&answer.body).expect("JSON");
        Self(created["Id"].as_str().expect("an id").to_owned())
    }

    fn is_there(&self) -> bool {
        look(&self.0).is_some()
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        if self.is_there() {
            remove_by_hand(&self.0);
        }
    }
}

/// E3: a removal names the full id, and removes anonymous volumes too.
#[tokio::test]
async fn removals_name_whole_ids_and_take_volumes_along() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "ids").await;
    let network = Network::create_in(&session).await.expect("a network");
    let containers = [session.idle().start().await, session.idle().start().await];
    let [first, second] = containers.map(|container| container.expect("a container"));
    first.remove().await.expect("it is removed");
    drop((second, network));
    Session::clone(&session).close().await.expect("all is removed");
    let removals: Vec<_> =
        proxy.requests().into_iter().filter(|request| request.method == "DELETE").collect();
    let (containers, others): (Vec<_>, Vec<_>) =
        removals.into_iter().partition(|request| request.path.starts_with("/containers/"));
    assert_eq!((containers.len(), others.len()), (2, 1));
    for removal in &containers {
        assert!(is_whole_id(removal.path.trim_start_matches("/containers/")), "{}", removal.target);
        for option in ["force=true", "v=true"] {
            assert!(removal.query.split('&').any(|pair| pair == option), "{}", removal.target);
        }
    }
    assert!(is_whole_id(others[0].path.trim_start_matches("/networks/")), "{}", others[0].target);
}

fn is_whole_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// E3: closing a session leaves containers of other sessions alone.
#[tokio::test]
async fn a_close_leaves_the_containers_of_others() {
    let session = OwnSession::begin("others").await;
    let neighbour = OwnSession::begin("neighbour").await;
    let id = session.id().as_str();
    let unlabelled = Theirs::create(&format!("{id}-plain"), json!({}));
    let foreign = Theirs::create(&format!("{id}-foreign"), json!({ labels::SESSION: format!("{id}-other") }));
    // Another process of our session made this one, and will remove it.
    let same = Theirs::create(&format!("{id}-same"), json!({ labels::SESSION: id }));
    let held = neighbour.idle().start().await.expect("a container");
    let ours = session.idle().start().await.expect("a container");
    let ours_id = ours.id().to_string();
    Session::clone(&session).close().await.expect("all is removed");
    assert_eq!(look(&ours_id), None);
    assert!([&unlabelled, &foreign, &same].iter().all(|theirs| theirs.is_there()));
    assert!(look(held.id().as_str()).is_some(), "a session of the same process is another one all the same");
    drop((unlabelled, foreign, same, held));
}

/// E3: a name that is taken is an error, and its owner is not removed.
#[tokio::test]
async fn a_container_that_has_our_name_stays() {
    let session = OwnSession::begin("taken").await;
    let id = session.id().to_string();
    let theirs = Theirs::create(&id, json!({}));
    let error = session.idle().name(&id).start().await.expect_err("the name is taken");
    assert!(error.is_conflict(), "{error}");
    Session::clone(&session).close().await.expect("nothing is to be removed");
    assert!(theirs.is_there());
}

/// E3: the end of a process leaves containers of other sessions alone.
#[test]
fn the_end_of_a_process_leaves_the_containers_of_others() {
    let id = own_id("others-end");
    let unlabelled = Theirs::create(&format!("{id}-plain"), json!({}));
    let same = Theirs::create(&format!("{id}-same"), json!({ labels::SESSION: id }));
    let mut child = Child::spawn(scenario, &[("SEATRIAL_SESSION_ID", &id)]);
    let ours = child.line("ours is ", std::time::Duration::from_secs(60));
    assert!(child.wait(std::time::Duration::from_secs(60)).success());
    assert_eq!(look(ours.trim_start_matches("ours is ")), None);
    assert!(unlabelled.is_there() && same.is_there());
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario() {
    if is_scenario() {
        let request = ContainerRequest::new(MISBEHAVE).cmd(["sleep", "forever"]);
        let ours = request.start().await.expect("a container");
        say(&format!("ours is {}", ours.id()));
        std::mem::forget(ours);
    }
}

/// E3: a removal that fails touches no container with a similar id.
#[tokio::test]
async fn a_removal_that_fails_for_good_touches_nothing_else() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "refused").await;
    let container = session.idle().start().await.expect("a container");
    let id = container.id().to_string();
    proxy.on(Matcher::regex("DELETE", ""), Fault::error(404, "No such container"));
    container.remove().await.expect("the engine says that it is gone");
    let removals: Vec<_> =
        proxy.requests().into_iter().filter(|request| request.method == "DELETE").collect();
    assert_eq!(removals.len(), 1, "gone is gone");
    remove_by_hand(&id);
}
