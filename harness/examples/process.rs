//! Interacts with a running process: PostgreSQL's client, in a terminal.
//!
//! ```text
//! cargo xtask images postgres
//! cargo run -p seatrial --example process
//! ```

use std::time::Duration;

use anyhow::{Result, ensure};
use seatrial::{ContainerRequest, WaitFor};

/// The time limit for each answer.
const TIME: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<()> {
    let postgres = ContainerRequest::new("seatrial/postgres:dev")
        .env("POSTGRES_PASSWORD", "anchor")
        .cmd(["postgres", "-c", "fsync=off"])
        .wait_for(WaitFor::exec(["pg_isready", "--host=127.0.0.1", "--username=postgres"]))
        .start()
        .await?;

    let psql = ["psql", "--host=127.0.0.1", "--username=postgres", "--pset=pager=off"];
    let mut psql = postgres.spawn(psql).env("PGPASSWORD", "anchor").env("TERM", "xterm").tty(80, 24).await?;
    psql.read_until("postgres=# ", TIME).await?;
    psql.write("SELECT 6 * 7 AS answer;\n").await?;
    let table = psql.read_until("(1 row)", TIME).await?;
    println!("{}", String::from_utf8_lossy(&table));
    ensure!(psql.is_running().await?, "it waits for more");

    psql.write("\\q\n").await?;
    println!("psql ended with {}", psql.wait_timeout(TIME).await?);
    Ok(())
    // Dropping the handle of a running process kills it.
}
