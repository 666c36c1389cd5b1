//! The options of a task: each reaches the engine, or is refused.

use seatrial::Volume;
use seatrial::driver::{DockerDriver, Driver, Drivers, Status, Task};
use seatrial_test_support::observe::failed;
use seatrial_test_support::own_session::{BASIC, OwnSession, look};

use super::{Fixture, Kept, Which, shell};

/// D1: a task's limits and volumes reach the engine.
#[tokio::test]
async fn limits_and_volumes_reach_the_engine() {
    let session = OwnSession::begin("driver-limits").await;
    let volume = Volume::create_in(&session).await.expect("a volume");
    let driver = DockerDriver::in_session(&session);
    let task = shell("echo kept > /data/file && ! touch /host/file")
        .memory(64 << 20)
        .milli_cpus(500)
        .volume(volume.name(), "/data")
        .volume_read_only("/tmp", "/host");
    let prepared = driver.prepare(task).await.expect("it is prepared");
    let host = look(&session.containers()[0]).expect("it is there")["HostConfig"].clone();
    assert_eq!((host["Memory"].as_u64(), host["MemorySwap"].as_u64()), (Some(64 << 20), Some(64 << 20)));
    assert_eq!(host["CpuQuota"], 50_000);
    let result = prepared.run().await.expect("it starts").await.expect("it runs");
    assert_eq!(result.status, Status::Success);
    let out = Kept::default();
    let task = shell("cat /data/file").volume_read_only(volume.name(), "/data").stdout(out.writer());
    driver
        .prepare(task)
        .await
        .expect("it is prepared")
        .run()
        .await
        .expect("it starts")
        .await
        .expect("it runs");
    assert_eq!(out.text(), "kept\n");
}

/// D1: a pool's driver names the options that its containers can't have, before it leases one.
#[tokio::test]
async fn a_pool_refuses_what_its_containers_do_not_have() {
    let session = OwnSession::begin("driver-refused").await;
    let request = session.shell("exec sleep 100000").memory(64 << 20);
    let fixture = Fixture::with_pool(request, session).await;
    let all = fixture.pool.as_ref().expect("a pool").get().await.expect("a container");
    let task = Task::new("greedy", "redis").command(["true"]).memory(65 << 20).volume("data", "/data");
    let error = failed(fixture.driver.prepare(task).await);
    assert!(error.is_invalid(), "{error:?}");
    let text = error.to_string();
    for word in ["task `greedy`", "`redis`", BASIC, "memory 68157440", "67108864", "volume `data` at `/data`"]
    {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    let error = failed(fixture.driver.prepare(Task::new("empty", "")).await);
    assert!(error.is_invalid(), "{error:?}");
    drop(all);
    let task = Task::new("modest", "").command(["true"]).memory(64 << 20);
    assert_eq!(fixture.run(task).await.expect("it runs").status, Status::Success);
}

/// D4, D1: drivers are chosen by name, and each passes environment and directory to the command.
#[tokio::test]
async fn drivers_are_exchangeable_by_name() {
    let fixture = Fixture::of(Which::Pool, "driver-names").await;
    let drivers = Drivers::new()
        .with_pool(fixture.pool.as_ref().expect("a pool"))
        .register("docker", DockerDriver::in_session(&fixture.session));
    for (name, text) in [("docker", "3-2-/etc\n"), ("pool", "3-2-/etc\n"), ("mock", "")] {
        let driver = drivers.get(name).expect("it is known");
        let out = Kept::default();
        let task = shell("echo $A-$B-$PWD").env("A", "1").env("B", "2").env("A", "3").working_dir("/etc");
        let prepared = driver.prepare(task.stdout(out.writer())).await.expect(name);
        let result = prepared.run().await.expect(name).await.expect(name);
        assert_eq!((result.status, out.text().as_str()), (Status::Success, text), "{name}");
        prepared.close().await.expect(name);
    }
}
