//! Starts PostgreSQL with a schema, and waits for several conditions.
//!
//! ```text
//! cargo xtask images postgres
//! cargo run -p seatrial --example postgres
//! ```

use anyhow::{Result, ensure};
use seatrial::{ContainerRequest, CopyIn, TestContainer, WaitFor};
use tokio_postgres::NoTls;

/// Executed by the image's entry point at the first start.
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/files/schema.sql");

pub(crate) const PASSWORD: &str = "anchor";

pub(crate) fn request() -> ContainerRequest {
    ContainerRequest::new("seatrial/postgres:dev")
        .env("POSTGRES_PASSWORD", PASSWORD)
        .env("POSTGRES_DB", "harbour")
        .copy_in(CopyIn::file(SCHEMA, "/docker-entrypoint-initdb.d/schema.sql"))
        // Without syncing to disk, since the data need not survive a power failure.
        .cmd(["postgres", "-c", "fsync=off"])
        .port(5432)
        // Twice, since the temporary server that runs the schema prints it first.
        .wait_for(WaitFor::all([
            WaitFor::log("database system is ready to accept connections").times(2).into(),
            WaitFor::port(5432).into(),
            WaitFor::exec(["pg_isready", "--host=127.0.0.1", "--username=postgres"]).into(),
        ]))
}

/// Queries a row that the schema inserts.
pub(crate) async fn talk(postgres: &TestContainer) -> Result<String> {
    let (client, connection) = tokio_postgres::Config::new()
        .host(postgres.host())
        .port(postgres.host_port(5432)?)
        .user("postgres")
        .password(PASSWORD)
        .dbname("harbour")
        .connect(NoTls)
        .await?;
    tokio::spawn(connection);

    let oldest = client.query_one("SELECT name, launched FROM ship ORDER BY launched LIMIT 1", &[]).await?;
    let (name, launched): (String, i32) = (oldest.try_get(0)?, oldest.try_get(1)?);
    ensure!(name == "Vasa", "the oldest ship is `{name}`");
    Ok(format!("the oldest ship is `{name}` of {launched}"))
}

#[tokio::main]
async fn main() -> Result<()> {
    let postgres = request().start().await?;
    println!("{postgres} at {}: {}", postgres.addr(5432)?, talk(&postgres).await?);
    Ok(())
    // `postgres` is dropped here, which removes the container and the volume that its data is in.
}
