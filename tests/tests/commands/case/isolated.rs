//! Cases with a root of their own.

use std::time::Duration;

use seatrial::command::CaseEnd;
use seatrial_test_support::own_session::OwnSession;

use super::{agent, exited, is_sandboxed, shell, waiting};

/// A16: an isolated case sees files of its own; nothing that it writes outlives it.
#[tokio::test]
async fn the_files_of_an_isolated_case_are_gone_with_it() {
    let session = OwnSession::begin("case-isolated").await;
    let request = session.shell("exec sleep 100000").cap_add("SYS_ADMIN").init().tmpfs("/shared", "size=1m");
    let container = request.working_dir("/tmp").start().await.expect("it starts");
    let cases = agent(&container).await;
    let line = "pwd; echo own > /etc/own; rm /etc/passwd; echo kept > /shared/kept; cat /etc/own; \
                ls /proc/self/exe /dev/null /sys/kernel >/dev/null && ls /etc/passwd";
    for _ in 0..2 {
        let output = cases.run(shell(line).isolated()).await.expect("it runs");
        // gVisor's kernel has one set of mounts for all, so nobody can have a root of its own.
        if is_sandboxed(&container) {
            let CaseEnd::CouldNotStart(reason) = output.end else { panic!("{output:?}") };
            assert_eq!(reason, "a root of its own: the container's kernel can't do that, as gVisor's");
            continue;
        }
        exited(&output, 1);
        assert_eq!(output.stdout_text(), "/tmp\nown\n", "{output:?}");
    }
    if is_sandboxed(&container) {
        let output = cases.run(shell("mount | grep -c seatrial; ls /.seatrial")).await.expect("it runs");
        assert_eq!(output.stdout_text(), "0\nagent\n", "what was tried left nothing: {output:?}");
        return;
    }
    let line = "ls /etc/own; cat /shared/kept; grep -c root /etc/passwd; mount | grep -c seatrial";
    let output = cases.run(shell(line)).await.expect("it runs");
    assert_eq!(output.stdout_text(), "kept\n1\n0\n", "{output:?}");
    let line = "sleep 1000 & setsid sleep 1000 & cd /; echo x > /x; sleep 1000";
    let output = cases.run(shell(line).isolated().timeout(Duration::from_secs(1))).await.expect("it is data");
    assert_eq!((output.end, output.left_behind, container.poison()), (CaseEnd::TimedOut, Some(2), None));
}

/// A16: a container without the rights for isolation refuses an isolated case, and the error says so.
#[tokio::test]
async fn a_container_that_may_not_isolate_refuses_isolated_cases() {
    let session = OwnSession::begin("case-not-isolated").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    for (cases, part) in [(cases, "may not do that"), (container.cases_by_exec(), "engine's exec")] {
        let end = cases.run(shell("true").isolated()).await.expect("it is data").end;
        assert!(matches!(&end, CaseEnd::CouldNotStart(reason) if reason.contains(part)), "{end:?}");
    }
}
