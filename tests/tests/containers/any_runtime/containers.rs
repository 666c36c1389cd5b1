//! Containers: their start, waits, state, files, logs and end.

use std::time::Duration;

use futures_util::StreamExt;
use seatrial::container::{Limits, WaitCondition};
use seatrial::{CopyIn, WaitFor};
use seatrial_test_support::own_session::OwnSession;

use super::{in_any_executor, step, tried};

const TIME: Duration = Duration::from_secs(30);

in_any_executor!(starts);
async fn starts() {
    let session = OwnSession::begin("any-starts").await;
    let output = step!("container/run.rs run", session.shell("echo out; exit 3").run());
    assert_eq!((output.exit_code(), output.stdout_text().as_str()), (Some(3), "out\n"));
    let late = session.shell("sleep 600").startup_timeout(Duration::from_millis(300)).run().await;
    assert_eq!(late.expect("the engine runs it").exit_code(), None);
    let waits = WaitFor::all([
        WaitFor::log("ready").into(),
        WaitFor::port(8080).into(),
        WaitFor::http("/").into(),
        WaitFor::delay(Duration::from_millis(50)),
    ]);
    let web = session.steps("http-body hello print ready sleep 200ms http 8080").port(8080).wait_for(waits);
    let web = step!("container/start.rs start", web.start());
    step!("container/handle.rs remove", web.remove());
    let failing = session.shell("echo no; sleep 600").wait_for(WaitFor::log("never"));
    let error = failing.startup_timeout(Duration::from_millis(300)).start().await;
    assert!(error.expect_err("it is never ready").is_not_ready());
}

in_any_executor!(state_and_waits);
async fn state_and_waits() {
    let session = OwnSession::begin("any-state").await;
    let container = session.shell("touch /here; echo ready; sleep 600").start().await.expect("it starts");
    step!("container/handle.rs wait", container.wait(WaitFor::log("ready")));
    step!("container/handle.rs wait", container.wait(WaitFor::exec(["true"])));
    step!("container/handle.rs wait", container.wait(WaitFor::file("/here")));
    step!("container/handle.rs wait_timeout", container.wait_timeout(WaitFor::regex("^ready"), TIME));
    step!("container/inspect.rs inspect", container.inspect());
    step!("container/inspect.rs state", container.state());
    step!("container/inspect.rs pid", container.pid());
    step!("container/inspect.rs ipv4", container.ipv4("bridge"));
    drop(tried!("container/inspect.rs ipv6", container.ipv6("bridge")));
    step!(
        "container/lifecycle.rs update_limits",
        container.update_limits(Limits::new().memory(64 << 20, 64 << 20))
    );
    step!("container/lifecycle.rs pause", container.pause());
    step!("container/lifecycle.rs unpause", container.unpause());
    let mut watch = container.watch();
    assert!(tried!("life/watch.rs next", watch.next()).is_some());
    let mut monitor = container.monitor();
    assert!(tried!("monitor/monitor.rs next", monitor.next()).is_some());
    step!("monitor/samples.rs stats", container.stats());
    let mut stats = step!("monitor/samples.rs stats_stream", container.stats_stream());
    assert!(tried!("monitor/samples.rs next", stats.next()).is_some());
    drop(tried!("container/checkpoint.rs checkpoints", container.checkpoints()));
    drop(tried!("container/checkpoint.rs remove_checkpoint", container.remove_checkpoint("none")));
    step!("container/lifecycle.rs restart", container.restart());
    step!("container/lifecycle.rs kill", container.kill("KILL"));
    step!("container/until.rs wait_until", container.wait_until(WaitCondition::NotRunning));
    step!(
        "container/until.rs wait_until_timeout",
        container.wait_until_timeout(WaitCondition::NotRunning, TIME)
    );
    step!("container/lifecycle.rs start", container.start());
    step!("container/lifecycle.rs stop_timeout", container.stop_timeout(Duration::from_secs(1)));
    step!("container/lifecycle.rs stop", container.stop());
}

in_any_executor!(files_and_logs);
async fn files_and_logs() {
    let session = OwnSession::begin("any-files").await;
    let dir = tempfile::tempdir().expect("a folder");
    let container = session.shell("echo one; echo two; sleep 600").wait_for(WaitFor::log("two"));
    let container = container.start().await.expect("it starts");
    step!("container/files.rs copy_in", container.copy_in(CopyIn::bytes("a", "/tmp/a")));
    step!("container/files.rs copy_all_in", container.copy_all_in([CopyIn::bytes("b", "/tmp/b")]));
    step!("container/files.rs copy_out", container.copy_out("/tmp/a", dir.path().join("a")));
    step!("container/files.rs copy_file_out", container.copy_file_out("/tmp/a", dir.path().join("c")));
    step!("container/files.rs copy_dir_out", container.copy_dir_out("/tmp", dir.path().join("d")));
    step!("container/files.rs copy_out_to", container.copy_out_to("/tmp/a", std::io::sink()));
    assert_eq!(step!("container/files.rs read_file", container.read_file("/tmp/b", 10)), "b");
    let log = step!("output/logs.rs read", container.logs().read());
    assert_eq!(log.stdout_text(), "one\ntwo\n");
    step!("output/logs.rs read_interleaved", container.logs().read_interleaved());
    let mut lines = step!("output/logs.rs lines", container.logs().follow().lines());
    assert!(lines.next().await.is_some_and(|line| line.is_ok()));
}
