//! Mounted test files (C21): what a container sees of them, and when their copies go.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seatrial::TestContainer;
use seatrial_test_support::own_session::{OwnSession, look, look_at, own_id, remove_by_hand};
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};
use tempfile::TempDir;

/// The longest time for an event in the background.
const SOON: Duration = Duration::from_secs(15);

/// Returns a file and a directory that only root may read; one name is like no other's.
fn host(marker: &str) -> TempDir {
    let host = tempfile::tempdir().expect("a folder");
    let at = |below: &str| host.path().join(below);
    fs::create_dir(at("dir")).expect("made");
    for (file, mode) in [(marker, 0o600), ("dir/script", 0o700)] {
        fs::write(at(file), "content").expect("written");
        fs::set_permissions(at(file), Permissions::from_mode(mode)).expect("ours");
    }
    symlink("script", at("dir/link")).expect("linked");
    fs::set_permissions(at("dir"), Permissions::from_mode(0o700)).expect("ours");
    host
}

/// Returns the host's folder with the copies for a container, by the engine's word.
#[track_caller]
fn copies_of(container: &TestContainer, target: &str) -> PathBuf {
    let container = look_at(container);
    let mounts = container["Mounts"].as_array().expect("mounts");
    let mount = mounts.iter().find(|mount| mount["Destination"] == target).expect("a mount");
    mount["Source"].as_str().expect("a path").into()
}

/// Returns the copies that hold a file of this name, whoever made them.
fn copies_with(marker: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(std::env::temp_dir()).expect("readable").flatten().map(|entry| entry.path());
    let ours = all.filter(|path| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"seatrial-"))
    });
    ours.filter(|path| path.join(marker).exists()).collect()
}

async fn wait_until_gone(path: &Path) {
    let start = Instant::now();
    while path.exists() {
        assert!(start.elapsed() < SOON, "`{}` is still there", path.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs a line of shell as somebody; what it printed, and whether it worked.
async fn shell(container: &TestContainer, user: &str, line: &str) -> (String, bool) {
    let output = container.exec(["sh", "-c", line]).user(user).await.expect("it runs");
    (output.stdout_text(), output.exit_code == 0)
}

/// Starts a container that has the file `file` of the host mounted at `/in`.
async fn with_file(session: &OwnSession, host: &TempDir) -> TestContainer {
    let request = session.shell("exec sleep 1000").mount_files([host.path().join("file")], "/in");
    request.start().await.expect("it starts")
}

/// C21: files that are mounted to be read are readable for every user and writable for none.
#[tokio::test]
async fn every_user_reads_what_is_mounted_to_read_and_none_writes() {
    let session = OwnSession::begin("mounted").await;
    let host = host("file");
    let request = session
        .shell("exec sleep 1000")
        .mount_files([host.path().join("file"), host.path().join("dir")], "/in");
    let container = request.start().await.expect("it starts");
    for user in ["root", "tester", "nobody"] {
        let (read, worked) =
            shell(&container, user, "cd /in && cat file dir/script dir/link && test -x dir/link").await;
        assert_eq!((read.as_str(), worked), ("contentcontentcontent", true), "{user}");
        for line in ["echo x >> /in/file", "echo x > /in/new", "rm /in/dir/script", "chmod 777 /in"] {
            assert!(!shell(&container, user, line).await.1, "{user} could `{line}`");
        }
    }
    // It is a copy, so later changes of the host's files don't matter.
    fs::write(host.path().join("file"), "changed").expect("written");
    assert_eq!(shell(&container, "root", "cat /in/file").await.0, "content");
}

/// C21: files that are mounted to be written are writable for every user, and the host's originals don't change.
#[tokio::test]
async fn every_user_writes_what_is_mounted_to_write_and_the_host_keeps_its_own() {
    let session = OwnSession::begin("mounted-writable").await;
    let host = host("file");
    let sources = [host.path().join("file"), host.path().join("dir")];
    let container = session
        .shell("exec sleep 1000")
        .mount_files_writable(sources, "/in")
        .start()
        .await
        .expect("it starts");
    for user in ["nobody", "tester", "root"] {
        let line = format!(
            "cd /in && echo {user} >> file && echo x > {user} && mkdir dir/{user} && echo x >> dir/link"
        );
        assert!(shell(&container, user, &line).await.1, "{user}");
    }
    assert_eq!(shell(&container, "nobody", "cat /in/file").await.0, "contentnobody\ntester\nroot\n");
    assert_eq!(fs::read_to_string(host.path().join("file")).expect("readable"), "content");
    let copies = copies_of(&container, "/in");
    assert!(copies.join("dir/nobody").is_dir());
    container.remove().await.expect("it goes");
    assert!(!copies.exists(), "a removal is over when the copies are gone too");
}

/// C21: the copies on the host are deleted after the container, never before.
#[tokio::test]
async fn copies_go_after_the_container_and_not_before() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "mounted-order").await;
    let host = host("file");
    let container = with_file(&session, &host).await;
    let (copies, id) = (copies_of(&container, "/in"), container.id().to_string());
    // The engine fails at first, then it takes its time.
    let gate = Gate::new();
    proxy.on(Matcher::new("DELETE", "/containers/").nth(1), Fault::error(500, "not now"));
    proxy.on(Matcher::new("DELETE", "/containers/"), Fault::Hold(gate.clone()));
    drop(container);
    gate.reached().await;
    assert!(look(&id).is_some() && copies.join("file").exists(), "the copies went first");
    gate.release();
    wait_until_gone(&copies).await;
    assert!(look(&id).is_none(), "the copies went first");
}

/// C21: the copies on the host stay as long as a kept container.
#[tokio::test]
async fn a_container_that_is_kept_keeps_its_files() {
    let session = OwnSession::begin("mounted-kept").await;
    let host = host("file");
    let container = with_file(&session, &host).await;
    let copies = copies_of(&container, "/in");
    let id = container.keep();
    let there = fs::read_to_string(copies.join("file"));
    remove_by_hand(id.as_str());
    fs::remove_dir_all(&copies).expect("they were kept");
    assert_eq!(there.expect("they were kept"), "content");
}

/// C8, C21: a start that fails after the copies were made deletes them, at each step.
#[tokio::test]
async fn a_start_that_fails_leaves_no_copies() {
    let session = OwnSession::begin("mounted-failed").await;
    let marker = own_id("mounted-failed");
    let host = host(&marker);
    let sources = || [host.path().join(&marker), host.path().join("dir")];
    let request = session.idle().mount_files(sources(), "/in");
    let failing = [
        ("no such program", request.clone().entrypoint(["/no/such/program"])),
        ("a bad memory limit", request.clone().memory(1)),
        ("a second mount without a source", request.mount_files([host.path().join("no-such-file")], "/in2")),
    ];
    for (what, request) in failing {
        request.start().await.expect_err(what);
        for copies in copies_with(&marker) {
            // A container that was created before the failure is removed in the background.
            wait_until_gone(&copies).await;
        }
    }
}

/// C8, C21: a creation whose start is dropped is finished, and the container is removed with its copies.
#[tokio::test]
async fn a_start_that_is_dropped_leaves_no_copies() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "mounted-dropped").await;
    let marker = own_id("mounted-dropped");
    let host = host(&marker);
    let gate = Gate::new();
    proxy.on(Matcher::new("POST", "/containers/create"), Fault::Hold(gate.clone()));
    let request = session.idle().mount_files([host.path().join(&marker)], "/in");
    let start = tokio::spawn(async move { request.start().await });
    gate.reached().await;
    start.abort();
    assert!(start.await.is_err_and(|error| error.is_cancelled()));
    let copies = copies_with(&marker);
    assert_eq!(copies.len(), 1, "the engine may still create a container with them");
    gate.release();
    wait_until_gone(&copies[0]).await;
    assert_eq!(proxy.count(|request| request.is("DELETE", "/containers/")), 1, "{:?}", proxy.requests());
}

/// C21: an invalid source is refused by name before anything is created.
#[tokio::test]
async fn sources_that_cannot_be_mounted_are_refused_by_name() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "mounted-refused").await;
    let marker = own_id("mounted-refused");
    let (host, other) = (host(&marker), host(&marker));
    let [one, two] = [&host, &other].map(|host| host.path().join(&marker));
    proxy.clear();
    let missing = host.path().join("no-such-file");
    for (sources, reason) in [
        (
            vec![one.clone(), two.clone()],
            format!("`{}` can't be mounted: another mounted file has the same name", two.display()),
        ),
        (vec![one, missing.clone()], format!("`{}` does not exist", missing.display())),
        (vec!["/dev/null".into()], "`/dev/null` is a device".to_owned()),
    ] {
        for request in [
            session.idle().mount_files(sources.clone(), "/in"),
            session.idle().mount_files_writable(sources, "/in"),
        ] {
            let error = request.name("refused").start().await.expect_err(&reason);
            let text = error.to_string();
            assert!(error.is_invalid() || error.is_files(), "{text}");
            assert!(
                text.contains(&reason) && text.contains("container `refused`"),
                "`{reason}` is not in: {text}"
            );
        }
    }
    assert_eq!(proxy.requests().len(), 0, "the engine was asked: {:?}", proxy.requests());
    assert_eq!(copies_with(&marker), [] as [PathBuf; 0]);
}

/// C1, C21: each start has copies of its own.
#[tokio::test]
async fn two_starts_of_a_request_share_nothing() {
    let session = OwnSession::begin("mounted-twice").await;
    let host = host("file");
    let request = session.shell("exec sleep 1000").mount_files_writable([host.path().join("file")], "/in");
    let (one, two) = futures_util::future::join(request.start(), request.start()).await;
    let (one, two) = (one.expect("it starts"), two.expect("it starts"));
    assert!(shell(&one, "root", "echo changed > /in/file").await.1);
    assert_eq!(shell(&two, "root", "cat /in/file").await.0, "content");
    let copies = copies_of(&two, "/in");
    one.remove().await.expect("it goes");
    assert!(copies.join("file").exists());
}
