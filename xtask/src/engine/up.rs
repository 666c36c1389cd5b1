//! `engine up`: finds an engine that answers, or starts a private one.

use anyhow::{Context, Result, bail};

use super::state::Private;
use super::{Engine, Runtime, bridge, daemon, down, processes};
use crate::locate::{self, Endpoint};
use crate::{command, console, debian};

/// Finds an engine. Starts a private one if none answers, or if `private` or a runtime asks for it.
///
/// # Errors
/// Fails if there is none and none can be started here; the error says what to do.
pub(crate) async fn up(runtime: Option<Runtime>, private: bool) -> Result<Engine> {
    if private || runtime.is_some() {
        if let Some(engine) = running_private().await? {
            return check(engine, runtime).await;
        }
    } else if let Some(engine) = find().await? {
        return Ok(engine);
    }
    if install(runtime)? && !private && runtime.is_none() {
        // Installing the packages may have started the system's own daemon.
        if let Some(engine) = find().await? {
            return Ok(engine);
        }
    }
    start(runtime).await
}

/// Returns the private engine's address, if it is running.
pub(super) fn private_url() -> Result<Option<String>> {
    Ok(Private::read()?.filter(|private| daemon::pid(private).is_some()).map(|private| private.url()))
}

/// Prints why candidates were rejected.
pub(super) fn show(rejected: &[String]) {
    for reason in rejected {
        console::detail(reason);
    }
}

async fn find() -> Result<Option<Engine>> {
    let located = locate::locate(private_url()?.as_deref()).await;
    let Some(endpoint) = located.found else {
        console::step("no container engine answers");
        show(&located.rejected);
        return Ok(None);
    };
    console::step(&format!("engine: {} (from {})", endpoint.url, endpoint.source));
    Ok(Some(Engine::connect(endpoint).await?))
}

async fn running_private() -> Result<Option<Engine>> {
    let Some(url) = private_url()? else {
        return Ok(None);
    };
    console::step(&format!("engine: {url} (the private one)"));
    Ok(Some(Engine::connect(Endpoint { url, source: "private engine".into() }).await?))
}

async fn check(engine: Engine, runtime: Option<Runtime>) -> Result<Engine> {
    if let Some(runtime) = runtime {
        let runtimes = engine.runtimes().await?;
        if !runtimes.iter().any(|name| name == runtime.name()) {
            bail!(
                "the private engine has no runtime `{}`, only {}; run `cargo xtask engine down`, then run this again",
                runtime.name(),
                runtimes.join(", ")
            );
        }
    }
    Ok(engine)
}

/// Installs the packages that the private engine needs. Returns `true` if some were missing.
fn install(runtime: Option<Runtime>) -> Result<bool> {
    let mut needs = vec![
        ("dockerd", "docker.io"),
        ("iptables", "iptables"),
        ("ip", "iproute2"),
        ("update-ca-certificates", "ca-certificates"),
    ];
    if runtime == Some(Runtime::Gvisor) {
        needs.push(("runsc", "runsc"));
    }
    let missing: Vec<&str> = needs
        .into_iter()
        .filter(|(program, _)| !command::exists(program))
        .map(|(_, package)| package)
        .collect();
    if missing.is_empty() {
        return Ok(false);
    }
    debian::install(&missing, "a private container engine")?;
    Ok(true)
}

async fn start(runtime: Option<Runtime>) -> Result<Engine> {
    if !debian::is_root() {
        bail!(
            "starting a private engine needs root; run this as root, or start an engine yourself and set `DOCKER_HOST`"
        );
    }
    if let Some(stale) = Private::read()? {
        console::detail("removing the files of a private engine that does not run any more");
        down::remove(&stale).await?;
    }
    // A second daemon that makes packet rules would first remove those of the other one.
    let private = Private::new(bridge::free_network()?, processes::runs("dockerd"));
    console::step(&format!("starting a private engine: {}", private.url()));
    private.write()?;
    let started = match bridge::make(&private) {
        Ok(()) => daemon::start(&private, runtime).await,
        Err(error) => Err(error),
    };
    match started {
        Ok(engine) => Ok(engine),
        Err(error) => {
            // The error of the start is reported. What this removal leaves, `engine down` can remove later.
            let _ = down::remove(&private).await;
            Err(error).context("failed to start a private engine")
        }
    }
}
