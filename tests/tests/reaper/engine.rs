//! What is removed, in the face of engines that misbehave (items 1 to 3 of the acceptance list).

use seatrial_tests::{EngineProxy, Fault, Matcher, Reaper};

use super::fixture::{container, label, left, network, volume};

/// Item 1.
#[test]
fn what_two_clients_left_is_removed_and_counted_exactly() {
    let labels = [label(), label()];
    for label in &labels {
        container(label);
        network(label);
        volume(label);
    }
    let spared = label();
    volume(&spared);
    let reaper = Reaper::start(&[]);
    let mut clients = [reaper.connect(), reaper.connect()];
    for (client, label) in clients.iter_mut().zip(&labels) {
        client.filter(&format!("label={label}"));
        client.filter(&format!("label={}", label.replace('=', "%3D")));
    }
    drop(clients);
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=2 networks=2 volumes=2 images=0");
    end.line("msg=done");
    assert!(labels.iter().all(|label| left(label) == [0, 0, 0]));
    assert_eq!(left(&spared), [0, 0, 1]);
    let reaper = Reaper::start(&[]);
    reaper.connect().filter(&format!("label={spared}"));
    assert_eq!(reaper.end().code, Some(0));
}

/// Item 3: a 404 on the first removal of each class, and an error on the first list of each.
#[test]
fn first_removals_and_lists_that_fail_are_tried_again() {
    let label = label();
    container(&label);
    network(&label);
    volume(&label);
    let proxy = EngineProxy::start_default();
    for class in ["/containers/", "/networks/", "/volumes/"] {
        proxy.on(Matcher::new("DELETE", class).first(1), Fault::error(404, "no such thing"));
    }
    for list in ["/containers/json", "/networks", "/volumes"] {
        proxy.on(Matcher::new("GET", list).first(1), Fault::error(500, "not now"));
    }
    let reaper = Reaper::start(&[("DOCKER_HOST", &proxy.docker_host())]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=1 networks=1 volumes=1 images=0");
    assert_eq!(left(&label), [0, 0, 0]);
}

/// Item 3: an error on every removal of one class.
#[test]
fn what_cannot_be_removed_is_named_and_the_others_go() {
    let label = label();
    container(&label);
    volume(&label);
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::new("DELETE", "/volumes/"), Fault::error(500, "never"));
    let patience = [("RYUK_REQUEST_TIMEOUT", "1s"), ("RYUK_REMOVE_RETRIES", "2")];
    let reaper = Reaper::start(&[&[("DOCKER_HOST", proxy.docker_host().as_str())][..], &patience].concat());
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    assert_eq!(end.code, Some(1));
    assert!(end.stderr.contains("left 1 items: volume "), "{}", end.stderr);
    end.line("removed containers=1 networks=0 volumes=0 images=0");
    assert_eq!(left(&label), [0, 0, 1]);
    let reaper = Reaper::start(&[]);
    reaper.connect().filter(&format!("label={label}"));
    assert_eq!(reaper.end().code, Some(0));
}

/// Item 2: with ryuk's own offset, what was created just now is named, and goes in the end.
#[test]
fn what_is_created_during_the_prune_postpones_it() {
    let label = label();
    let mut reaper = Reaper::start(&[("RYUK_RETRY_OFFSET", "-2s")]);
    let mut client = reaper.connect();
    client.filter(&format!("label={label}"));
    network(&label);
    drop(client);
    let line = reaper.line("change detected, waiting again");
    assert!(line.contains("network reaper-test-"), "{line}");
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=0 networks=1");
    assert_eq!(left(&label), [0, 0, 0]);
}
