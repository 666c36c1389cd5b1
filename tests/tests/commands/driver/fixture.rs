//! A driver in a session of its own, and tasks for it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use seatrial::driver::{DockerDriver, Driver, PoolDriver, RunResult, Task};
use seatrial::{ContainerPool, ContainerRequest, Error};
use seatrial_test_support::own_session::{BASIC, OwnSession};
use seatrial_tests::EngineProxy;
use tokio::io::AsyncWrite;

/// Which driver a test is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Docker,
    Pool,
}

/// A driver with a session of its own; the pool has one container.
pub(crate) struct Fixture {
    pub(crate) driver: Box<dyn Driver>,
    pub(crate) pool: Option<ContainerPool>,
    // Dropped last, it checks that nothing is left.
    pub(crate) session: OwnSession,
}

impl Fixture {
    pub(crate) async fn of(which: Which, topic: &str) -> Self {
        Self::in_session(which, OwnSession::begin(topic).await).await
    }

    pub(crate) async fn behind(proxy: &EngineProxy, which: Which, topic: &str) -> Self {
        Self::in_session(which, OwnSession::behind(proxy, topic).await).await
    }

    pub(crate) async fn in_session(which: Which, session: OwnSession) -> Self {
        match which {
            Which::Docker => {
                Self { driver: Box::new(DockerDriver::in_session(&session)), pool: None, session }
            }
            Which::Pool => {
                let request = session.shell("exec sleep 100000").init();
                Self::with_pool(request, session).await
            }
        }
    }

    pub(crate) async fn with_pool(request: ContainerRequest, session: OwnSession) -> Self {
        let pool = ContainerPool::builder(request).size(1).build().await.expect("a pool");
        Self { driver: Box::new(PoolDriver::new(pool.clone())), pool: Some(pool), session }
    }

    /// Runs a task from its preparation to its end.
    pub(crate) async fn run(&self, task: Task) -> Result<RunResult, Error> {
        self.driver.prepare(task).await?.run().await?.await
    }

    /// Lists what is left of the tasks: their containers, or the processes that their commands left in the pool's.
    pub(crate) async fn left(&self) -> Vec<String> {
        let Some(pool) = &self.pool else { return self.session.containers() };
        let lease = pool.get().await.expect("a container");
        let listed = lease.exec(["ps", "-o", "stat,args"]).await.expect("`ps` runs").stdout_text();
        let left = listed.lines().filter(|line| line.contains("sleep 10") && !line.contains("sleep 100000"));
        left.filter(|line| !line.trim().starts_with('Z')).map(str::to_owned).collect()
    }
}

/// Returns a task that runs a line of shell.
pub(crate) fn shell(line: &str) -> Task {
    Task::new("shell", BASIC).command(["sh", "-c", line])
}

/// Keeps what is written to it; clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("nobody panics with it").clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    pub(crate) fn writer(&self) -> Box<Self> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Kept {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
