//! Runs tasks to their end, with a driver chosen by name: in containers of their own or in those of a pool.
//!
//! ```text
//! cargo xtask images basic
//! cargo run -p seatrial --example driver -- docker
//! cargo run -p seatrial --example driver -- pool
//! cargo run -p seatrial --example driver -- mock
//! ```

use std::time::Duration;

use anyhow::Result;
use seatrial::driver::{Drivers, Task};
use seatrial::{ContainerPool, ContainerRequest};
use tokio::sync::broadcast;

const IMAGE: &str = "seatrial/basic:dev";

#[tokio::main]
async fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "docker".to_owned());
    let mut drivers = Drivers::new();
    let mut pool = None;
    if name == "pool" {
        let request = ContainerRequest::new(IMAGE).cmd(["sleep", "1000"]).stop_signal("KILL").init();
        let containers = ContainerPool::builder(request).size(2).build().await?;
        drivers = drivers.with_pool(&containers);
        pool = Some(containers);
    }
    let driver = drivers.get(&name)?;

    let lines = [("good", "sort"), ("bad", "echo sunk >&2; exit 3"), ("slow", "echo waiting; sleep 1000")];
    for (id, line) in lines {
        let (sink, mut samples) = broadcast::channel(60);
        let task = Task::new(id, IMAGE)
            .command(["sh", "-c", line])
            .stdin("Vasa\nFram\n")
            .timeout(Duration::from_secs(2))
            .stdout(Box::new(tokio::io::stdout()))
            .stderr(Box::new(tokio::io::stderr()))
            .stats_to(sink);
        let prepared = driver.prepare(task).await?;
        let result = prepared.run().await?.await?;
        println!("{id}: {}, exit code {:?}", result.status, result.exit_code);
        while let Ok(stats) = samples.recv().await {
            println!("{id} used {stats}");
        }
        prepared.close().await?;
    }
    if let Some(pool) = pool {
        pool.close().await?;
    }
    Ok(())
}
