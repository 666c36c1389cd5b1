//! `engine up NAME`: starts an engine in a root file system and namespaces of its own.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::recipe::Recipe;
use super::record::Guest;
use super::{down, files, network, settings};
use crate::engine::{Engine, tail};
use crate::locate::Endpoint;
use crate::{command, console, debian};

/// The script that enters the root file system.
const ENTER: &str = include_str!("enter.sh");
/// The time that an engine may take until it answers; a first start takes about 4 s.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Starts an engine, unless it runs. Makes its root file system, unless the cache has it; `fresh` has it made again.
///
/// # Errors
/// Fails if the user is not root, another engine of this name runs, or it does not answer in time.
pub(crate) async fn up(recipe: Recipe, fresh: bool) -> Result<(Guest, Engine)> {
    ensure!(debian::is_root(), "starting the engine {} needs root; run this as root", recipe.name);
    install()?;
    let waiting = tokio::task::spawn_blocking(files::lock);
    let _lock = waiting.await??;
    if let Some(running) = Guest::read(&recipe.name)? {
        if let (false, Ok(engine)) = (fresh, connect(&running).await) {
            ensure!(
                running.recipe == recipe,
                "an engine {} with other packages runs; run `cargo xtask engine down {0}`, then run this again",
                recipe.name
            );
            console::step(&format!("engine: {} ({})", running.url(), recipe.name));
            return Ok((running, engine));
        }
        console::detail(&format!("removing an engine {} that runs no more or is old", recipe.name));
        down::remove(&running)?;
    }
    if fresh {
        files::forget(&recipe)?;
    }
    let guest = Guest { recipe };
    match start(&guest).await {
        Ok(engine) => Ok((guest, engine)),
        Err(error) => {
            // The error of the start is reported. What this removal leaves, `engine down` can remove later.
            let _ = down::remove(&guest);
            Err(error).with_context(|| format!("failed to start the engine {}", guest.recipe.name))
        }
    }
}

/// Makes the root file system of an engine, unless the cache has it, so that its start takes seconds.
///
/// # Errors
/// Fails if the user is not root, or it cannot be made.
pub(crate) async fn prepare(recipe: Recipe) -> Result<()> {
    ensure!(debian::is_root(), "making the engine {} needs root; run this as root", recipe.name);
    let make = move || {
        install()?;
        let _lock = files::lock()?;
        files::ensure(&recipe).map(drop)
    };
    tokio::task::spawn_blocking(make).await?
}

/// Returns the engine of this name, which has to run.
///
/// # Errors
/// Fails if it was not started or does not answer.
pub(crate) async fn running(name: &str) -> Result<(Guest, Engine)> {
    let hint = || format!("there is no engine {name}; `cargo xtask engine up {name}` starts it");
    let guest = Guest::read(name)?.with_context(hint)?;
    let engine = connect(&guest).await.with_context(|| {
        format!("the engine {name} does not answer; `cargo xtask engine status` shows where its log is")
    })?;
    Ok((guest, engine))
}

/// Connects to an engine that may run.
///
/// # Errors
/// Fails if it does not answer.
pub(super) async fn connect(guest: &Guest) -> Result<Engine> {
    Engine::connect(Endpoint { url: guest.url(), source: guest.recipe.name.clone() }).await
}

async fn start(guest: &Guest) -> Result<Engine> {
    let recipe = guest.recipe.clone();
    let files = tokio::task::spawn_blocking(move || files::ensure(&recipe)).await??;
    let start = Instant::now();
    console::step(&format!("starting {}: {}", guest.recipe.name, guest.url()));
    guest.write()?;
    settings::write(guest.recipe.kind, &guest.home().join("upper"))?;
    network::make(&guest.space())?;
    let mut child = spawn(guest, &files)?;
    let engine = wait(guest, &mut child).await?;
    console::detail(&format!("answers after {}", console::since(start)));
    Ok(engine)
}

fn spawn(guest: &Guest, files: &std::path::Path) -> Result<Child> {
    let script = guest.home().join("enter.sh");
    std::fs::write(&script, ENTER)?;
    let log = File::create(guest.log()).context("failed to create the engine's log")?;
    let kind = guest.recipe.kind;
    let mut enter = Command::new("sh");
    enter.arg(script).arg(files).arg(guest.home()).arg(guest.run());
    enter.arg(kind.data()).arg(guest.space());
    enter.args(kind.command(&guest.run().display().to_string(), &guest.url()));
    let mut command = guest.inside(&enter);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // Not in this process group, so that an interrupt at the terminal does not reach the engine.
    command.process_group(0).spawn().context("failed to start `nsenter`")
}

async fn wait(guest: &Guest, child: &mut Child) -> Result<Engine> {
    let start = Instant::now();
    loop {
        let ended = child.try_wait()?;
        if ended.is_none()
            && let Ok(engine) = connect(guest).await
        {
            return Ok(engine);
        }
        let log = || tail(&std::fs::read_to_string(guest.log()).unwrap_or_default());
        if let Some(status) = ended {
            bail!("it ended with {status}; the end of its log:\n{}", log());
        }
        if start.elapsed() > PATIENCE {
            bail!("it did not answer within {} s; the end of its log:\n{}", PATIENCE.as_secs(), log());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Installs the programs that are needed and missing.
fn install() -> Result<()> {
    let needs = [
        ("mmdebstrap", "mmdebstrap"),
        ("ip", "iproute2"),
        ("nsenter", "util-linux"),
        ("unshare", "util-linux"),
        ("pivot_root", "util-linux"),
    ];
    let mut missing: Vec<&str> =
        needs.iter().filter(|(program, _)| !command::exists(program)).map(|(_, package)| *package).collect();
    if !std::path::Path::new("/usr/share/keyrings/debian-archive-keyring.gpg").exists() {
        missing.push("debian-archive-keyring");
    }
    missing.dedup();
    if missing.is_empty() { Ok(()) } else { debian::install(&missing, "an engine of a chosen version") }
}
