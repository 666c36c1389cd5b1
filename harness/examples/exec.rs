//! Runs commands in a running container: with input, with a time limit, and commands that fail to start.
//!
//! ```text
//! cargo xtask images basic
//! cargo run -p seatrial --example exec
//! ```

use std::time::Duration;

use anyhow::{Result, ensure};
use seatrial::ContainerRequest;

#[tokio::main]
async fn main() -> Result<()> {
    // An init process reaps orphaned processes.
    let request =
        ContainerRequest::new("seatrial/basic:dev").cmd(["sleep", "1000"]).stop_signal("KILL").init();
    let container = request.start().await?;

    let sorted = container.exec(["sort"]).stdin("Vasa\nFram\n").await?;
    println!("sorted: {:?}", sorted.stdout_text());

    let failed = container.exec(["sh", "-c", "echo sunk >&2; exit 3"]).user("65534").await?;
    println!("code {}, {:?}", failed.exit_code, failed.stderr_text());

    let error = container.exec(["no-such-program"]).await.expect_err("it is not there");
    ensure!(error.is_not_started(), "{error:?}");
    println!("{error}");

    // A timeout kills the command's children, too.
    let line = "sleep 1001 & sleep 1002 & echo waiting; wait";
    let error =
        container.exec(["sh", "-c", line]).timeout(Duration::from_secs(1)).await.expect_err("it sleeps");
    ensure!(error.is_timeout() && !container.is_poisoned(), "{error:?}");
    println!("printed until then: {:?}", error.output().map(seatrial::command::PartialOutput::stdout_text));
    println!("{}", container.exec(["ps", "-o", "pid,args"]).await?.stdout_text());
    Ok(())
}
