//! Cases in a running container (A1–A17).

mod cancelled;
mod crowd;
mod ends;
mod for_cases;
mod hostile;
mod isolated;
mod lost;
#[path = "../common/observe.rs"]
mod observe;
#[path = "../common/own_session.rs"]
mod own_session;
mod places;
mod pool;
#[path = "../common/processes.rs"]
mod processes;
mod same;
mod streams;

use own_session::OwnSession;
use seatrial::{Case, CaseEnd, CaseOutput, CaseVia, Cases, TestContainer};

/// A container with a shell that waits, and whose first process reaps orphans.
async fn waiting(session: &OwnSession) -> TestContainer {
    let request = session.shell("exec sleep 100000").init().env("FROM", "request");
    request.start().await.expect("it starts")
}

/// Its cases, which go by the agent.
async fn agent(container: &TestContainer) -> Cases {
    let cases = container.cases().await.expect("the container runs");
    assert_eq!(cases.via(), CaseVia::Agent);
    cases
}

fn shell(line: &str) -> Case {
    Case::new(["sh", "-c", line])
}

#[track_caller]
fn exited(output: &CaseOutput, code: i64) {
    assert_eq!(output.end, CaseEnd::Exited(code), "{output:?}");
}

/// How many processes of the agent are in a container: itself and its workers.
async fn agents(container: &TestContainer) -> usize {
    let listed = processes::listed(container).await;
    listed.iter().filter(|line| line.contains("/.seatrial/agent serve")).count()
}

/// Whether a container has a kernel of its own, as under gVisor.
fn is_sandboxed(container: &TestContainer) -> bool {
    own_session::look_at(container)["HostConfig"]["Runtime"] != "runc"
}
