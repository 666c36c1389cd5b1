//! A wait that fails, to see what is said then: Redis runs, but nobody fills it.
//!
//! ```text
//! cargo xtask images redis
//! cargo run -p seatrial --example failing_wait
//! SEATRIAL_KEEP=on-failure cargo run -p seatrial --example failing_wait
//! ```
//!
//! The program succeeds if the wait fails. A test would use `.await?`, and the test runner would print the same text.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use seatrial::{ContainerRequest, Error, WaitFor};

pub(crate) fn request() -> ContainerRequest {
    ContainerRequest::new("seatrial/redis:dev")
        .port(6379)
        .wait_for(WaitFor::all([
            WaitFor::log("Ready to accept connections").into(),
            WaitFor::exec(["redis-cli", "GET", "filled"]).output("yes").into(),
        ]))
        .startup_timeout(Duration::from_secs(2))
}

/// Starts a container that never becomes ready.
pub(crate) async fn fail() -> Result<Error> {
    match request().start().await {
        Ok(redis) => bail!("{redis} is ready, but nobody filled it"),
        Err(error) => {
            ensure!(error.is_not_ready(), "the start failed in another way: {error}");
            Ok(error)
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let error = fail().await?;
    println!("error: {error}\n");

    // The same facts as data.
    let report = error.report().context("the error has no report")?;
    for branch in report.branches.iter().filter(|branch| branch.depth > 0) {
        println!("{}: {}", branch.waited_for, branch.outcome);
    }
    Ok(())
}
