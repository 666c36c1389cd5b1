//! Checkpoints a counter and restores it, so that it continues where it was. On an engine without checkpoints, prints
//! what is missing.
//!
//! ```text
//! cargo xtask engine up --runtime gvisor && cargo xtask images basic
//! SEATRIAL_RUNTIME=runsc-offline cargo run -p seatrial --example checkpoint
//! ```

use anyhow::{Result, ensure};
use seatrial::{ContainerRequest, TestContainer, WaitFor};

/// Starts a counter that keeps its value in memory only.
const COUNT: &str = "i=0; while true; do i=$((i+1)); echo $i; sleep 0.2; done";

#[tokio::main]
async fn main() -> Result<()> {
    let request = ContainerRequest::new("seatrial/basic:dev").cmd(["sh", "-c", COUNT]);
    let counter = request.wait_for(WaitFor::log("5\n")).start().await?;
    if let Err(error) = counter.checkpoint("five").await {
        ensure!(error.is_unsupported(), error);
        println!("this engine does not support the checkpoint: {error}");
        return Ok(());
    }
    let last = last(&counter).await?;
    println!("it ended at {last}");

    counter.restore("five").await?;
    counter.wait(WaitFor::log("\n").times(2)).await?;
    let next = number_after(&counter, last).await?;
    println!("it went on with {next}");
    ensure!(next == last + 1, "it should go on with {}", last + 1);
    Ok(counter.remove().await?)
}

async fn numbers(counter: &TestContainer) -> Result<Vec<u32>> {
    let output = counter.logs().read().await?;
    output.stdout_text().lines().map(|line| Ok(line.parse()?)).collect()
}

async fn last(counter: &TestContainer) -> Result<u32> {
    Ok(numbers(counter).await?.last().copied().unwrap_or_default())
}

async fn number_after(counter: &TestContainer, number: u32) -> Result<u32> {
    let mut numbers = numbers(counter).await?.into_iter().skip_while(|other| *other != number);
    Ok(numbers.nth(1).unwrap_or_default())
}
