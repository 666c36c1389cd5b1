//! Leftovers are found: on the engine, in the temporary folder, in a process.

use std::fs;
use std::panic;
use std::time::Duration;

use seatrial_tests::{Engine, Leftovers, ProcessSnapshot, TempFiles, assert_nothing_left};
use serde_json::{Value, json};

use crate::fixture::{BASIC, Fixture, labelled, session};

#[test]
fn containers_networks_and_volumes_of_a_session_are_found_and_no_others() {
    let session = session("leftovers");
    let engine = Engine::from_env();
    let fixture = Fixture::create(&session, json!({ "Image": BASIC }));
    let post = |target: &str, body: Value| {
        engine.request("POST", target, Some(&labelled(&session, body))).expect("an answer").status
    };
    assert_eq!(post("/networks/create", json!({ "Name": session })), 201);
    assert_eq!(post("/volumes/create", json!({ "Name": session })), 201);
    let left = Leftovers::of_session(&engine, &session).expect("an answer");
    let counts = [&left.containers, &left.networks, &left.volumes, &left.images].map(Vec::len);
    assert_eq!(counts, [1, 1, 1, 0], "{left}");
    let panic = panic::catch_unwind(|| Leftovers::assert_none(&engine, &session, Duration::ZERO));
    let message = panic.expect_err("something is left").downcast::<String>().expect("a message");
    assert!(message.contains(&fixture.id[..12]) && message.contains("Created"), "{message}");
    for target in [format!("/networks/{session}"), format!("/volumes/{session}")] {
        assert_eq!(engine.request("DELETE", &target, None).expect("an answer").status, 204);
    }
    drop(fixture);
    assert_nothing_left(&session);
}

#[test]
fn new_temporary_files_of_the_library_count_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("seatrial-old"), "").expect("a file");
    let before = TempFiles::in_folder(&folder);
    fs::write(folder.path().join("other"), "").expect("a file");
    before.assert_none_added();
    let new = folder.path().join("seatrial-new");
    fs::create_dir(&new).expect("a folder");
    assert_eq!(before.added_since(), [new]);
}

#[test]
fn an_open_file_and_a_thread_are_seen_in_a_process() {
    let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep runs");
    let snapshot = ProcessSnapshot::of(child.id());
    assert_eq!(snapshot.threads.len(), 1);
    snapshot.assert_not_grown();
    child.kill().and_then(|()| child.wait()).expect("it ends");
    let own = ProcessSnapshot::own();
    assert!(own.threads.len() >= 2, "{own:?}");
    let files: Vec<_> = (0..20).map(|_| fs::File::open("/dev/null").expect("a file")).collect();
    assert!(own.grown_since().iter().any(|one| one.contains("/dev/null")));
    drop(files);
}
