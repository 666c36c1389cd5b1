//! A container that waits for commands.

use seatrial::TestContainer;
use seatrial_test_support::own_session::OwnSession;

/// Starts a container with a shell that waits for commands, and whose first process reaps orphans.
pub(super) async fn waiting(session: &OwnSession) -> TestContainer {
    let request = session.shell("exec sleep 100000").init().env("FROM", "request");
    request.start().await.expect("it starts")
}
