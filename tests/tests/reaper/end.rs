//! The end of a reaper: by signals, and for clients that come too late (items 4 and 5 of the acceptance list).

use std::time::{Duration, Instant};

use seatrial_tests::{EngineProxy, Fault, Gate, Matcher, Reaper};

use super::fixture::{label, left, one_of_each, volume};

/// Item 4: a client that connects after the prune is decided is closed without an answer.
#[test]
fn a_client_that_comes_once_the_prune_is_decided_gets_no_byte() {
    let label = label();
    volume(&label);
    let proxy = EngineProxy::start_default();
    let gate = Gate::new();
    proxy.on(Matcher::new("DELETE", "/volumes/"), Fault::Hold(gate.clone()));
    let reaper = Reaper::start(&[("DOCKER_HOST", &proxy.docker_host())]);
    reaper.connect().filter(&format!("label={label}"));
    gate.wait_reached();
    let mut late = reaper.connect();
    late.try_write("label=late=1\n");
    assert_eq!(late.rest(), b"");
    gate.release();
    assert_eq!(reaper.end().code, Some(0));
    assert_eq!(left(&label), [0; 4]);
}

/// Item 5: SIGTERM and SIGINT clean up at once, even if a client is connected.
#[test]
fn a_signal_reaps_at_once_though_a_client_is_there() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let label = label();
        volume(&label);
        let reaper = Reaper::start(&[]);
        let mut client = reaper.connect();
        client.filter(&format!("label={label}"));
        reaper.kill(signal);
        let end = reaper.end();
        assert_eq!(end.code, Some(0), "{}", end.stderr);
        end.line("removed containers=0 networks=0 volumes=1");
        assert_eq!(left(&label), [0; 4]);
    }
}

/// Item 5: without clients, SIGTERM ends the reaper.
#[test]
fn a_signal_without_clients_ends_the_reaper() {
    let reaper = Reaper::start(&[]);
    reaper.kill(libc::SIGTERM);
    assert_eq!(reaper.end().code, Some(0));
}

/// Item 5: a client disconnects at the moment of the clean-up.
#[test]
fn a_client_that_leaves_just_after_a_signal_changes_nothing() {
    let label = label();
    one_of_each(&label);
    let reaper = Reaper::start(&[]);
    let mut client = reaper.connect();
    client.filter(&format!("label={label}"));
    reaper.kill(libc::SIGTERM);
    drop(client);
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=1 networks=1 volumes=1 images=1");
    assert_eq!(left(&label), [0; 4]);
}

/// Item 5: a signal comes while a prune waits for the engine's answer to a removal.
#[test]
fn a_signal_in_mid_prune_begins_it_anew() {
    let label = label();
    volume(&label);
    let proxy = EngineProxy::start_default();
    let gate = Gate::new();
    proxy.on(Matcher::new("DELETE", "/volumes/").nth(1), Fault::Hold(gate.clone()));
    let reaper = Reaper::start(&[("DOCKER_HOST", &proxy.docker_host()), ("RYUK_REQUEST_TIMEOUT", "10m")]);
    reaper.connect().filter(&format!("label={label}"));
    gate.wait_reached();
    reaper.kill(libc::SIGTERM);
    let end = reaper.end();
    gate.release();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("volumes=1");
    assert_eq!(left(&label), [0; 4]);
}

/// Item 5: after a signal, a reaper whose engine does not answer ends within its 8 s.
#[test]
fn after_a_signal_a_hung_engine_is_given_up_in_time() {
    let engine = seatrial_tests::ScriptedEngine::silent();
    let reaper = Reaper::start(&[("DOCKER_HOST", &engine.docker_host())]);
    let mut client = reaper.connect();
    client.filter("label=a=1");
    let start = Instant::now();
    reaper.kill(libc::SIGTERM);
    assert_eq!(reaper.end().code, Some(1));
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// Item 5: changes that never end postpone the prune up to the shutdown timeout.
#[test]
fn changes_postpone_the_prune_only_so_long() {
    let label = label();
    volume(&label);
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("GET", "^/containers/json$").first(1_000), Fault::error(500, "not now"));
    let variables = [("RYUK_SHUTDOWN_TIMEOUT", "1s"), ("DOCKER_HOST", &proxy.docker_host())];
    let mut reaper = Reaper::start(&variables);
    reaper.connect().filter(&format!("label={label}"));
    reaper.line("shutdown timeout reached, forcing prune");
    assert_eq!(reaper.end().code, Some(1), "the containers could not be listed");
    assert_eq!(left(&label), [0; 4]);
}
