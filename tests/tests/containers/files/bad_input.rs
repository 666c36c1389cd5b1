//! Copies that can't be made: refused, where that can be known, before anything is created.

use std::io::{self, Cursor, Read};
use std::os::unix::net::UnixListener;

use seatrial::{CopyIn, Error};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::EngineProxy;

/// Returns sources that can't be copied, each with words of the reason.
fn impossible(host: &std::path::Path) -> Vec<(CopyIn, String)> {
    let at = |name: &str| host.join(name);
    let named = |name: &str, reason: &str| format!("`{}` {reason}", at(name).display());
    vec![
        (CopyIn::file(at("no-such"), "/in"), named("no-such", "does not exist")),
        (CopyIn::dir(at("no-such"), "/in"), named("no-such", "does not exist")),
        (CopyIn::file(at("sockets"), "/in"), named("sockets", "is a directory, not a file")),
        (CopyIn::dir(at("file"), "/in"), named("file", "is not a directory")),
        (CopyIn::file(at("sockets/socket"), "/in"), named("sockets/socket", "is a socket")),
        (CopyIn::dir(at("sockets"), "/in"), named("sockets/socket", "is a socket")),
        (CopyIn::file("/dev/null", "/in"), "`/dev/null` is a device".to_owned()),
        (CopyIn::bytes("x", "in/here"), "`in/here`, does not start with `/`".to_owned()),
        (CopyIn::bytes("x", "/in/../here"), "`/in/../here`, contains `..`".to_owned()),
        (CopyIn::bytes("x", "/in/"), "`/in/`, names a directory".to_owned()),
    ]
}

fn host() -> (tempfile::TempDir, UnixListener) {
    let host = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(host.path().join("sockets")).expect("made");
    std::fs::write(host.path().join("file"), "x").expect("written");
    let listener = UnixListener::bind(host.path().join("sockets/socket")).expect("a socket");
    (host, listener)
}

#[track_caller]
fn assert_says(error: &Error, reason: &str, container: &str) {
    let text = error.to_string();
    assert!(error.is_files() || error.is_invalid(), "{text}");
    assert!(text.contains(reason) && text.contains(container), "`{reason}` is not in: {text}");
}

/// C8, C19: a request with a source that can't be copied fails before a container is created.
#[tokio::test]
async fn a_source_that_cannot_be_copied_is_refused_before_anything_is_created() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "refused").await;
    let (host, _listener) = host();
    proxy.clear();
    for (source, reason) in impossible(host.path()) {
        let request = session.idle().name("refused").copy_in(CopyIn::bytes("x", "/fine")).copy_in(source);
        assert_says(&request.start().await.expect_err(&reason), &reason, "container `refused`");
    }
    let two =
        session.idle().name("refused").copy_in(CopyIn::bytes("a", "/x")).copy_in(CopyIn::bytes("bc", "//x"));
    assert_says(&two.start().await.expect_err("a clash"), "`/x` in the container would come from both", "");
    assert_eq!(proxy.requests().len(), 0, "the engine was asked: {:?}", proxy.requests());
}

/// C19: a source that can't be copied fails before the engine is sent anything.
#[tokio::test]
async fn a_source_that_cannot_be_copied_into_a_running_container_is_refused_before_anything_is_sent() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "refused").await;
    let (host, _listener) = host();
    let container = session.idle().start().await.expect("it starts");
    proxy.clear();
    for (source, reason) in impossible(host.path()) {
        let error = container.copy_in(source).await.expect_err(&reason);
        assert_says(&error, &reason, &container.to_string());
    }
    assert_eq!(proxy.requests().len(), 0, "the engine was asked: {:?}", proxy.requests());
}

/// C8, C19: the engine refuses a copy to a read-only root, and the container that it had created is removed.
#[tokio::test]
async fn a_copy_to_a_read_only_root_is_an_error_that_says_what_would_work() {
    let session = OwnSession::begin("read-only").await;
    let request = session.idle().read_only_root().anonymous_volume("/volume");
    for path in ["/in", "/volume/in"] {
        let error = request.clone().copy_in(CopyIn::bytes("x", path)).start().await.expect_err("read-only");
        let text = error.to_string();
        assert!(
            text.contains("read-only") && text.contains("hint: ") && text.contains("`mount_files`"),
            "{text}"
        );
    }
    let host = tempfile::tempdir().expect("a folder");
    std::fs::write(host.path().join("file"), "mounted").expect("written");
    let request = session.misbehave(&["cat", "/in/file"]).read_only_root();
    let output = request.mount_files([host.path().join("file")], "/in").run().await.expect("it runs");
    assert_eq!(output.stdout_text(), "mounted");
}

/// C8, C19: a reader that gives fewer or more bytes than it promised is an error that leaves no container.
#[tokio::test]
async fn a_reader_that_does_not_keep_its_word_is_an_error_that_names_its_target() {
    let session = OwnSession::begin("reader").await;
    let short = || Ok(Cursor::new(vec![b'x'; 10]));
    let long = || Ok(Cursor::new(vec![b'x'; 1000]));
    let broken = || Ok(Cursor::new(vec![b'x'; 10]).chain(Broken));
    let missing = || Err::<Cursor<Vec<u8>>, _>(io::Error::other("no such source"));
    for (source, reason) in [
        (CopyIn::reader(short, 100, "/in/short"), "10"),
        (CopyIn::reader(long, 100, "/in/long"), "100"),
        (CopyIn::reader(broken, 100, "/in/broken"), "the disk is on fire"),
        (CopyIn::reader(missing, 100, "/in/missing"), "no such source"),
    ] {
        let target = format!("{source:?}");
        let error =
            session.idle().name(session.id().as_str()).copy_in(source).start().await.expect_err(&target);
        let text = format!("{error:?}");
        assert!(error.is_files() && text.contains("`/in/") && text.contains(reason), "{target}: {text}");
        assert!(text.contains(&format!("container `{}`", session.id())), "{text}");
        seatrial_tests::assert_nothing_left(session.id().as_str());
    }
}

/// C19: a target below a file of the container is refused by the engine, and the container stays usable.
#[tokio::test]
async fn a_path_through_a_file_of_the_container_is_refused_by_the_engine() {
    let session = OwnSession::begin("through-a-file").await;
    let container = session.idle().start().await.expect("it starts");
    let error = container.copy_in(CopyIn::bytes("x", "/etc/passwd/in")).await.expect_err("no directory");
    let text = error.to_string();
    assert!(text.contains(&container.to_string()) && text.contains("copy files in"), "{text}");
    assert!(container.copy_in(CopyIn::bytes("x", "/etc/in")).await.is_ok(), "it is usable as before");
}

/// C19: a copy into a removed container fails with "not found".
#[tokio::test]
async fn a_copy_into_a_container_that_is_gone_says_so() {
    let session = OwnSession::begin("gone").await;
    let container = session.idle().start().await.expect("it starts");
    seatrial_test_support::own_session::remove_by_hand(container.id().as_str());
    let error = container.copy_in(CopyIn::bytes("x", "/in")).await.expect_err("it is gone");
    assert!(error.is_not_found() && error.to_string().contains(container.name()), "{error}");
    let error = container.read_file("/in", 10).await.expect_err("it is gone");
    assert!(error.is_not_found() && error.to_string().contains(container.name()), "{error}");
}

/// Fails when it is read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is on fire"))
    }
}
