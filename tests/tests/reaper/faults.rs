//! Engines that misbehave (item 3 of the acceptance list, and more), or that do not run for a while.

use std::os::unix::fs::symlink;
use std::time::Duration;

use seatrial_tests::{Daemon, EngineProxy, Fault, Gate, Matcher, Reaper};

use super::fixture::{Host, label, left, one_of_each, reap, volume};

const CLASSES: [&str; 4] = ["containers", "networks", "volumes", "images"];

/// Item 3: the first removal of each class is answered with 404, and the first list of each with an error.
#[test]
fn first_removals_and_lists_that_fail_are_tried_again() {
    let label = label();
    one_of_each(&label);
    let proxy = EngineProxy::start_default();
    for class in CLASSES {
        let removal = Matcher::new("DELETE", &format!("/{class}/"));
        proxy.on(removal.first(1), Fault::error(404, "no such thing"));
        proxy.on(Matcher::new("GET", &format!("/{class}")).first(1), Fault::error(500, "not now"));
    }
    let reaper = Reaper::start(&[("DOCKER_HOST", &proxy.docker_host())]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=1 networks=1 volumes=1 images=1");
    assert_eq!(left(&label), [0; 4]);
}

/// Item 3: every removal of one class fails; the resource is named, and the other classes are removed.
#[test]
fn a_resource_that_cannot_be_removed_is_named_and_the_others_are_removed() {
    // In parallel, since each waits until the reaper gives up.
    std::thread::scope(|scope| {
        (0..CLASSES.len()).for_each(|class| {
            scope.spawn(move || all_but_one_class_go(class));
        });
    });
}

fn all_but_one_class_go(stays: usize) {
    let (class, label) = (CLASSES[stays], label());
    one_of_each(&label);
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::new("DELETE", &format!("/{class}/")), Fault::error(500, "never"));
    let host = proxy.docker_host();
    let patience = [("RYUK_REQUEST_TIMEOUT", "3s"), ("RYUK_REMOVE_RETRIES", "4")];
    let reaper = Reaper::start(&[&[("DOCKER_HOST", host.as_str())][..], &patience].concat());
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    let (left, tries) = (left(&label), proxy.count(|request| request.is("DELETE", &format!("/{class}/"))));
    reap(&label);
    assert_eq!(end.code, Some(1), "{class}");
    let named = format!("left 1 items: {} ", class.trim_end_matches('s'));
    assert!(end.stderr.contains(&named) && end.stderr.contains("never"), "{class}: {}", end.stderr);
    let mut counts = [1; 4];
    counts[stays] = 0;
    let [containers, networks, volumes, images] = counts;
    end.line(&format!(
        "removed containers={containers} networks={networks} volumes={volumes} images={images}"
    ));
    assert_eq!(left, counts.map(|removed| 1 - removed), "{class}");
    assert!(tries >= 4, "{class}: at least as often as in ryuk, not {tries} times");
}

/// Each fault applies to the first four requests, and then to the first two removals.
#[test]
fn everything_is_removed_in_the_end_whatever_the_engine_does_for_a_while() {
    for fault in [
        Fault::error(500, "not now"),
        Fault::error(503, "not now"),
        Fault::cut(),
        Fault::half_head(),
        Fault::garbage(),
        Fault::hang(),
        Fault::Delay(Duration::from_millis(200)),
        Fault::swallow_and_cut(),
        Fault::cut_after(1),
        Fault::hang_after(1),
    ] {
        let label = label();
        volume(&label);
        let proxy = EngineProxy::start_default();
        proxy.on(Matcher::any().first(4), fault.clone());
        proxy.on(Matcher::new("DELETE", "").first(2), fault.clone());
        let host = proxy.docker_host();
        let reaper = Reaper::start(&[("DOCKER_HOST", &host), ("RYUK_REQUEST_TIMEOUT", "1s")]);
        reaper.connect().filter(&format!("label={label}"));
        let end = reaper.end();
        assert_eq!(end.code, Some(0), "{fault:?}: {}", end.stderr);
        end.line("volumes=1");
        assert_eq!(left(&label), [0; 4], "{fault:?}");
    }
}

/// An engine that never comes back is given up in time, with the reason.
#[test]
fn an_engine_that_stays_away_is_given_up_with_a_reason() {
    let engine = seatrial_tests::ScriptedEngine::start(Fault::cut());
    let host = engine.docker_host();
    let short = [
        ("DOCKER_HOST", host.as_str()),
        ("RYUK_SHUTDOWN_TIMEOUT", "1s"),
        ("RYUK_REQUEST_TIMEOUT", "100ms"),
        ("RYUK_REMOVE_RETRIES", "3"),
    ];
    let reaper = Reaper::start(&short);
    reaper.connect().filter("label=a=1");
    let end = reaper.end();
    assert_eq!(end.code, Some(1));
    assert!(end.stderr.contains("failed to list"), "{}", end.stderr);
}

/// The engine's socket appears after the reaper has started.
#[test]
fn an_engine_that_is_late_is_waited_for() {
    let label = label();
    volume(&label);
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("docker.sock");
    let mut reaper = Reaper::start(&[("DOCKER_HOST", &format!("unix://{}", socket.display()))]);
    reaper.connect().filter(&format!("label={label}"));
    reaper.line("failed to look for changes");
    symlink(seatrial_tests::Engine::from_env().socket(), &socket).expect("a socket");
    assert_eq!(reaper.end().code, Some(0));
    assert_eq!(left(&label), [0; 4]);
}

/// A real daemon is stopped between two removals, and started again.
#[test]
fn a_daemon_that_is_restarted_in_mid_prune_is_waited_for() {
    let Some(mut daemon) = Daemon::start() else { return };
    daemon.load("seatrial/basic:dev");
    let (host, label) = (Host(daemon.engine()), label());
    host.container(&label);
    host.volume(&label);
    host.image(&label);
    let (proxy, gate) = (EngineProxy::start(daemon.socket()), Gate::new());
    proxy.on(Matcher::new("DELETE", "/volumes/").nth(1), Fault::Hold(gate.clone()));
    let mut reaper = Reaper::start(&[("DOCKER_HOST", &proxy.docker_host())]);
    reaper.connect().filter(&format!("label={label}"));
    gate.wait_reached();
    daemon.stop();
    gate.release();
    reaper.line("failed to list");
    daemon.begin();
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=1 networks=0 volumes=1 images=1");
    assert_eq!(host.left(&label), [0; 4]);
}
