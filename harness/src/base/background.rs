//! The process's background thread and its runtime.
//!
//! A test's runtime ends with the test, so work that has to outlive a test runs here: requests that create or remove
//! something, the readers of attached output, and the cleaner. It also makes the library independent of the executor
//! that awaits its futures. User code never runs on this thread.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use once_cell::sync::Lazy;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, Timeout};

static BACKGROUND: Lazy<Background> = Lazy::new(Background::start);

thread_local! {
    /// Set on the background thread. It has no destructor, so it can be read while the thread's locals are destroyed.
    static IS_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// A handle to the background thread's runtime.
pub(crate) struct Background {
    handle: Handle,
}

/// Returns the process's background runtime. The first call starts it.
pub(crate) fn background() -> &'static Background {
    &BACKGROUND
}

impl Background {
    fn start() -> Self {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("seatrial".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime needs an epoll descriptor and an eventfd");
                IS_BACKGROUND.set(true);
                sender.send(runtime.handle().clone()).ok();
                // This never completes, so the thread lives as long as the process.
                runtime.block_on(std::future::pending::<()>());
            })
            .expect("the process may start one more thread");
        let handle = receiver.recv().expect("the thread sends before it does anything else");
        Self { handle }
    }

    /// Returns `true` on the background thread, which must never block.
    pub(crate) fn is_current() -> bool {
        IS_BACKGROUND.get()
    }

    /// Runs a future on the background thread. Dropping the returned handle aborts it.
    pub(crate) fn run<F>(&self, future: F) -> Run<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Run { task: self.handle.spawn(future), abort_on_drop: true }
    }

    /// Runs a future on the background thread to its end, even if the returned handle is dropped.
    pub(crate) fn carry_through<F>(&self, future: F) -> Run<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Run { task: self.handle.spawn(future), abort_on_drop: false }
    }
}

/// Runs blocking code, such as disk access, on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let work = background().run(async move { tokio::task::spawn_blocking(work).await });
    match work.await {
        Ok(output) => output,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Sleeps like [`tokio::time::sleep`], in any executor. The timer is one of the background runtime, since the caller's
/// runtime may have none.
pub(crate) fn sleep(time: Duration) -> Sleep {
    let _context = background().handle.enter();
    tokio::time::sleep(time)
}

/// Limits a future's time like [`tokio::time::timeout`], in any executor.
pub(crate) fn timeout<F: Future>(time: Duration, future: F) -> Timeout<F> {
    let _context = background().handle.enter();
    tokio::time::timeout(time, future)
}

/// Limits a future's time like [`tokio::time::timeout_at`], in any executor.
pub(crate) fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    let _context = background().handle.enter();
    tokio::time::timeout_at(deadline, future)
}

/// Awaits a future for at most `limit`, in any executor. Returns `None` if the time is up.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    timeout(limit, future).await.ok()
}

/// A handle to a future on the background thread. It can be awaited in any executor.
#[must_use = "dropping this aborts the work, or loses its result"]
pub(crate) struct Run<T> {
    task: JoinHandle<T>,
    abort_on_drop: bool,
}

impl<T> Run<T> {
    /// Lets the work continue without a handle.
    pub(crate) fn detach(mut self) {
        self.abort_on_drop = false;
    }
}

impl<T> Future for Run<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.task).poll(cx).map(|joined| match joined {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is never shut down, and only this handle's drop aborts the task.
                Err(_) => unreachable!("the background runtime outlives every handle"),
            },
        })
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        if self.abort_on_drop {
            self.task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_runs_on_the_background_thread_and_returns_its_output() {
        let name = background().run(async { std::thread::current().name().map(str::to_owned) }).await;
        assert_eq!(name.as_deref(), Some("seatrial"));
    }

    /// A waker that unparks a thread.
    struct Unpark(std::thread::Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }

    /// C27: a pause and a time limit need no runtime of the caller.
    #[test]
    fn timers_need_no_runtime() {
        let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
        let mut work = std::pin::pin!(async {
            sleep(Duration::from_millis(1)).await;
            within(Duration::from_millis(1), std::future::pending::<()>()).await
        });
        let limited = loop {
            match work.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => break output,
                Poll::Pending => std::thread::park(),
            }
        };
        assert_eq!(limited, None);
    }

    #[tokio::test]
    async fn dropping_a_run_aborts_it() {
        let (sender, receiver) = oneshot::channel::<()>();
        drop(background().run(async move {
            std::future::pending::<()>().await;
            sender.send(()).ok();
        }));
        receiver.await.expect_err("the task that owned the sender was aborted");
    }

    #[tokio::test]
    async fn work_that_is_carried_through_outlives_its_handle() {
        let (release, released) = oneshot::channel::<()>();
        let (sender, receiver) = oneshot::channel();
        drop(background().carry_through(async move {
            released.await.ok();
            sender.send(7).ok();
        }));
        release.send(()).expect("the task still waits");
        assert_eq!(receiver.await, Ok(7));
    }
}
