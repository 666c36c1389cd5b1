//! Removals: which resources are removed, how they are counted (items 1 and 2 of the acceptance list), and the
//! resources that are hard to remove.

use seatrial_tests::{Daemon, EngineProxy, Fault, Gate, Matcher, Reaper};

use super::fixture::{Host, container, here, image, label, left, network, one_of_each, reap, until, volume};

/// Item 1: two clients' resources of all classes are removed, and each is counted once.
#[test]
fn what_two_clients_left_is_removed_and_counted_exactly() {
    let labels = [label(), label()];
    labels.iter().for_each(|label| one_of_each(label));
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
    assert_eq!(end.lines.iter().filter(|line| line.contains("adding filter")).count(), 2);
    end.line("removed containers=2 networks=2 volumes=2 images=2");
    end.line("msg=done");
    assert!(labels.iter().all(|label| left(label) == [0; 4]));
    assert_eq!(left(&spared), [0, 0, 1, 0]);
    reap(&spared);
}

/// Item 2: with a retry offset like ryuk's, a new resource postpones the prune, is named in the log, and is removed
/// later.
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
    assert_eq!(left(&label), [0; 4]);
}

/// Item 2: a resource that is created during the prune is found by its next pass.
#[test]
fn resources_that_appear_during_a_prune_are_removed_too() {
    let label = label();
    volume(&label);
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(Matcher::new("DELETE", "/volumes/").nth(1), Fault::Hold(gate.clone()));
    let reaper = Reaper::start(&[("DOCKER_HOST", &proxy.docker_host())]);
    reaper.connect().filter(&format!("label={label}"));
    gate.wait_reached();
    container(&label);
    volume(&label);
    gate.release();
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=1 networks=0 volumes=2 images=0");
    assert_eq!(left(&label), [0; 4]);
}

#[test]
fn a_session_whose_clients_are_gone_is_reaped_while_others_go_on() {
    let (gone, stays) = (label(), label());
    volume(&gone);
    volume(&stays);
    let reaper = Reaper::start(&[]);
    let mut client = reaper.connect();
    client.filter(&format!("label={stays}"));
    reaper.connect().filter(&format!("label={gone}"));
    until("the end of the session that was left", || left(&gone) == [0; 4]);
    assert_eq!(left(&stays), [0, 0, 1, 0]);
    client.filter(&format!("label={stays}&label=still=there"));
    drop(client);
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=0 networks=0 volumes=2 images=0");
    assert_eq!(left(&stays), [0; 4]);
}

/// Somebody else's removal is waited for, not tried again, and not counted.
#[test]
fn a_removal_that_somebody_else_has_begun_is_waited_for() {
    let label = label();
    let id = container(&label);
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let refusal = format!("removal of container {id} is already in progress");
    proxy.on(Matcher::new("DELETE", "/containers/"), Fault::error(409, &refusal));
    proxy.on(Matcher::regex("GET", "^/containers/[0-9a-f]{64}/json$").nth(1), Fault::Hold(gate.clone()));
    let reaper = Reaper::start(&[("DOCKER_HOST", &proxy.docker_host())]);
    reaper.connect().filter(&format!("label={label}"));
    gate.wait_reached();
    here().expect(204, "DELETE", &format!("/containers/{id}?force=1"));
    gate.release();
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=0 networks=0");
    assert_eq!(proxy.count(|request| request.method == "DELETE"), 1);
}

/// A resource that somebody else removes between the reaper's list and its removal does not count.
#[test]
fn a_resource_that_vanishes_before_its_removal_is_not_counted() {
    let label = label();
    let name = volume(&label);
    volume(&label);
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(Matcher::new("DELETE", &format!("/volumes/{name}")).nth(1), Fault::Hold(gate.clone()));
    let reaper = Reaper::start(&[("DOCKER_HOST", &proxy.docker_host())]);
    reaper.connect().filter(&format!("label={label}"));
    gate.wait_reached();
    here().expect(204, "DELETE", &format!("/volumes/{name}"));
    gate.release();
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=0 networks=0 volumes=1 images=0");
    assert!(end.line("\"sessions\"").contains("\"vanished\":[{"), "{:?}", end.lines);
}

/// A foreign container on a network that is removed is disconnected from it, and goes on running.
#[test]
fn a_network_with_endpoints_is_emptied_first() {
    let label = label();
    let stranger = here().stranger_on(&network(&label));
    let reaper = Reaper::start(&[]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    let running = here().0.get(&format!("/containers/{stranger}/json"));
    here().expect(204, "DELETE", &format!("/containers/{stranger}?force=1"));
    assert_eq!(running.expect("it is there")["State"]["Running"], true);
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=0 networks=1");
    assert_eq!(left(&label), [0; 4]);
}

#[test]
fn an_image_loses_each_of_the_sessions_tags_and_counts_once() {
    let label = label();
    let name = image(&label);
    let repository = name.split(':').next().expect("a repository");
    here().expect(201, "POST", &format!("/images/{name}/tag?repo={repository}&tag=b"));
    here().expect(201, "POST", &format!("/images/{name}/tag?repo={repository}-too&tag=c"));
    let reaper = Reaper::start(&[]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("images=1");
    assert_eq!(left(&label), [0; 4]);
    here().expect(404, "GET", &format!("/images/{repository}-too:c/json"));
}

/// A tag that somebody else gave to the session's image stays, and with it the image; the session's tag goes.
#[test]
fn a_foreign_tag_of_an_image_stays() {
    let (label, foreign) = (label(), format!("reaper-test-foreign-{}:keep", std::process::id()));
    let name = image(&label);
    let (repository, tag) = foreign.split_once(':').expect("a tag");
    here().expect(201, "POST", &format!("/images/{name}/tag?repo={repository}&tag={tag}"));
    let reaper = Reaper::start(&[]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    let target = format!("/images/{foreign}");
    here().expect(404, "GET", &format!("/images/{name}/json"));
    here().expect(200, "DELETE", &target);
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=0 networks=0 volumes=0 images=0");
    assert!(end.line("left alone").contains("tagged"), "{:?}", end.lines);
}

/// If nothing in their names tells the tags apart, the oldest one is the session's.
#[test]
fn the_oldest_of_an_images_tags_is_the_sessions() {
    let Some(daemon) = Daemon::start() else { return };
    let (host, label) = (Host(daemon.engine()), label());
    host.image_named(&label, "app:test");
    host.expect(201, "POST", "/images/app:test/tag?repo=app&tag=keep");
    let reaper = Reaper::start(&[("DOCKER_HOST", &format!("unix://{}", daemon.socket().display()))]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    host.expect(404, "GET", "/images/app:test/json");
    host.expect(200, "GET", "/images/app:keep/json");
}

/// An image with the label of reapers is spared.
#[test]
fn reapers_are_spared() {
    let label = label();
    let id = container(&label);
    let name = format!("reaper-test-spared-{}", std::process::id());
    let target = format!("/commit?container={id}&repo={name}&changes=LABEL%20org.testcontainers.ryuk=true");
    here().expect(201, "POST", &target);
    let reaper = Reaper::start(&[]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    let spared = left(&label);
    here().expect(200, "DELETE", &format!("/images/{name}"));
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("removed containers=1 networks=0 volumes=0 images=0");
    assert_eq!(spared, [0, 0, 0, 1], "the image has the label, and is a reaper's");
}
