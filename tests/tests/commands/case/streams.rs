//! Input and output of cases as streams.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::future::{Either, select};
use seatrial::Cases;
use seatrial_test_support::own_session::OwnSession;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{agent, exited, shell, waiting};

/// Keeps what is written to it.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl AsyncWrite for Sink {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().expect("nobody panics").extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Returns cases by agent and by exec.
async fn ways(container: &seatrial::TestContainer) -> [Cases; 2] {
    let cases = agent(container).await;
    [cases, container.cases_by_exec()]
}

/// A9: output goes to writers as it comes, up to its limit; a stream without a writer is kept.
#[tokio::test]
async fn output_goes_to_writers() {
    let session = OwnSession::begin("case-writers").await;
    let container = waiting(&session).await;
    for cases in ways(&container).await {
        let sink = Sink::default();
        let line = "head -c 2000000 /dev/zero; echo kept >&2";
        let output = cases.run(shell(line).stdout_to(sink.clone())).await.expect("it runs");
        exited(&output, 0);
        assert_eq!(sink.0.lock().expect("nobody panics").len(), 2_000_000);
        assert!(output.stdout.is_empty() && output.stderr_text() == "kept\n" && !output.truncated);
        let sink = Sink::default();
        let case = shell("head -c 2000000 /dev/zero").stdout_to(sink.clone()).output_limit(1000);
        assert!(cases.run(case).await.expect("it runs").truncated);
        assert_eq!(sink.0.lock().expect("nobody panics").len(), 1000);
    }
}

/// A8: megabytes of input arrive, from bytes and from a reader.
#[tokio::test]
async fn input_of_any_length_arrives() {
    let session = OwnSession::begin("case-input").await;
    let container = waiting(&session).await;
    for cases in ways(&container).await {
        let output = cases.run(shell("wc -c").stdin(vec![b'x'; 3_000_000])).await.expect("it runs");
        assert_eq!(output.stdout_text().trim(), "3000000");
        let (mut input, reader) = tokio::io::duplex(100);
        let writing = async {
            for _ in 0..1000 {
                input.write_all(&[b'x'; 777]).await.expect("it is read");
            }
            drop(input);
        };
        let (output, ()) = tokio::join!(cases.run(shell("wc -c").stdin_from(reader)), writing);
        assert_eq!(output.expect("it runs").stdout_text().trim(), "777000");
        let broken = broken_reader();
        let error = cases.run(shell("cat").stdin_from(broken)).await.expect_err("its reader fails");
        assert!(error.is_files() && error.to_string().contains("standard input"), "{error:?}");
    }
    assert_eq!(container.poison(), None);
}

/// Returns a reader that fails.
fn broken_reader() -> impl tokio::io::AsyncRead + Send {
    struct Broken;
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::other("no")))
        }
    }
    Broken
}

/// A10: a writer that takes nothing holds back its own case and no other.
#[tokio::test]
async fn a_slow_writer_holds_nobody_else_back() {
    let session = OwnSession::begin("case-slow").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    let (writer, reader) = tokio::io::duplex(10);
    let slow = Box::pin(cases.run(shell("head -c 3000000 /dev/zero; exit 8").stdout_to(writer)));
    let others = Box::pin(async {
        for _ in 0..50 {
            let output = cases.run(shell("head -c 500000 /dev/zero; exit 1")).await.expect("it runs");
            assert_eq!(output.stdout.len(), 500_000);
            exited(&output, 1);
        }
    });
    let Either::Right(((), slow)) = select(slow, others).await else { panic!("nobody reads it") };
    let reading = async {
        let mut reader = reader;
        tokio::io::copy(&mut reader, &mut tokio::io::sink()).await.expect("it can be read")
    };
    let (output, length) = tokio::join!(slow, reading);
    exited(&output.expect("it runs"), 8);
    assert_eq!(length, 3_000_000);
}
