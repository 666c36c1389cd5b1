//! Faults in front of a real registry, as the engine's pulls and pushes meet them.

use std::time::{Duration, Instant};

use seatrial_tests::{Engine, EngineAnswer, Fault, FaultyRegistry, Matcher};
use serde_json::{Value, json};

use crate::fixture::{Fixture, session};
use crate::wire::Wire;

/// A Docker registry.
const REGISTRY: &str = "seatrial/registry:dev";
/// `{}` in base64: no credentials.
const NOBODY: &str = "e30=";
/// `{"username":"u","password":"p"}` in base64.
const SOMEBODY: &str = "eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAifQ==";

#[test]
fn pushes_and_pulls_pass_and_faults_are_what_the_engine_sees() {
    let setup = Setup::new();
    let faulty = &setup.faulty;
    let repository = &setup.repository;
    setup.push();
    assert!(faulty.count(|request| request.is("PUT", "/blobs/uploads/")) >= 2, "uploads went another way");
    assert!(faulty.count(|request| request.is("PUT", "/manifests/1")) == 1);

    faulty.on(Matcher::blobs().nth(1), Fault::cut_after(1_000));
    faulty.clear();
    assert_eq!(setup.pull(NOBODY), None);
    // The configuration and the one layer that is ours alone; one of them was cut and asked for again.
    assert!(faulty.count(|request| request.is("GET", "/blobs/")) >= 3, "{:?}", faulty.requests());

    for (fault, message) in [
        (Fault::registry_not_found(), "manifest unknown"),
        (Fault::unauthorized_without_challenge(), "unauthorized"),
        (Fault::too_many_requests(1), "toomanyrequests"),
        (Fault::registry_failure(), "500 Internal Server Error"),
    ] {
        faulty.clear_rules();
        faulty.on(Matcher::manifests(), fault);
        let error = setup.pull(NOBODY).unwrap_or_default();
        assert!(error.contains(message), "`{message}` is not in: {error} ({repository})");
    }
}

#[test]
fn the_right_credentials_pass_a_challenge() {
    let setup = Setup::new();
    setup.push();
    // `dTpw` is `u:p` in base64.
    let strangers = Matcher::any().unless_header("Authorization", "Basic dTpw");
    setup.faulty.on(strangers, Fault::unauthorized("a test"));
    let error = setup.pull(NOBODY).unwrap_or_default();
    assert!(error.contains("no basic auth credentials"), "{error}");
    assert_eq!(setup.pull(SOMEBODY), None);
}

#[test]
fn a_throttled_blob_takes_its_time() {
    let setup = Setup::new();
    setup.push();
    setup.faulty.on(Matcher::blobs(), Fault::throttle(400_000));
    let start = Instant::now();
    assert_eq!(setup.pull(NOBODY), None);
    assert!(start.elapsed() >= Duration::from_millis(500), "{:?}", start.elapsed());
}

/// A registry in a container, a faulty proxy in front of it, and an image with a layer of its own.
struct Setup {
    engine: Engine,
    faulty: FaultyRegistry,
    repository: String,
    _registry: Fixture,
}

impl Setup {
    fn new() -> Self {
        let engine = Engine::from_env();
        let registry = Fixture::create(
            &session("registry"),
            json!({
                "Image": REGISTRY,
                "HostConfig": { "PortBindings": { "5000/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "0" }] } },
            }),
        );
        registry.start();
        let inspect = engine.get(&format!("/containers/{}/json", registry.id)).expect("an answer");
        let port = inspect["NetworkSettings"]["Ports"]["5000/tcp"][0]["HostPort"].as_str().expect("a port");
        let faulty = FaultyRegistry::start(&format!("127.0.0.1:{port}"));
        let repository = format!("{}/support/own-layer", faulty.host());
        let setup = Self { engine, faulty, repository, _registry: registry };
        setup.commit_own_layer();
        setup
    }

    /// Makes an image whose last layer nobody has: 200 kB of noise.
    fn commit_own_layer(&self) {
        let fixture = Fixture::shell(
            &session("commit"),
            "dd if=/dev/urandom of=/noise bs=1000 count=200; echo done; cat",
        );
        let log = format!("GET /containers/{}/logs?follow=1&stdout=1", fixture.id);
        Wire::request(self.engine.socket(), &log, "").read_until("done\n");
        let target = format!("/commit?container={}&repo={}&tag=1", fixture.id, self.repository);
        let answer = self.engine.request("POST", &target, Some(&json!({}))).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// Pushes the image, again if the registry does not listen yet, and removes it locally.
    fn push(&self) {
        let start = Instant::now();
        let target = format!("/images/{}/push?tag=1", self.repository);
        while let Some(error) = failure(&self.post(&target, NOBODY)) {
            assert!(start.elapsed() < Duration::from_secs(30), "the push failed: {error}");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.remove_image();
    }

    /// Pulls the image and removes it again, or says why it could not be pulled.
    fn pull(&self, credentials: &str) -> Option<String> {
        let target = format!("/images/create?fromImage={}&tag=1", self.repository);
        let error = failure(&self.post(&target, credentials));
        if error.is_none() {
            self.remove_image();
        }
        error
    }

    fn post(&self, target: &str, credentials: &str) -> EngineAnswer {
        let headers = format!("X-Registry-Auth: {credentials}\r\nConnection: close\r\nContent-Length: 0\r\n");
        let answer = Wire::request(self.engine.socket(), &format!("POST {target}"), &headers).read_to_end();
        let text = String::from_utf8_lossy(&answer);
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        EngineAnswer { status, body: crate::wire::body(&answer).to_vec() }
    }

    fn remove_image(&self) {
        let answer = self.engine.request("DELETE", &format!("/images/{}:1", self.repository), None);
        assert_eq!(answer.expect("an answer").status, 200);
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        // Most tests end without the image; an answer of 404 is as good.
        let _ = self.engine.request("DELETE", &format!("/images/{}:1", self.repository), None);
    }
}

/// Returns the reason of a failed push or pull: an error status, or an error inside the stream of progress.
fn failure(answer: &EngineAnswer) -> Option<String> {
    let text = answer.text();
    if answer.status != 200 {
        return Some(text);
    }
    // The stream is chunked; each line of JSON is in one chunk.
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| line["error"].as_str().map(str::to_owned)).next_back()
}
