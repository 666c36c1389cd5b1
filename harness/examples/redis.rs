//! Starts Redis with a configuration file, and waits for its log line.
//!
//! ```text
//! cargo xtask images redis
//! cargo run -p seatrial --example redis
//! ```

use anyhow::{Result, ensure};
use seatrial::{ContainerRequest, CopyIn, TestContainer, WaitFor};

/// Copied into the container before it starts.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/files/redis.conf");

pub(crate) fn request() -> ContainerRequest {
    ContainerRequest::new("seatrial/redis:dev")
        .copy_in(CopyIn::file(CONFIG, "/etc/redis.conf"))
        .cmd(["redis-server", "/etc/redis.conf"])
        .port(6379)
        .wait_for(WaitFor::log("Ready to accept connections").on_stdout())
}

/// Writes and reads a key, and checks a value of the configuration file.
pub(crate) async fn talk(redis: &TestContainer) -> Result<String> {
    let client = redis::Client::open(format!("redis://{}/", redis.addr(6379)?))?;
    let mut connection = client.get_multiplexed_async_connection().await?;

    redis::cmd("SET").arg("ship").arg("Fram").exec_async(&mut connection).await?;
    let ship: String = redis::cmd("GET").arg("ship").query_async(&mut connection).await?;
    ensure!(ship == "Fram", "`ship` is `{ship}`");

    let (_, limit): (String, u64) =
        redis::cmd("CONFIG").arg("GET").arg("maxmemory").query_async(&mut connection).await?;
    ensure!(limit == 64 << 20, "the configuration file was not read: the limit is {limit} bytes");
    Ok(format!("`ship` is `{ship}`, the memory limit {} MiB", limit >> 20))
}

#[tokio::main]
async fn main() -> Result<()> {
    let redis = request().start().await?;
    println!("{redis} at {}: {}", redis.addr(6379)?, talk(&redis).await?);
    Ok(())
    // `redis` is dropped here, which removes the container.
}
