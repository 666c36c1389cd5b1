//! The child's work: it creates one of everything, over and over.

use seatrial::{
    Case, ContainerPool, ContainerRequest, CopyIn, Lease, Network, Result, Volume, WaitFor, pull::Pull,
};
use seatrial_test_support::own_session::BASIC;
use seatrial_tests::{is_scenario, say};

/// The prefix of a line that names the next stage.
pub(crate) const AT: &str = "at ";

/// All that is done, as the lines say it.
pub(crate) const STAGES: [&str; 11] = [
    "its own start",
    "link and network",
    "volume",
    "create, copy, start and wait",
    "exec",
    "pull",
    "run",
    "dropped container",
    "pool",
    "container for cases",
    "removals",
];

/// Returns the line that a child prints when it enters a stage.
pub(crate) fn line(stage: usize) -> String {
    format!("{AT}{}", STAGES[stage])
}

fn at(stage: usize) {
    say(&line(stage));
}

#[tokio::test]
#[ignore = "a scenario"]
pub(super) async fn scenario_works() {
    if is_scenario() {
        let of_the_parent = |name| std::env::var(name).expect("the parent sets it");
        let (image, first) = (of_the_parent("CRASH_IMAGE"), of_the_parent("CRASH_STAGE"));
        let first = first.parse().expect("a stage");
        loop {
            work(&image, first).await.expect("nothing fails but by the kill");
        }
    }
}

#[tokio::test]
#[ignore = "a scenario"]
pub(super) async fn scenario_creates_once() {
    if is_scenario() {
        Volume::create().await.expect("a volume").remove().await.expect("it goes");
    }
}

/// Goes through all stages in turn. Stages before the first one are left out unless others need them.
async fn work(image: &str, first: usize) -> Result<()> {
    at(1);
    let network = Network::create().await?;
    at(2);
    let volume = Volume::create().await?;
    at(3);
    let request = ContainerRequest::new(BASIC)
        .cmd(["sh", "-c", "cat /hello; exec sleep 1000"])
        .stop_signal("KILL")
        .network(&network)
        .volume(volume.name(), "/named")
        .anonymous_volume("/anonymous")
        .copy_in(CopyIn::bytes("hello\n", "/hello"))
        .wait_for(WaitFor::log("hello"));
    let container = request.start().await?;
    at(4);
    container.exec(["touch", "/named/file", "/anonymous/file"]).await?;
    if first <= 5 {
        at(5);
        Pull::new(image).run().await?;
    }
    let alone = || ContainerRequest::new(BASIC).network_mode("none");
    if first <= 6 {
        at(6);
        alone().cmd(["true"]).run().await?;
    }
    if first <= 7 {
        at(7);
        drop(alone().cmd(["sleep", "1000"]).start().await?);
    }
    if first <= 8 {
        at(8);
        let pool = ContainerPool::builder(alone().cmd(["sleep", "1000"])).size(2).build().await?;
        Lease::discard(pool.get().await?);
        pool.get().await?.exec(["true"]).await?;
        pool.close().await?;
    }
    if first <= 9 {
        at(9);
        let for_cases = alone().for_cases().start().await?;
        for_cases.cases().await?.run(Case::new(["true"])).await?;
        for_cases.remove().await?;
    }
    at(10);
    container.remove().await?;
    network.remove().await?;
    volume.remove().await
}
