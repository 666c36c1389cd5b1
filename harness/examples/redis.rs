//! Starts Redis with a configuration file, and waits for its log line.
//!
//! ```text
//! cargo xtask images redis
//! cargo run -p seatrial --example redis
//! ```

use anyhow::{Result, bail, ensure};
use seatrial::{ContainerRequest, CopyIn, TestContainer, WaitFor};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

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
    let mut connection = BufStream::new(TcpStream::connect(redis.addr(6379)?).await?);

    call(&mut connection, &["SET", "ship", "Fram"]).await?;
    let ship = call(&mut connection, &["GET", "ship"]).await?;
    ensure!(ship == ["Fram"], "`ship` is {ship:?}");

    let limit = call(&mut connection, &["CONFIG", "GET", "maxmemory"]).await?;
    ensure!(limit == ["maxmemory", "67108864"], "the configuration file was not read: {limit:?}");
    Ok("`ship` is `Fram`, the memory limit 64 MiB".to_owned())
}

/// Sends a command, and returns the strings of the reply, none of which has a line break. It speaks [RESP], which saves this
/// example a client library.
///
/// [RESP]: https://redis.io/docs/latest/develop/reference/protocol-spec/
async fn call(redis: &mut BufStream<TcpStream>, command: &[&str]) -> Result<Vec<String>> {
    let mut request = format!("*{}\r\n", command.len());
    for word in command {
        request += &format!("${}\r\n{word}\r\n", word.len());
    }
    redis.write_all(request.as_bytes()).await?;
    redis.flush().await?;

    let (mut words, mut left) = (Vec::new(), 1);
    while left > 0 {
        left -= 1;
        let head = line(redis).await?;
        match head.split_at_checked(1) {
            Some(("*", count)) => left += count.parse::<usize>()?,
            Some(("$", _)) => words.push(line(redis).await?),
            Some(("+", text)) => words.push(text.to_owned()),
            _ => bail!("Redis answers `{head}`"),
        }
    }
    Ok(words)
}

async fn line(redis: &mut BufStream<TcpStream>) -> Result<String> {
    let mut line = String::new();
    redis.read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

#[tokio::main]
async fn main() -> Result<()> {
    let redis = request().start().await?;
    println!("{redis} at {}: {}", redis.addr(6379)?, talk(&redis).await?);
    Ok(())
    // `redis` is dropped here, which removes the container.
}
