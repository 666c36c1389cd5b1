//! Pools of containers that do nothing by themselves.

use seatrial::pool::{MemberState, PoolBuilder};
use seatrial::{ContainerPool, ContainerRequest, TestContainer};
use seatrial_test_support::own_session::OwnSession;

/// Requests a container with a shell that does nothing by itself, and is ready when it runs.
pub(super) fn quiet(session: &OwnSession) -> ContainerRequest {
    session.shell("exec sleep 1000000")
}

pub(super) fn builder(session: &OwnSession, size: usize) -> PoolBuilder {
    ContainerPool::builder(quiet(session)).size(size)
}

pub(super) async fn pool(session: &OwnSession, size: usize) -> ContainerPool {
    builder(session, size).build().await.expect("a pool")
}

/// Returns the states of all members, in the order of their names.
pub(super) fn states(pool: &ContainerPool) -> Vec<MemberState> {
    pool.status().members.iter().map(|member| member.state).collect()
}

/// Returns what a line of shell prints in a container.
pub(super) async fn says(container: &TestContainer, line: &str) -> String {
    container.exec(["sh", "-c", line]).await.expect("it runs").stdout_text().trim().to_owned()
}
