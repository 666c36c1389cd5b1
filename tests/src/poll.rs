//! Cancellation at every point: polls a future n times and drops it, for n = 0, 1, 2, … until it completes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Notify;

/// The longest time that a future may sleep between two polls.
const WOKEN_WITHIN: Duration = Duration::from_secs(60);

/// Makes the future again and again, polls it n times, drops it and calls `check(n)`, for n = 0, 1, 2, … up to the n
/// with which it completed; that n is returned. What it completed with is dropped before the check.
///
/// Between two polls the future is left alone until it is woken, so that the n-th poll is its n-th real wake-up, and
/// the tasks, threads and engines that it waits for make progress meanwhile.
///
/// # Panics
/// If nothing wakes the future within a minute.
pub async fn cancel_at_every_poll<F, C>(
    mut make_future: impl FnMut() -> F,
    mut check: impl FnMut(usize) -> C,
) -> usize
where
    F: Future,
    C: Future<Output = ()>,
{
    let mut polls = 0;
    loop {
        let mut future = Box::pin(make_future());
        let output = poll_times(future.as_mut(), polls).await;
        drop(future);
        let completed = output.is_some();
        drop(output);
        check(polls).await;
        if completed {
            return polls;
        }
        polls += 1;
    }
}

/// Polls so many times, each time after having been woken; the output if there is one by then.
async fn poll_times<F: Future>(mut future: Pin<&mut F>, polls: usize) -> Option<F::Output> {
    let bell = Arc::new(Bell(Notify::new()));
    let waker = Waker::from(Arc::clone(&bell));
    for poll in 0..polls {
        if poll > 0 {
            let woken = tokio::time::timeout(WOKEN_WITHIN, bell.0.notified()).await;
            assert!(woken.is_ok(), "nothing woke the future within {WOKEN_WITHIN:?} after poll {poll}");
        }
        // A wake-up before this poll is covered by it, and would otherwise cause a needless one.
        let _ = bell.0.notified().now_or_never();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
    }
    None
}

/// A waker that can be waited for; a ring before the wait is kept.
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test]
    async fn every_wake_up_is_one_poll() {
        let dropped_after = RefCell::new(Vec::new());
        let polls = cancel_at_every_poll(
            || async {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
            },
            async |polls| dropped_after.borrow_mut().push(polls),
        )
        .await;
        assert_eq!(polls, 4);
        assert_eq!(*dropped_after.borrow(), [0, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_future_that_waits_for_a_task_lets_the_task_run() {
        let polls = cancel_at_every_poll(
            || async {
                tokio::spawn(async { tokio::time::sleep(Duration::from_millis(1)).await })
                    .await
                    .expect("it runs");
            },
            async |_| {},
        )
        .await;
        assert_eq!(polls, 2);
    }
}
