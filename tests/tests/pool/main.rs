//! The pool on a real engine: who is served when, what becomes of containers, how it ends.

#[path = "../common/observe.rs"]
mod observe;
#[path = "../common/own_session.rs"]
mod own_session;

mod bad_input;
mod cancel;
mod commands;
mod ends;
mod host;
mod lazy;
mod leaks;
mod members;
mod recycle;
mod sharing;
mod slow;
mod timeline;

use seatrial::pool::{MemberState, PoolBuilder};
use seatrial::{ContainerPool, ContainerRequest, TestContainer};

use own_session::OwnSession;

/// A container with a shell that does nothing by itself, and is ready when it runs.
fn quiet(session: &OwnSession) -> ContainerRequest {
    session.shell("exec sleep 1000000")
}

fn builder(session: &OwnSession, size: usize) -> PoolBuilder {
    ContainerPool::builder(quiet(session)).size(size)
}

async fn pool(session: &OwnSession, size: usize) -> ContainerPool {
    builder(session, size).build().await.expect("a pool")
}

/// What all members are doing, in the order of their names.
fn states(pool: &ContainerPool) -> Vec<MemberState> {
    pool.status().members.iter().map(|member| member.state).collect()
}

/// What a line of shell prints in a container.
async fn says(container: &TestContainer, line: &str) -> String {
    container.exec(["sh", "-c", line]).await.expect("it runs").stdout_text().trim().to_owned()
}
