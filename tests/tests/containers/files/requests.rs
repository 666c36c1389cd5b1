//! The requests by which copies go to the engine, seen by a proxy in front of it.

use std::io::Cursor;

use seatrial::CopyIn;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::EngineProxy;

use super::tree::tree;

/// Returns one source of each kind.
fn sources(host: &std::path::Path) -> [CopyIn; 4] {
    [
        CopyIn::dir(host, "/in/dir"),
        CopyIn::file(host.join("plain"), "/in/file"),
        CopyIn::bytes("given", "/elsewhere/bytes"),
        CopyIn::reader(|| Ok(Cursor::new(b"read".to_vec())), 4, "/reader"),
    ]
}

fn archives(proxy: &EngineProxy) -> usize {
    proxy.count(|request| request.is("PUT", "/archive"))
}

/// C19: all sources of a request are sent in one archive.
#[tokio::test]
async fn all_sources_of_a_request_go_in_one_archive() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "one-archive").await;
    let host = tree();
    let steps = ["cat", "/in/dir/plain", "cat", "/in/file", "cat", "/elsewhere/bytes", "cat", "/reader"];
    let request = session.misbehave(&steps);
    let request = sources(host.path()).into_iter().fold(request, |request, source| request.copy_in(source));
    let output = request.run().await.expect("it runs");
    assert_eq!(output.stdout_text(), "a plain file\na plain file\ngivenread");
    assert_eq!(archives(&proxy), 1);
}

/// C19: all sources of one copy are sent in one archive.
#[tokio::test]
async fn all_sources_copied_at_once_into_a_running_container_go_in_one_archive() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "one-archive").await;
    let host = tree();
    let container = session.idle().start().await.expect("it starts");
    assert_eq!(archives(&proxy), 0, "a request that copies nothing sends nothing");
    container.copy_all_in(sources(host.path())).await.expect("they are copied");
    let cat = ["/misbehave", "cat", "/in/dir/plain", "cat", "/elsewhere/bytes", "cat", "/reader"];
    let output = container.exec(cat).await.expect("it runs");
    assert_eq!(output.stdout_text(), "a plain file\ngivenread");
    assert_eq!(archives(&proxy), 1);
}
