//! Tasks that run to their end: by name of the driver, in containers of their own or in those of a pool.
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
        let task = Task::new(id, IMAGE)
            .command(["sh", "-c", line])
            .stdin("Vasa\nFram\n")
            .timeout(Duration::from_secs(2))
            .stdout(Box::new(tokio::io::stdout()))
            .stderr(Box::new(tokio::io::stderr()));
        let prepared = driver.prepare(task).await?;
        let result = prepared.run().await?.await?;
        println!("{id}: {}, exit code {:?}", result.status, result.exit_code);
        prepared.close().await?;
    }
    if let Some(pool) = pool {
        pool.close().await?;
    }
    Ok(())
}
