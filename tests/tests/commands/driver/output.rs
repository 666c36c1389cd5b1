//! Output and input of tasks: whole, in order, with writers of all kinds.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rstest::rstest;
use seatrial::driver::Status;
use tokio::io::AsyncWrite;

use super::{Fixture, Kept, Which, shell};

/// Takes so many bytes, and then nothing, or fails.
struct Stuck {
    takes: usize,
    then_fails: bool,
}

impl AsyncWrite for Stuck {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match (self.takes, self.then_fails) {
            (0, false) => Poll::Pending,
            (0, true) => Poll::Ready(Err(io::Error::from(io::ErrorKind::StorageFull))),
            (takes, _) => {
                let taken = takes.min(bytes.len());
                self.takes -= taken;
                Poll::Ready(Ok(taken))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// D1: a task's output arrives complete and in order, however much it is.
#[rstest]
#[tokio::test]
async fn large_output_is_complete_and_in_order(#[values(Which::Docker, Which::Pool)] which: Which) {
    let fixture = Fixture::of(which, "driver-much").await;
    let (out, err) = (Kept::default(), Kept::default());
    let line = "seq 1 50000 & seq 1 30000 >&2; wait; head -c 1000000 /dev/zero; printf end";
    let task = shell(line).stdout(out.writer()).stderr(err.writer());
    let result = fixture.run(task).await.expect("the engine runs it");
    assert_eq!(result.status, Status::Success);
    let lines = |to: usize| (1..=to).map(|n| format!("{n}\n")).collect::<String>();
    // Not as values: they are long.
    assert!(out.text() == lines(50_000) + &"\0".repeat(1_000_000) + "end", "{} bytes", out.bytes().len());
    assert!(err.text() == lines(30_000), "{} bytes", err.bytes().len());
}

/// D1: a task gets input of any size, and need not read it.
#[rstest]
#[tokio::test]
async fn a_task_reads_its_input_to_the_end(#[values(Which::Docker, Which::Pool)] which: Which) {
    let fixture = Fixture::of(which, "driver-stdin").await;
    let input: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let out = Kept::default();
    let task = shell("cat").stdin(input.clone()).stdout(out.writer());
    assert_eq!(fixture.run(task).await.expect("it runs").status, Status::Success);
    assert!(out.bytes() == input, "{} bytes", out.bytes().len());
    let result = fixture.run(shell("exit 4").stdin(input)).await.expect("it runs");
    assert_eq!(result.exit_code, Some(4));
    // Without any, it is at the end.
    let out = Kept::default();
    let result = fixture.run(shell("cat; echo over").stdout(out.writer())).await.expect("it runs");
    assert_eq!((result.status, out.text().as_str()), (Status::Success, "over\n"));
}

/// D1: a writer that is stuck or fails is dropped; the task and the other writer go on.
#[rstest]
#[tokio::test]
async fn a_writer_that_is_stuck_is_given_up(#[values(Which::Docker, Which::Pool)] which: Which) {
    let fixture = Fixture::of(which, "driver-stuck").await;
    for (then_fails, kind) in [(false, io::ErrorKind::TimedOut), (true, io::ErrorKind::StorageFull)] {
        let err = Kept::default();
        let line = "head -c 3000000 /dev/zero; echo all >&2";
        let task = shell(line).writer_timeout(Duration::from_millis(300)).stderr(err.writer());
        let task = task.stdout(Box::new(Stuck { takes: 100_000, then_fails }));
        let result = fixture.run(task).await.expect("the engine runs it");
        assert_eq!((result.status, err.text().as_str()), (Status::Success, "all\n"));
        assert!(result.stderr_error.is_none());
        assert_eq!(result.stdout_error.map(|error| error.kind()), Some(kind));
    }
}

/// D1: a task ends although its future is not polled.
#[tokio::test]
async fn a_task_that_nobody_awaits_ends_all_the_same() {
    let fixture = Fixture::of(Which::Docker, "driver-unawaited").await;
    let out = Kept::default();
    let task = shell("echo begun; head -c 3000000 /dev/zero")
        .writer_timeout(Duration::from_millis(300))
        .stdout(out.writer());
    let prepared = fixture.driver.prepare(task).await.expect("it is prepared");
    let wait = prepared.run().await.expect("it starts");
    seatrial_test_support::observe::until("it is gone", || fixture.session.containers().is_empty()).await;
    let result = wait.await.expect("it is known how it ended");
    assert_eq!(result.status, Status::Success);
    assert_eq!(result.stdout_error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    assert!(out.text().starts_with("begun\n"));
}
