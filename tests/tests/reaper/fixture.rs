//! Resources with a test's own labels, created and counted without the library.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seatrial_tests::{Engine, Reaper};
use serde_json::{Value, json};

/// The longest wait for a condition; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// Returns a label that no other test has: `seatrial.reaper-test=<unique>`.
pub(crate) fn label() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("seatrial.reaper-test=test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Polls until a condition holds, where there is no event to wait for.
#[track_caller]
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what} did not come true");
        thread::sleep(POLL);
    }
}

/// Removes the resources with a label by a reaper of their own.
#[track_caller]
pub(crate) fn reap(label: &str) {
    let reaper = Reaper::start(&[]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}

/// An engine on which resources are created.
pub(crate) struct Host(pub(crate) Engine);

/// Returns the engine that the tests use.
pub(crate) fn here() -> Host {
    Host(Engine::from_env())
}

pub(crate) fn container(label: &str) -> String {
    here().container(label)
}

pub(crate) fn network(label: &str) -> String {
    here().network(label)
}

pub(crate) fn volume(label: &str) -> String {
    here().volume(label)
}

pub(crate) fn image(label: &str) -> String {
    here().image(label)
}

/// Creates one resource of each class.
pub(crate) fn one_of_each(label: &str) {
    container(label);
    network(label);
    volume(label);
    image(label);
}

pub(crate) fn left(label: &str) -> [usize; 4] {
    here().left(label)
}

impl Host {
    /// Creates a container that does not run, and returns its id.
    pub(crate) fn container(&self, label: &str) -> String {
        let body = json!({ "Image": "seatrial/basic:dev", "Cmd": ["true"], "Labels": labels(label),
                           "HostConfig": { "NetworkMode": "none" } });
        text(&self.post("/containers/create", &body)["Id"])
    }

    /// Creates and starts a container without labels on a network, and returns its id.
    pub(crate) fn stranger_on(&self, network: &str) -> String {
        let body = json!({ "Image": "seatrial/misbehave:dev", "Cmd": ["sleep", "forever"],
                           "HostConfig": { "NetworkMode": network } });
        let id = text(&self.post("/containers/create", &body)["Id"]);
        self.expect(204, "POST", &format!("/containers/{id}/start"));
        id
    }

    pub(crate) fn network(&self, label: &str) -> String {
        let name = format!("reaper-test-{}", value(label));
        let body = json!({ "Name": name, "Labels": labels(label), "Internal": true });
        text(&self.post("/networks/create", &body)["Id"])
    }

    pub(crate) fn volume(&self, label: &str) -> String {
        text(&self.post("/volumes/create", &json!({ "Labels": labels(label) }))["Name"])
    }

    /// Creates an empty image, and returns its only tag.
    pub(crate) fn image(&self, label: &str) -> String {
        let name = format!("reaper-test-{}:a", value(label));
        self.image_named(label, &name);
        name
    }

    /// Creates an empty image with this tag.
    pub(crate) fn image_named(&self, label: &str, name: &str) {
        let target = format!("/images/create?fromSrc=-&repo={name}&changes=LABEL%20{label}");
        // The body is an archive without entries.
        let answer = self.0.send("POST", &target, &[("Content-Type", "application/x-tar")], &[0; 1024]);
        let answer = answer.expect("the engine answers");
        assert!(answer.status == 200 && !answer.text().contains("error"), "{}", answer.text());
    }

    /// Builds an image from a Dockerfile without other files.
    #[track_caller]
    pub(crate) fn build(&self, name: &str, dockerfile: &str) {
        let mut context = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(dockerfile.len() as u64);
        header.set_mode(0o644);
        context.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).expect("in memory");
        let context = context.into_inner().expect("in memory");
        let headers = [("Content-Type", "application/x-tar")];
        let answer = self.0.send("POST", &format!("/build?t={name}&rm=1"), &headers, &context);
        let answer = answer.expect("the engine answers");
        assert!(answer.status == 200 && !answer.text().contains("errorDetail"), "{}", answer.text());
    }

    /// Makes a request, and checks the status of the answer.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16, method: &str, target: &str) {
        let answer = self.0.request(method, target, None).expect("the engine answers");
        assert_eq!(answer.status, status, "{}", answer.text());
    }

    /// Returns the numbers of containers, networks, volumes and images that carry the label.
    pub(crate) fn left(&self, label: &str) -> [usize; 4] {
        let filters = json!({ "label": [label] }).to_string();
        let filters: String = filters.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let count = |list: &Value| list.as_array().map_or(0, Vec::len);
        let get = |what: &str| self.0.get(&format!("/{what}filters={filters}")).expect("a list");
        [
            count(&get("containers/json?all=1&")),
            count(&get("networks?")),
            count(&get("volumes?")["Volumes"]),
            count(&get("images/json?")),
        ]
    }

    #[track_caller]
    pub(crate) fn post(&self, target: &str, body: &Value) -> Value {
        let answer = self.0.request("POST", target, Some(body)).expect("the engine answers");
        assert_eq!(answer.status, 201, "{}", answer.text());
        serde_json::from_slice(&answer.body).expect("JSON")
    }
}

fn value(label: &str) -> &str {
    label.split_once('=').expect("a value").1
}

fn labels(label: &str) -> Value {
    let (key, value) = label.split_once('=').expect("a value");
    json!({ key: value })
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
