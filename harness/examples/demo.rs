//! Combines the other examples: three services on one network, contacted from outside and inside, a wait that fails,
//! and a check that nothing is left at the end.
//!
//! ```text
//! cargo xtask demo
//! ```
//!
//! It fails if anything is not as expected.

mod support;

#[path = "redis.rs"]
#[expect(dead_code, reason = "it is an example of its own, with a `main`")]
mod cache;
#[path = "postgres.rs"]
#[expect(dead_code, reason = "it is an example of its own, with a `main`")]
mod database;
#[path = "failing_wait.rs"]
#[expect(dead_code, reason = "it is an example of its own, with a `main`")]
mod failing_wait;
#[path = "nginx.rs"]
#[expect(dead_code, reason = "it is an example of its own, with a `main`")]
mod web;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use seatrial::{ContainerRequest, Network, Session, TestContainer};
use support::Witness;

/// A ready service, with its row of the table.
struct Service {
    alias: &'static str,
    container: TestContainer,
    port: u16,
    took: Duration,
}

impl Service {
    /// Starts a service on a network, where others reach it by its alias.
    async fn start(
        alias: &'static str,
        port: u16,
        request: ContainerRequest,
        network: &Network,
    ) -> Result<Self> {
        let began = Instant::now();
        let container = request.network_with_aliases(network, [alias]).start().await?;
        Ok(Self { alias, container, port, took: began.elapsed() })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let session = Session::current().await?;
    let engine = session.engine();
    println!("engine: {} at {}", engine.version(), engine.located().endpoint);
    let witness = Witness::of(&session)?;

    title("three services, side by side, on one network");
    let began = Instant::now();
    let network = Network::create().await?;
    let (cache, database, web) = tokio::try_join!(
        Service::start("cache", 6379, cache::request(), &network),
        Service::start("database", 5432, database::request(), &network),
        Service::start("web", 80, web::request(), &network),
    )?;
    let services = [&cache, &database, &web];
    print_table(services)?;
    println!("all three are ready after {:.2?}", began.elapsed());

    title("from outside, by the published ports");
    println!("cache     {}", cache::talk(&cache.container).await?);
    println!("database  {}", database::talk(&database.container).await?);
    println!("web       {}", web::talk(&web.container).await?);

    title("from inside, by alias");
    from_inside(&network, &database.container).await?;

    title("a wait that fails says all that is known");
    println!("error: {}", failing_wait::fail().await?);

    title("all is removed");
    let mut volumes = Vec::new();
    for service in services {
        volumes.extend(witness.volumes_of(service.container.id()).await?);
    }
    let began = Instant::now();
    tokio::try_join!(cache.container.remove(), database.container.remove(), web.container.remove())?;
    network.remove().await?;
    session.clone().close().await?;
    println!("removed in {:.2?}", began.elapsed());

    let left = witness.left(&session, &volumes).await?;
    ensure!(left.is_empty(), "the engine still has {}", left.join(", "));
    println!("the engine has nothing with the label `seatrial.session={}` but the reaper,", session.id());
    println!("and none of the {} anonymous volumes of the services", volumes.len());
    Ok(())
}

/// Contacts services by their aliases: from a container of its own, and from a command in a running container.
async fn from_inside(network: &Network, database: &TestContainer) -> Result<()> {
    let client = cache::request().cmd(["redis-cli", "-h", "cache", "ping"]).publish_none().network(network);
    let answer = client.run().await?.stdout_text();
    ensure!(answer.trim() == "PONG", "the cache answers `{answer}`");
    println!("`redis-cli -h cache ping` in a container of its own: {}", answer.trim());

    let get = r"exec 3<>/dev/tcp/web/80; printf 'GET / HTTP/1.0\r\n\r\n' >&3; head -n 1 <&3";
    let answer = database.exec(["bash", "-c", get]).await?.stdout_text();
    ensure!(answer.contains("200 OK"), "the web server answers `{answer}`");
    println!("`GET /` of `web` in the container of the database: {}", answer.trim());
    Ok(())
}

fn print_table(services: [&Service; 3]) -> Result<()> {
    println!("{:10}{:24}{:18}ready after", "what", "image", "address");
    for Service { alias, container, port, took } in services {
        println!("{alias:10}{:24}{:18}{took:.2?}", container.image(), container.addr(*port)?);
    }
    Ok(())
}

fn title(text: &str) {
    println!("\n== {text}");
}
