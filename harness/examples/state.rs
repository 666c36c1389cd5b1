//! Watches a container's state, and returns the exit code of its end.
//!
//! ```text
//! cargo xtask images basic
//! cargo run -p seatrial --example state
//! ```

use anyhow::{Result, ensure};
use seatrial::{ContainerRequest, container::WaitCondition};

#[tokio::main]
async fn main() -> Result<()> {
    let request = ContainerRequest::new("seatrial/basic:dev").cmd(["sh", "-c", "sleep 1; exit 3"]);
    let container = request.start().await?;
    let mut watch = container.watch();
    let printed = tokio::spawn(async move {
        while let Some(state) = watch.next().await {
            println!("{state}");
        }
    });

    container.pause().await?;
    container.unpause().await?;
    let code = container.wait_until(WaitCondition::NotRunning).await?;
    ensure!(code == Some(3), "it ended with {code:?}");

    // The watch ends with the container.
    container.remove().await?;
    Ok(printed.await?)
}
