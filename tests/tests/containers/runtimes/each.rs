//! The same container under each runtime.

use std::time::Duration;

use seatrial::{
    Case, ContainerRequest, CopyIn, Session, WaitFor,
    command::{CaseEnd, CaseVia},
};
use seatrial_test_support::observe::{LONG, failed};
use seatrial_test_support::own_session::BASIC;
use seatrial_test_support::processes::{FAMILY, sleepers};

/// Checks C5: output is waited for; commands run, fail, and are ended with their children; files go in and out; the
/// container ends.
pub(crate) async fn does_what_containers_do(session: &Session, runtime: &str) {
    let line = "uname -v; echo one >&2; echo ready; exec sleep 100000";
    let request = ContainerRequest::new(BASIC).cmd(["sh", "-c", line]);
    let request = request.runtime(runtime).session(session).copy_in(CopyIn::bytes("before", "/in/before"));
    let container = request.wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    assert_eq!(container.inspect().await.expect("it is there").runtime, runtime);
    let output = container.logs().read().await.expect("it has logs");
    // gVisor's kernel reports a version and date of its own.
    let is_gvisor = output.stdout_text().contains("Sun Jan 10 15:06:54 PST 2016");
    assert_eq!(is_gvisor, runtime.starts_with("runsc"), "{runtime}: {}", output.stdout_text());
    assert_eq!(output.stderr_text(), "one\n", "{runtime}");

    let output = container.exec(["sh", "-c", "cat; exit 3"]).stdin("said").await.expect("it runs");
    assert_eq!((output.exit_code, output.stdout_text().as_str()), (3, "said"), "{runtime}");
    let mut process = container.spawn(["cat"]).await.expect("it starts");
    process.write("there\n").await.expect("it reads");
    process.read_until("there\n", LONG).await.expect("and writes");
    process.close_stdin().await.expect("it takes the end");
    assert_eq!(process.wait().await.expect("it ends"), 0, "{runtime}");
    let slow = container.exec(["sh", "-c", FAMILY]).timeout(Duration::from_secs(2));
    let error = failed(slow.await);
    assert!(error.is_timeout() && !container.is_poisoned(), "{runtime}: {error}");
    assert_eq!(error.output().map(|output| output.stdout_text()).as_deref(), Some("ready\n"));
    assert_eq!(sleepers(&container).await, Vec::<String>::new(), "{runtime}");

    container.copy_in(CopyIn::bytes("while", "/in/while")).await.expect("it is copied");
    for (path, content) in [("/in/before", "before"), ("/in/while", "while")] {
        let read = container.read_file(path, 100).await.expect("it is there");
        assert_eq!(read, content.as_bytes(), "{runtime}");
    }
    assert!(container.state().await.expect("it is there").is_running(), "{runtime}");
    container.kill("SIGKILL").await.expect("it is killed");
    container.wait(WaitFor::exit().code(137)).await.expect("it ends");
    container.remove().await.expect("it goes");
}

/// Checks A17: the agent is the main process, is connected to again after a restart, and ends at once.
pub(crate) async fn exists_for_its_cases(session: &Session, runtime: &str) {
    let request = ContainerRequest::new(BASIC).for_cases().runtime(runtime).session(session);
    let container = request.start().await.expect("it starts");
    let cases = container.cases().await.expect("it runs");
    assert_eq!(cases.via(), CaseVia::Agent, "{runtime}");
    let case = || Case::new(["sh", "-c", "ps -o args; sleep 1001 & (sleep 1002 &); exit 3"]);
    for _ in 0..2 {
        let output = cases.run(case()).await.expect("it runs");
        assert_eq!(output.end, CaseEnd::Exited(3), "{runtime}: {output:?}");
        assert!(output.stdout_text().contains("/.seatrial/agent main"), "{runtime}: {output:?}");
        assert_eq!(sleepers(&container).await, Vec::<String>::new(), "{runtime}");
        container.restart().await.expect("it restarts");
    }
    container.stop().await.expect("it stops");
    container.wait(WaitFor::exit().code(128 + 15)).await.expect("by itself");
    container.remove().await.expect("it goes");
}

/// Checks C5: a suffix selects a variant; the error of an unknown one lists those that there are.
pub(crate) async fn variants(session: &Session) {
    let request = ContainerRequest::new(BASIC).cmd(["true"]).session(session);
    let variant = request.clone().runtime("runsc").runtime_suffix("-d").start().await.expect("it starts");
    assert_eq!(variant.inspect().await.expect("it is there").runtime, "runsc-d");
    let error = failed(request.runtime("runsc").runtime_suffix("-x").start().await).to_string();
    assert!(error.contains("runsc-x") && error.contains("`runsc`, `runsc-d`"), "{error}");
}
