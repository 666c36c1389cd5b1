//! `engine status`: shows the engine that the other commands use, and why candidates before it were rejected.

use anyhow::{Result, bail};

use super::state::Private;
use super::{Engine, daemon, guest, up};
use crate::locate;

/// Prints the state of the engines of chosen versions, of the private one, and the engine that the other commands use.
///
/// # Errors
/// Fails if no engine answers.
pub(crate) async fn status() -> Result<()> {
    guest::show().await?;
    let located = locate::locate(up::private_url()?.as_deref()).await;
    up::show(&located.rejected);
    match Private::read()? {
        None => println!("private engine: none"),
        Some(private) => match daemon::pid(&private) {
            Some(pid) => println!(
                "private engine: {}, process {pid}, data in the folder `{}`",
                private.url(),
                private.home.display()
            ),
            None => {
                println!("private engine: not running any more; `cargo xtask engine down` removes its files")
            }
        },
    }
    let Some(endpoint) = located.found else {
        bail!("no container engine answers; `cargo xtask engine up` starts one, or set `DOCKER_HOST`");
    };
    let engine = Engine::connect(endpoint).await?;
    let version = engine.docker.version().await?;
    let info = engine.docker.info().await?;
    println!("engine: {} (from {})", engine.endpoint.url, engine.endpoint.source);
    println!(
        "version: {}, API {}, {}",
        version.version.unwrap_or_default(),
        version.api_version.unwrap_or_default(),
        version.arch.unwrap_or_default()
    );
    println!("storage driver: {}", info.driver.unwrap_or_default());
    println!("runtimes: {}", engine.runtimes().await?.join(", "));
    Ok(())
}
