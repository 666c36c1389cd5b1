//! Copies out of a container, compared with what it has.

use std::fs;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seatrial::{CopyIn, Session, TestContainer, WaitFor};
use seatrial_test_support::own_session::{OwnSession, own_id};
use seatrial_tests::{EngineProxy, Fault, Matcher};

use super::tree::{list_host, time, tree};

/// Starts a container with `/data/file` and `/data/link`.
async fn with_data(session: &OwnSession) -> TestContainer {
    let file = CopyIn::bytes("some content", "/data/file").mode(0o640).mtime(time(1_000_000_000));
    let host = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/etc/passwd", host.path().join("link")).expect("linked");
    let request = session.idle().copy_in(file).copy_in(CopyIn::dir(host.path(), "/data"));
    request.start().await.expect("it starts")
}

/// C20: modes, times, inner links, empty directories, odd and long names come out as they went in.
#[tokio::test]
async fn a_directory_comes_out_as_it_went_in() {
    let session = OwnSession::begin("copy-out").await;
    let host = tree();
    // The link that points outside belongs to another test.
    fs::remove_file(host.path().join("broken")).expect("it was there");
    let container =
        session.idle().copy_in(CopyIn::dir(host.path(), "/data")).start().await.expect("it starts");
    let target = tempfile::tempdir().expect("a folder");
    let copied = container.copy_out("/data", target.path().join("new")).await.expect("it is copied");
    // Times of links are not kept; those of their targets are.
    let without_links =
        |list: Vec<String>| list.into_iter().filter(|line| !line.starts_with('l')).collect::<Vec<_>>();
    let (was, is) = (list_host(host.path(), "-"), list_host(&target.path().join("new"), "-"));
    assert_eq!(without_links(is.clone()), without_links(was.clone()));
    let links = |list: &[String]| {
        let links = list
            .iter()
            .filter(|line| line.starts_with('l'))
            .map(|line| line.splitn(5, ' ').last().map(str::to_owned));
        links.collect::<Vec<_>>()
    };
    let without_times = |list: &[String]| -> Vec<String> {
        links(list)
            .into_iter()
            .flatten()
            .map(|line| line.split_once(' ').expect("a time").1.to_owned())
            .collect()
    };
    assert_eq!(without_times(&is), without_times(&was));
    assert_eq!(copied.skipped, [] as [String; 0]);
    assert_eq!(copied.bytes, 13 + 23 + 3 + 4);
    assert_eq!(
        fs::read_to_string(target.path().join("new/link")).expect("readable"),
        "#!/bin/sh\necho it runs\n"
    );
}

/// C20: a directory that is copied out merges into an existing one and replaces files of the same name only.
#[tokio::test]
async fn a_directory_goes_into_one_that_is_there_and_replaces_files_only() {
    let session = OwnSession::begin("copy-out-into").await;
    let container = with_data(&session).await;
    let target = tempfile::tempdir().expect("a folder");
    fs::write(target.path().join("file"), "old").expect("written");
    fs::write(target.path().join("other"), "kept").expect("written");
    let copied = container.copy_dir_out("/data", target.path()).await.expect("it is copied");
    let read = |name: &str| fs::read_to_string(target.path().join(name)).expect("readable");
    assert_eq!((read("file").as_str(), read("other").as_str()), ("some content", "kept"));
    assert!(copied.skipped.len() == 1 && copied.skipped[0].contains("/etc/passwd"), "{:?}", copied.skipped);
    assert!(fs::symlink_metadata(target.path().join("link")).is_err(), "a link that leads out was made");
}

/// C20: a file is copied out to a file, as bytes, or to a writer.
#[tokio::test]
async fn a_file_comes_out_as_a_file_as_bytes_and_to_a_writer() {
    let session = OwnSession::begin("copy-out-file").await;
    let container = with_data(&session).await;
    let target = tempfile::tempdir().expect("a folder");
    let copied = container.copy_file_out("/data/file", target.path().join("here")).await.expect("copied");
    assert_eq!((copied.entries, copied.bytes), (1, 12));
    assert_eq!(list_host(target.path(), "-"), ["-0640 - 12 1000000000 here"]);
    assert_eq!(fs::read(target.path().join("here")).expect("readable"), b"some content");
    assert_eq!(&container.read_file("/data/file", 12).await.expect("read")[..], b"some content");
    let writer = Shared::default();
    assert_eq!(container.copy_out_to("/data/file", writer.clone()).await.expect("copied"), 12);
    assert_eq!(*writer.0.lock().expect("unharmed"), b"some content");
}

/// C20: a container need not run for a copy.
#[tokio::test]
async fn a_file_comes_out_of_a_container_that_has_ended() {
    let session = OwnSession::begin("copy-out-ended").await;
    let request = session.misbehave(&["write-file", "/result", "the result"]).wait_for(WaitFor::exit());
    let container = request.start().await.expect("it ends");
    assert_eq!(&container.read_file("/result", 100).await.expect("read")[..], b"the result");
}

/// C20: a missing path is an error that names it, in every form of the copy.
#[tokio::test]
async fn a_path_that_is_not_there_is_an_error_that_names_it() {
    let session = OwnSession::begin("copy-out-missing").await;
    let container = with_data(&session).await;
    let target = tempfile::tempdir().expect("a folder");
    let host = target.path().join("here");
    let path = "/data/no-such";
    let errors = [
        container.copy_out(path, &host).await.expect_err("not there"),
        container.copy_file_out(path, &host).await.expect_err("not there"),
        container.copy_dir_out(path, &host).await.expect_err("not there"),
        container.read_file(path, 100).await.expect_err("not there"),
        container.copy_out_to(path, io::sink()).await.expect_err("not there"),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(error.is_not_found(), "{text}");
        assert!(text.contains(&format!("`{path}` in {container}")), "{text}");
    }
    let error = container.copy_out("data/file", &host).await.expect_err("relative");
    assert!(error.is_invalid() && error.to_string().contains("`data/file`"), "{error}");
    assert_eq!(fs::read_dir(target.path()).expect("readable").count(), 0);
}

/// C20: a directory in place of a file, and the reverse, is an error that names it and leaves nothing.
#[tokio::test]
async fn a_copy_of_another_kind_than_was_asked_for_is_refused() {
    let session = OwnSession::begin("copy-out-other").await;
    let container = with_data(&session).await;
    let target = tempfile::tempdir().expect("a folder");
    let host = target.path().join("here");
    let failing = Shared(Arc::default(), true);
    for (error, path, reason) in [
        (container.copy_file_out("/data", &host).await.expect_err("a directory"), "/data", "is a directory"),
        (
            container.copy_dir_out("/data/file", &host).await.expect_err("a file"),
            "/data/file",
            "not a directory",
        ),
        (
            container.copy_out("/data/link", &host).await.expect_err("a link"),
            "/data/link",
            "a link to `/etc/passwd`",
        ),
        (container.read_file("/data", 100).await.expect_err("a directory"), "/data", "is a directory"),
        (container.read_file("/data/file", 11).await.expect_err("too long"), "/data/file", "12 bytes"),
        (
            container.copy_out_to("/data/file", failing).await.expect_err("it fails"),
            "/data/file",
            "disk is full",
        ),
        (
            container.copy_out("/data/file", "/no/such/dir/x").await.expect_err("nowhere"),
            "/data/file",
            "`/no/such/dir`",
        ),
    ] {
        let text = format!("{error:?}");
        assert!(error.is_files() && text.contains(reason), "`{reason}` is not in: {text}");
        assert!(text.contains(path), "{text}");
    }
    assert_eq!(fs::read_dir(target.path()).expect("readable").count(), 0);
}

/// C20: an archive that breaks off leaves the target as it was.
#[tokio::test]
async fn an_archive_that_is_cut_leaves_the_target_as_it_was() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "copy-out-cut").await;
    let container = with_data(&session).await;
    let target = tempfile::tempdir().expect("a folder");
    fs::write(target.path().join("file"), "old").expect("written");
    for bytes in [0, 100, 1_000, 1_100] {
        proxy.clear_rules();
        proxy.on(Matcher::new("GET", "/archive"), Fault::cut_after(bytes));
        for path in ["/data", "/data/file"] {
            let host = if path == "/data" { target.path().to_owned() } else { target.path().join("file") };
            let error = container.copy_out(path, &host).await.expect_err("it was cut");
            assert!(error.is_protocol() && error.to_string().contains(path), "{bytes}: {error}");
        }
        let error = container.read_file("/data/file", 100).await.expect_err("it was cut");
        assert!(error.is_protocol(), "{bytes}: {error}");
    }
    assert_eq!(list_host(target.path(), "-").len(), 1, "{:?}", list_host(target.path(), "-"));
    assert_eq!(fs::read_to_string(target.path().join("file")).expect("readable"), "old");
}

/// C20, E1: an engine that falls silent in the middle of an archive is an error in time.
#[tokio::test]
async fn an_archive_that_hangs_is_an_error_that_says_what_hung() {
    let proxy = EngineProxy::start_default();
    let builder = Session::builder().id(own_id("copy-out-hangs")).docker_host(proxy.docker_host());
    let session = OwnSession::of(builder.request_timeout(Duration::from_secs(3))).await;
    let container = with_data(&session).await;
    proxy.on(Matcher::new("GET", "/archive"), Fault::hang_after(600));
    let error = container.read_file("/data/file", 100).await.expect_err("it hangs");
    assert!(error.is_timeout() && error.to_string().contains("`/data/file` in container"), "{error}");
}

/// A writer whose content can be looked at, or that fails.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>, bool);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1 {
            return Err(io::Error::other("the disk is full"));
        }
        self.0.lock().expect("unharmed").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
