//! Resources with labels of a test's own, made and counted without the library.

use std::sync::atomic::{AtomicUsize, Ordering};

use seatrial_tests::Engine;
use serde_json::{Value, json};

/// A label that no other test has: `seatrial.reaper-test=<unique>`.
pub(crate) fn label() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("seatrial.reaper-test={}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn labels(label: &str) -> Value {
    let (key, value) = label.split_once('=').expect("a value");
    json!({ key: value })
}

fn post(target: &str, body: &Value) -> Value {
    let answer = Engine::from_env().request("POST", target, Some(body)).expect("the engine answers");
    assert_eq!(answer.status, 201, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

pub(crate) fn container(label: &str) {
    let body = json!({ "Image": "seatrial/basic:dev", "Cmd": ["true"], "Labels": labels(label),
                       "HostConfig": { "NetworkMode": "none" } });
    post("/containers/create", &body);
}

pub(crate) fn network(label: &str) {
    let name = format!("reaper-test-{}", label.split_once('=').expect("a value").1);
    post("/networks/create", &json!({ "Name": name, "Labels": labels(label), "Internal": true }));
}

pub(crate) fn volume(label: &str) {
    post("/volumes/create", &json!({ "Labels": labels(label) }));
}

/// How many containers, networks and volumes carry the label.
pub(crate) fn left(label: &str) -> [usize; 3] {
    let filters = json!({ "label": [label] }).to_string();
    let filters: String = filters.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let count = |list: &Value| list.as_array().map_or(0, Vec::len);
    let get = |what: &str| Engine::from_env().get(&format!("/{what}filters={filters}")).expect("a list");
    [count(&get("containers/json?all=1&")), count(&get("networks?")), count(&get("volumes?")["Volumes"])]
}
