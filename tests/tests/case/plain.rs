//! Cases that go well, or fail by themselves: the same by the agent and by the engine's exec.

use std::time::Instant;

use seatrial::{Case, CaseVia};

use crate::own_session::OwnSession;
use crate::waiting;

#[tokio::test]
async fn smoke() {
    let session = OwnSession::begin("case-smoke").await;
    let container = waiting(&session).await;
    let began = Instant::now();
    let cases = container.cases().await.expect("it starts");
    println!("start {:?}", began.elapsed());
    assert_eq!(cases.via(), CaseVia::Agent);
    let output = cases.run(Case::new(["sh", "-c", "echo out; echo err >&2; exit 3"])).await.expect("it runs");
    println!("{output:?}");
    let mut times = Vec::new();
    for _ in 0..500 {
        let began = Instant::now();
        let output = cases.run(Case::new(["true"])).await.expect("it runs");
        times.push(began.elapsed());
        assert!(output.end.is_success());
    }
    times.sort();
    println!("median {:?} p90 {:?}", times[250], times[450]);
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        std::process::Command::new("/bin/true").output().expect("it runs");
        times.push(began.elapsed());
    }
    times.sort();
    println!("host median {:?} p90 {:?}", times[100], times[180]);
}
