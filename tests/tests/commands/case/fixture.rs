//! A container that waits for cases, and the checks that the topic shares.

use seatrial::{
    Case, Cases, TestContainer,
    command::{CaseEnd, CaseOutput, CaseVia},
};
use seatrial_test_support::own_session::OwnSession;

/// Starts a container with a shell that waits, and whose first process reaps orphans.
pub(super) async fn waiting(session: &OwnSession) -> TestContainer {
    let request = session.shell("exec sleep 100000").init().env("FROM", "request");
    request.start().await.expect("it starts")
}

/// Returns the cases of a container, and checks that they go by the agent.
pub(super) async fn agent(container: &TestContainer) -> Cases {
    let cases = container.cases().await.expect("the container runs");
    assert_eq!(cases.via(), CaseVia::Agent);
    cases
}

pub(super) fn shell(line: &str) -> Case {
    Case::new(["sh", "-c", line])
}

#[track_caller]
pub(super) fn exited(output: &CaseOutput, code: i64) {
    assert_eq!(output.end, CaseEnd::Exited(code), "{output:?}");
}

/// Counts the agent's processes in a container: itself and its workers.
pub(super) async fn agents(container: &TestContainer) -> usize {
    let listed = seatrial_test_support::processes::listed(container).await;
    listed.iter().filter(|line| line.contains("/.seatrial/agent serve")).count()
}

/// Returns `true` if a container has a kernel of its own, as under gVisor.
pub(super) fn is_sandboxed(container: &TestContainer) -> bool {
    seatrial_test_support::own_session::look_at(container)["HostConfig"]["Runtime"] != "runc"
}
