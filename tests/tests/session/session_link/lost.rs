//! A link that breaks, for a while or for good.

use std::time::Duration;

use seatrial::Volume;
use seatrial_core::labels;
use seatrial_test_support::observe::{LONG, block_until};
use seatrial_tests::{Engine, EngineProxy, Reaper, is_scenario, say};
use serde_json::{Value, json};

use super::relay::Relay;
use super::run::{Run, kill, post};
use super::stand_in::StandIn;

/// X4: a killed reaper is replaced, and the new one has the filter for resources from before.
#[test]
fn a_reaper_that_is_killed_is_replaced() {
    let run = Run::new("replaced");
    let child = run.holder();
    let old = run.reaper_id();
    post(&old, "kill");
    block_until("there is another one with the filter", || {
        run.reaper().is_some_and(|reaper| reaper["Id"] != *old) && run.logged("adding filter") == 1
    });
    assert!(!run.left().is_empty(), "what was created is there still");
    kill(child);
    run.assert_goes();
}

/// X3: a reaper that accepts connections and never answers is replaced.
#[test]
fn a_reaper_that_is_wedged_is_replaced() {
    let run = Run::new("wedged");
    let accepts = ["accept", "8080", "sleep", "forever"];
    let wedged = published(&run, "seatrial/misbehave:dev", &accepts, &json!(null));
    post(&wedged, "start");
    let child = run.holder();
    assert_ne!(run.reaper_id(), wedged);
    kill(child);
    run.assert_goes();
}

/// X3: an unhealthy reaper is replaced although it would serve.
#[test]
fn a_reaper_that_is_unhealthy_is_replaced() {
    let run = Run::new("unhealthy");
    let never_well = json!({ "Test": ["CMD", "/bin/none"], "Interval": 50_000_000, "Retries": 1 });
    let ill = published(&run, "seatrial/misbehave:dev", &["accept", "8080", "sleep", "forever"], &never_well);
    post(&ill, "start");
    block_until("it is unhealthy", || {
        run.reaper().is_some_and(|reaper| reaper["State"]["Health"]["Status"] == "unhealthy")
    });
    let child = run.holder();
    assert_ne!(run.reaper_id(), ill);
    kill(child);
    run.assert_goes();
}

/// X4: one that runs and can't be reached any more would remove the session while it is in use. It is killed in time.
#[test]
fn a_reaper_whose_port_dies_is_replaced_before_it_removes_anything() {
    let run = Run::new("portless").with("RYUK_RECONNECTION_TIMEOUT", "8s");
    let children = [run.holder(), run.holder()];
    let all =
        |run: &Run| [run.left().containers, run.left().networks, run.left().volumes].map(|all| all.len());
    let old = run.reaper_id();
    let port =
        run.reaper().expect("there is one")["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"].clone();
    kill_port_proxy(port.as_str().expect("it is published"));
    block_until("there is another one with both clients", || {
        run.reaper().is_some_and(|reaper| reaper["Id"] != *old) && run.logged("client connected") == 2
    });
    assert_eq!(all(&run), [2, 2, 2], "all of it is in use");
    children.into_iter().for_each(kill);
    run.assert_goes();
}

/// Kills the engine's process that listens on a published port.
#[expect(unsafe_code, reason = "the standard library kills no process but its children")]
fn kill_port_proxy(port: &str) {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_proxy = |id: &i32| {
        let command = std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
        command.contains("docker-proxy") && command.contains(&format!("-host-port\0{port}\0"))
    };
    let proxies: Vec<_> = ids.filter(is_proxy).collect();
    assert_eq!(proxies.len(), 1, "the engine publishes port {port} by a process of its own");
    // SAFETY: `kill` has no memory to go wrong with; the process was seen to be the engine's for this port.
    assert_eq!(unsafe { libc::kill(proxies[0], libc::SIGKILL) }, 0);
}

/// Creates a container that is to be taken for the run's reaper; returns its id.
fn published(run: &Run, image: &str, cmd: &[&str], health: &Value) -> String {
    let binding = json!([{ "HostIp": "127.0.0.1", "HostPort": "" }]);
    let body = json!({
        "Image": image, "Cmd": cmd, "ExposedPorts": { "8080/tcp": {} }, "Healthcheck": health,
        "HostConfig": { "PortBindings": { "8080/tcp": binding } },
        "Labels": { labels::SESSION: run.session, labels::RYUK: "true" },
    });
    let target = format!("/containers/create?name={}", run.reaper_name());
    let answer = Engine::from_env().request("POST", &target, Some(&body)).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
    let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
    answer["Id"].as_str().expect("an id").to_owned()
}

/// Starts a reaper as a process behind a relay, which the processes of a run take for their sidecar.
fn behind_a_relay(run: &Run, reconnection: &str) -> (Reaper, Relay, EngineProxy) {
    let reaper = reaper(reconnection);
    let relay = Relay::to(reaper.port());
    let proxy = EngineProxy::start_default();
    StandIn::at(relay.port()).show(&proxy, run);
    (reaper, relay, proxy)
}

fn reaper(reconnection: &str) -> Reaper {
    Reaper::start(&[("RYUK_RECONNECTION_TIMEOUT", reconnection)])
}

/// X4: a link that breaks is made again, and the reaper removes nothing in between.
#[test]
fn a_link_that_is_cut_for_a_moment_is_made_again_and_nothing_goes() {
    let run = Run::new("cut-short");
    let (mut reaper, relay, proxy) = behind_a_relay(&run, "20s");
    let child = run.spawn_with(super::run::scenario_holds, &[("DOCKER_HOST", &proxy.docker_host())]);
    child.line("holding ", LONG);
    reaper.line("client connected");
    let before = run.left();
    relay.cut();
    reaper.line("client disconnected");
    // It tries while it can't succeed, too.
    let tried = relay.accepted();
    block_until("it is tried again", || relay.accepted() > tried);
    relay.mend(reaper.port());
    reaper.line("client connected");
    assert_eq!(run.left(), before);
    kill(child);
    reaper.line("client disconnected");
    let end = reaper.end();
    assert_eq!(end.code, Some(0));
    end.line("removed containers=1 networks=1 volumes=1");
}

/// X4: after a long cut the reaper has removed the session's resources. The process is told, and the next reaper serves
/// what comes after.
#[test]
fn a_link_that_is_cut_for_long_is_made_again_with_another_reaper() {
    let run = Run::new("cut-long").with("SEATRIAL_STARTUP_TIMEOUT", "1s");
    let (mut first, relay, proxy) = behind_a_relay(&run, "300ms");
    let child = run.spawn_with(scenario_creates_twice, &[("DOCKER_HOST", &proxy.docker_host())]);
    child.line("first ", LONG);
    first.line("client connected");
    relay.cut();
    let end = first.end();
    assert_eq!(end.code, Some(0));
    end.line("removed containers=0 networks=0 volumes=1");
    child.line("the reaper was lost, and is tried again", LONG);
    let mut second = reaper("300ms");
    relay.mend(second.port());
    second.line("adding filter");
    child.line("second ", LONG);
    assert_eq!(run.left().volumes.len(), 1);
    kill(child);
    let end = second.end();
    end.line("removed containers=0 networks=0 volumes=1");
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_creates_twice() {
    if !is_scenario() {
        return;
    }
    let first = Volume::create().await.expect("a volume");
    say(&format!("first {first}"));
    let second = loop {
        // While there is no reaper nothing is created; the engine is asked whether the first one is there still.
        match Volume::create().await {
            Ok(volume) if is_gone(first.name()) => break volume,
            Ok(volume) => volume.remove().await.expect("it goes"),
            Err(error) => assert!(error.is_reaper(), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    say(&format!("second {second}"));
    std::future::pending::<()>().await;
}

fn is_gone(volume: &str) -> bool {
    let answer = Engine::from_env().request("GET", &format!("/volumes/{volume}"), None);
    answer.expect("the engine answers").status == 404
}

/// X3: a reaper that closes the connection before the acknowledgement is starting or ending, and is tried again.
#[test]
fn an_end_before_the_acknowledgement_means_another_try() {
    let run = Run::new("hung-up");
    let (mut reaper, relay, proxy) = behind_a_relay(&run, "300ms");
    relay.hang_up_on(3);
    let child = run.spawn_with(super::run::scenario_creates, &[("DOCKER_HOST", &proxy.docker_host())]);
    child.line("created ", LONG);
    assert_eq!(relay.accepted(), 4);
    reaper.line("adding filter");
    kill(child);
    assert_eq!(reaper.end().code, Some(0));
}

/// X7: a reaper without our label is taken for Ryuk, which knows no token.
#[test]
fn a_reaper_of_others_is_sent_no_token() {
    let run = Run::new("theirs");
    let mut reaper = reaper("300ms");
    let proxy = EngineProxy::start_default();
    let mut theirs = StandIn::at(reaper.port());
    theirs.env.push("REAPER_TOKEN=unused".to_owned());
    theirs.show(&proxy, &run);
    let child = run.spawn_with(super::run::scenario_creates, &[("DOCKER_HOST", &proxy.docker_host())]);
    child.line("created ", LONG);
    reaper.line("adding filter");
    kill(child);
    let end = reaper.end();
    assert_eq!(end.code, Some(0));
    assert!(end.lines.iter().all(|line| !line.contains("connection closed")), "{:#?}", end.lines);
}

/// X7: a reaper of ours is sent its token.
#[test]
fn a_reaper_of_ours_is_sent_its_token() {
    let run = Run::new("ours");
    let mut reaper = Reaper::start(&[("REAPER_TOKEN", "open sesame")]);
    let proxy = EngineProxy::start_default();
    let mut ours = StandIn::at(reaper.port());
    ours.env.push("REAPER_TOKEN=open sesame".to_owned());
    ours.labels.push((labels::REAPER_PROTOCOL, "1"));
    ours.show(&proxy, &run);
    let child = run.spawn_with(super::run::scenario_creates, &[("DOCKER_HOST", &proxy.docker_host())]);
    child.line("created ", LONG);
    reaper.line("adding filter");
    kill(child);
    assert_eq!(reaper.end().code, Some(0));
}
