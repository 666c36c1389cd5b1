//! Resources that carry the labels of a session and that somebody else made: they are never removed.

use std::time::Duration;

use seatrial_core::labels;
use seatrial_tests::Engine;
use serde_json::{Value, json};

use super::run::{Run, kill};
use seatrial_test_support::own_session::{OwnSession, own_id, remove_by_hand};

/// Sends a request that the engine has to fulfil; returns its answer.
#[track_caller]
fn ask(method: &str, target: &str, body: Option<&Value>) -> Value {
    let answer = Engine::from_env().request(method, target, body).expect("an answer");
    assert!((200..300).contains(&answer.status), "{method} {target}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Creates a container that no library knows of.
#[track_caller]
fn create(name: &str, image: &str, labels: &Value) {
    let body = json!({ "Image": image, "Labels": labels, "HostConfig": { "NetworkMode": "none" } });
    ask("POST", &format!("/containers/create?name={name}"), Some(&body));
}

/// X9, E3: inherited and copied labels do not make a container, network or volume a leftover: not of a commit, not
/// under the name of the container that was committed, not copied label by label.
#[tokio::test]
async fn resources_of_others_with_the_labels_of_a_dead_session_are_not_swept() {
    let run = Run::new("foreign").with("SEATRIAL_REAPER", "off");
    let child = run.holder();
    let ours = run.left().containers[0].split(' ').next().expect("a name").to_owned();
    let image = format!("seatrial-foreign:{}", run.session);
    ask("POST", &format!("/commit?container={ours}&repo=seatrial-foreign&tag={}", run.session), None);
    let labels = ask("GET", &format!("/containers/{ours}/json"), None)["Config"]["Labels"].clone();
    kill(child);

    let session = OwnSession::begin(&own_id("sweeper")).await;
    let found =
        async || session.sweep(Duration::ZERO).await.expect("the engine lists it").only_of(&run.session);
    let [from_commit, copied] = ["from-commit", "copied"].map(|name| format!("{name}-{}", run.session));
    create(&from_commit, &image, &json!({}));
    create(&copied, "seatrial/basic:dev", &labels);
    ask("POST", "/volumes/create", Some(&json!({ "Name": copied, "Labels": labels })));
    ask("POST", "/networks/create", Some(&json!({ "Name": copied, "Labels": labels })));
    let names = |sweep: &seatrial::session::Sweep| {
        sweep.leftovers().iter().map(|left| (left.kind(), left.name.clone())).collect::<Vec<_>>()
    };
    let first = found().await;
    assert_eq!(names(&first).len(), 3, "container, network and volume of the session: {:?}", names(&first));
    assert!(names(&first).contains(&("container".to_owned(), ours.clone())));
    first.remove().await.expect("all of it goes");
    // Under the name that was ours.
    create(&ours, &image, &json!({}));
    assert_eq!(names(&found().await), []);
    found().await.remove().await.expect("nothing is left to remove");

    let left = run.left();
    assert_eq!((left.containers.len(), left.networks.len(), left.volumes.len()), (3, 1, 1), "{left}");
    [&from_commit, &copied, &ours].into_iter().for_each(|name| remove_by_hand(name));
    ask("DELETE", &format!("/networks/{copied}"), None);
    ask("DELETE", &format!("/volumes/{copied}"), None);
    assert_eq!(
        ask("GET", &format!("/images/{image}/json"), None)["Config"]["Labels"][labels::SESSION],
        run.session
    );
    ask("DELETE", &format!("/images/{image}"), None);
}
