//! Standard input, from bytes and from readers.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use seatrial_test_support::observe::failed;
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::until_none_sleeps;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};

use super::waiting;

/// C27: input arrives complete, binary and large, and then ends.
#[tokio::test]
async fn bytes_arrive_whole_and_end() {
    let session = OwnSession::begin("exec-stdin").await;
    let container = waiting(&session).await;
    let bytes: Vec<u8> =
        (0..3_000_000_u32).map(|number| number.to_le_bytes()[0] ^ number.to_le_bytes()[1]).collect();
    let echoed = container.exec(["cat"]).stdin(bytes.clone()).await.expect("it runs");
    assert!(echoed.stdout == bytes, "{} bytes", echoed.stdout.len());
    let empty = container.exec(["wc", "-c"]).stdin("").await.expect("it runs");
    assert_eq!(empty.stdout_text(), "0\n");
    let none = container.exec(["wc", "-c"]).await.expect("it runs");
    assert_eq!(none.stdout_text(), "0\n", "a command that reads does not wait for what never comes");
}

/// C27: a command's input can come from a reader, which may borrow.
#[tokio::test]
async fn a_reader_is_read_to_its_end() {
    let session = OwnSession::begin("exec-reader").await;
    let container = waiting(&session).await;
    let text = "b\na\n".to_owned();
    let sorted = container.exec(["sort"]).stdin_from(text.as_bytes()).await.expect("it runs");
    assert_eq!(sorted.stdout_text(), "a\nb\n");
    let large = tokio::io::repeat(b'x').take(5_000_000);
    let counted = container.exec(["wc", "-c"]).stdin_from(large).await.expect("it runs");
    assert_eq!(counted.stdout_text(), "5000000\n");
    let (mut ours, theirs) = tokio::io::duplex(16);
    let command = async { container.exec(["cat"]).stdin_from(theirs).await };
    let writing = async {
        for _ in 0..3 {
            ours.write_all(b"piece by piece, more than fits\n").await.expect("it is read");
        }
        drop(ours);
    };
    let (output, ()) = tokio::join!(command, writing);
    assert_eq!(output.expect("it runs").stdout_text(), "piece by piece, more than fits\n".repeat(3));
}

/// C27: a command need not read its input, as in a shell's pipe, and ends all the same.
#[tokio::test]
async fn a_command_that_does_not_read_all_is_no_error() {
    let session = OwnSession::begin("exec-unread").await;
    let container = waiting(&session).await;
    let large = vec![b'x'; 20_000_000];
    let one = container.exec(["head", "-c", "1"]).stdin(large.clone()).await.expect("it runs");
    assert_eq!((one.exit_code, one.stdout_text().as_str()), (0, "x"));
    let line = "exec <&-; printf on; exit 2";
    let closed = container.exec(["sh", "-c", line]).stdin(large).await.expect("it runs");
    assert_eq!((closed.exit_code, closed.stdout_text().as_str()), (2, "on"));
    let endless = container.exec(["true"]).stdin_from(tokio::io::repeat(b'x')).await.expect("it runs");
    assert_eq!(endless.exit_code, 0);
    let silent = tokio::io::duplex(16);
    let still = container.exec(["true"]).stdin_from(silent.0).await.expect("it runs");
    assert_eq!(still.exit_code, 0, "a reader that gives nothing does not hold the end up");
}

/// A reader that fails after some bytes.
struct Failing(bool);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(Err(io::Error::other("the disk is on fire")));
        }
        buffer.put_slice(b"some");
        Poll::Ready(Ok(()))
    }
}

/// C27, C29: an error of the reader ends the command, which has not got its whole input.
#[tokio::test]
async fn a_reader_that_fails_is_an_error_and_ends_the_command() {
    let session = OwnSession::begin("exec-failing-reader").await;
    let container = waiting(&session).await;
    let error = failed(container.exec(["sh", "-c", "cat; sleep 1001"]).stdin_from(Failing(false)).await);
    assert!(error.is_files() && error.to_string().contains(container.name()), "{error:?}");
    assert!(format!("{error:?}").contains("on fire"), "{error:?}");
    until_none_sleeps(&container, "ended in the background").await;
}
