//! Processes that are held while they run (C30).

mod bad_input;
mod handle;
#[path = "../common/observe.rs"]
mod observe;
#[path = "../common/own_session.rs"]
mod own_session;
#[path = "../common/processes.rs"]
mod processes;
mod programs;

use own_session::OwnSession;
use seatrial::TestContainer;

/// A container with a shell that waits for commands, and whose first process reaps orphans.
async fn waiting(session: &OwnSession) -> TestContainer {
    session.shell("exec sleep 100000").init().env("FROM", "request").start().await.expect("it starts")
}
