//! Headers and proxies of Docker's `config.json` (C32).

use std::fs;

use seatrial::ContainerRequest;
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::registry::Registry;
use seatrial_tests::{EngineProxy, is_scenario, say};
use serde_json::json;
use tempfile::TempDir;

use super::scenario::{Told, image, in_child, pull_in_child};

/// Returns a folder with this `config.json`.
fn folder(config: &serde_json::Value) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("config.json"), config.to_string()).expect("written");
    folder
}

fn environment_in_child(image: &str, config: &serde_json::Value) -> Told {
    let folder = folder(config);
    in_child(prints_environments, image, &[("DOCKER_CONFIG", folder.path().to_str().expect("unicode"))])
}

#[tokio::test]
#[ignore = "a scenario of other tests"]
async fn prints_environments() {
    if is_scenario() {
        let session = OwnSession::begin("environment-child").await;
        let request = ContainerRequest::new(image()).cmd(["env"]).session(&session);
        let own = request.clone().env("HTTP_PROXY", "own").env("no_proxy", "");
        for (name, request) in
            [("own", own), ("off", request.clone().docker_proxies(false)), ("all", request)]
        {
            let output = request.run().await.expect("it runs").stdout_text();
            let mut lines: Vec<_> =
                output.lines().filter(|line| line.to_lowercase().contains("proxy")).collect();
            lines.sort_unstable();
            say(&format!("{name}: {}", lines.join(" ")));
        }
        say("outcome: done");
    }
}

/// C32: a container gets the proxies of Docker's configuration in its environment, as with `docker run`: those of its
/// engine, else the default ones; a variable of the request goes before them, and a setter leaves them out.
#[tokio::test]
async fn a_container_has_the_proxies_of_docker_s_configuration() {
    let session = OwnSession::begin("proxies").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("proxies");
    let engine = session.engine().located().endpoint.to_string();
    let proxies = json!({ "httpProxy": "http://p:1", "noProxy": "a,b", "ftpProxy": "" });
    let all = "all: HTTP_PROXY=http://p:1 NO_PROXY=a,b http_proxy=http://p:1 no_proxy=a,b";
    let own = "own: HTTP_PROXY=own NO_PROXY=a,b http_proxy=http://p:1 no_proxy=";
    for config in [
        json!({ "proxies": { "default": proxies } }),
        json!({ "proxies": { "default": { "allProxy": "other" }, engine: proxies } }),
    ] {
        let told = environment_in_child(&image.tagged(), &config);
        let lines: Vec<_> = told.all.lines().map(str::trim_end).collect();
        for expected in [all, own, "off:"] {
            assert!(lines.contains(&expected), "{expected}: {}", told.all);
        }
    }
}

/// C32: the headers of Docker's configuration are sent with a pull, and an entry that is no header is refused by name
/// without its value.
#[tokio::test]
async fn a_pull_has_the_headers_of_docker_s_configuration() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::begin("headers").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("headers");
    let pull = |config: serde_json::Value| {
        let folder = folder(&config);
        let folder = folder.path().to_str().expect("unicode");
        image.forget();
        pull_in_child(&image.tagged(), &[("DOCKER_CONFIG", folder), ("DOCKER_HOST", &proxy.docker_host())])
    };
    let told = pull(json!({ "HttpHeaders": { "X-Meta-Team": "seatrial", "User-Agent": "x", "Host": "x" } }));
    assert_eq!((told.outcome.as_str(), image.is_here()), ("pulled", true), "{}", told.all);
    let of_team = |value: Option<&str>| value == Some("seatrial");
    assert_eq!(
        proxy.count(|request| request.is("POST", "/images/create") && of_team(request.header("x-meta-team"))),
        1
    );
    // Docker passes headers with this prefix on.
    assert!(registry.faulty.count(|request| of_team(request.header("x-meta-team"))) > 0);
    let told = pull(json!({ "HttpHeaders": { "no header": "hunter2" } }));
    assert!(told.outcome.contains("the entry `no header` of `HttpHeaders`"), "{}", told.outcome);
    assert!(!told.all.contains("hunter2") && !image.is_here(), "{}", told.all);
}
