//! Containers with few files and few rights.

use std::time::Duration;

use seatrial::{
    Case, ContainerRequest,
    command::{CaseEnd, CaseVia},
};
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::FAMILY;
use seatrial_tests::{EngineProxy, Fault, Matcher};

use super::{agent, exited, shell, waiting};

/// A12: cases run in an image without any file.
#[tokio::test]
async fn an_image_from_scratch_will_do() {
    let session = OwnSession::begin("case-scratch").await;
    let container = session.idle().network_mode("none").start().await.expect("it starts");
    let cases = agent(&container).await;
    let steps = ["/misbehave", "leave", "child", "leave", "grandchild", "leave", "daemon", "exit", "7"];
    let output = cases.run(Case::new(steps)).await.expect("it runs");
    exited(&output, 7);
    assert_eq!(output.left_behind, Some(3));
    let end = cases.run(Case::new(["sh"])).await.expect("it is data").end;
    let CaseEnd::CouldNotStart(reason) = end else { panic!("{end:?}") };
    assert_eq!(reason, "program `sh`: no such file or directory");
}

/// A12: cases run in containers with the least rights.
#[tokio::test]
async fn cases_run_in_containers_of_any_image() {
    let session = OwnSession::begin("case-any").await;
    let base = || session.shell("exec sleep 100000").init();
    let requests: [(&str, ContainerRequest); 4] = [
        ("a user", base().user("tester")),
        ("a read-only root", base().read_only_root()),
        ("no capabilities", base().cap_drop("ALL").user("65534:65534").network_mode("none")),
        (
            "no privileges to be had",
            base().modify_host_config(|host| {
                host.security_opt = Some(vec!["no-new-privileges".to_owned()]);
            }),
        ),
    ];
    for (what, request) in requests {
        let container = request.start().await.expect(what);
        let cases = agent(&container).await;
        let case = shell(FAMILY).timeout(Duration::from_secs(1));
        let output = cases.run(case).await.expect(what);
        assert!(output.end == CaseEnd::TimedOut && output.left_behind >= Some(5), "{what}: {output:?}");
        let listed = cases.run(Case::new(["ps", "-o", "args"])).await.expect(what).stdout_text();
        assert!(!listed.contains("sleep 1001"), "{what}: {listed}");
        assert_eq!(container.poison(), None, "{what}");
    }
}

/// A12: if the agent can't run, cases go by the engine's exec, and the reason is reported.
#[tokio::test]
async fn without_the_agent_cases_go_by_exec() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "case-without").await;
    let container = waiting(&session).await;
    proxy.on(Matcher::regex("PUT", "/archive"), Fault::error(500, "no space left on device"));
    let cases = container.cases().await.expect("the container runs");
    let CaseVia::Exec { reason } = cases.via() else { panic!("{:?}", cases.via()) };
    assert!(reason.contains("no space left on device"), "{reason}");
    let output = cases.run(shell("echo out; sleep 1001 & exit 3")).await.expect("it runs");
    exited(&output, 3);
    assert_eq!(
        (output.stdout_text().as_str(), output.left_behind, container.poison()),
        ("out\n", None, None)
    );
}
