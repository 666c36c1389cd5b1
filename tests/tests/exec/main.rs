//! Commands in a running container (C27–C29).

mod cancelled;
mod crowd;
mod input;
mod limits;
#[path = "../common/observe.rs"]
mod observe;
mod options;
#[path = "../common/own_session.rs"]
mod own_session;
mod plain;
mod poisoned;
#[path = "../common/processes.rs"]
mod processes;
mod refused;
mod timed_out;

use own_session::OwnSession;
use seatrial::TestContainer;

/// A container with a shell that waits for commands, and whose first process reaps orphans.
async fn waiting(session: &OwnSession) -> TestContainer {
    let request = session.shell("exec sleep 100000").init().env("FROM", "request");
    request.start().await.expect("it starts")
}
