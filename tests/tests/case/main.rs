//! Cases in a running container (A1–A14).

#[path = "../common/observe.rs"]
mod observe;
#[path = "../common/own_session.rs"]
mod own_session;
mod plain;
#[path = "../common/processes.rs"]
mod processes;

use own_session::OwnSession;
use seatrial::TestContainer;

/// A container with a shell that waits, and whose first process reaps orphans.
async fn waiting(session: &OwnSession) -> TestContainer {
    let request = session.shell("exec sleep 100000").init().env("FROM", "request");
    request.start().await.expect("it starts")
}
