//! Configures and starts the private engine's daemon, and waits until it answers.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::state::Private;
use super::{Engine, Runtime, bridge, processes, storage};
use crate::console;
use crate::locate::Endpoint;

/// The time that a daemon may take until it answers; a first start takes about 4 s.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
/// The number of lines of the daemon's log that an error shows.
const LOG_LINES: usize = 15;

/// gVisor's runtimes, as the test of runtimes configures them on a daemon of its own.
const GVISOR: &str = include_str!("../../../tests/gvisor.json");

/// The result of a start.
enum Outcome {
    Answers(Engine),
    Ended { log: String },
}

/// Starts the daemon with the first storage driver that works.
///
/// # Errors
/// Fails if the daemon exits or does not answer in time; the error shows the end of its log.
pub(crate) async fn start(private: &Private, runtime: Option<Runtime>) -> Result<Engine> {
    for driver in storage::candidates() {
        let config = config(private, runtime, driver);
        std::fs::write(private.config(), serde_json::to_string_pretty(&config)?)?;
        let start = Instant::now();
        let mut child = spawn(private)?;
        match wait(private, &mut child).await? {
            Outcome::Answers(engine) => {
                console::detail(&format!("answers after {}", console::since(start)));
                return Ok(engine);
            }
            Outcome::Ended { log } if storage::is_to_blame(&log) => {
                console::detail(&format!(
                    "the storage driver {} does not work here",
                    driver.unwrap_or("that is the default")
                ));
            }
            Outcome::Ended { log } => {
                bail!("dockerd exited; the end of its log `{}`:\n{}", private.log().display(), tail(&log));
            }
        }
    }
    bail!("no storage driver works here; the log is `{}`", private.log().display())
}

/// Returns the daemon's process id, if the process in its pid file is this daemon.
pub(crate) fn pid(private: &Private) -> Option<i32> {
    let text = std::fs::read_to_string(private.pid_file()).ok()?;
    let pid = text.trim().parse().ok()?;
    processes::is(pid, "dockerd", &private.config().display().to_string()).then_some(pid)
}

fn spawn(private: &Private) -> Result<Child> {
    let log = File::create(private.log()).context("failed to create the daemon's log")?;
    Command::new("dockerd")
        .arg("--config-file")
        .arg(private.config())
        // If the system's containerd runs, both daemons use it, so they need different namespaces.
        .args(["--containerd-namespace", &private.bridge])
        .args(["--containerd-plugins-namespace", &format!("{}-plugins", private.bridge)])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        // Not in this process group, so that an interrupt at the terminal does not reach the daemon.
        .process_group(0)
        .spawn()
        .context("failed to start `dockerd`")
}

async fn wait(private: &Private, child: &mut Child) -> Result<Outcome> {
    let endpoint = Endpoint { url: private.url(), source: "private engine".into() };
    let start = Instant::now();
    loop {
        if child.try_wait()?.is_some() {
            let log = std::fs::read_to_string(private.log()).unwrap_or_default();
            return Ok(Outcome::Ended { log });
        }
        if let Ok(engine) = Engine::connect(endpoint.clone()).await {
            return Ok(Outcome::Answers(engine));
        }
        if start.elapsed() > PATIENCE {
            let pid = i32::try_from(child.id())?;
            processes::end(&[pid], Duration::from_secs(5));
            let log = std::fs::read_to_string(private.log()).unwrap_or_default();
            bail!(
                "dockerd did not answer within {} s; the end of its log:\n{}",
                PATIENCE.as_secs(),
                tail(&log)
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

fn config(private: &Private, runtime: Option<Runtime>, driver: Option<&str>) -> Value {
    let mut config = json!({
        "hosts": [private.url()],
        "data-root": private.data_root(),
        "exec-root": private.exec_root(),
        "pidfile": private.pid_file(),
        "bridge": private.bridge,
        "default-address-pools": [{ "base": format!("{}.128.0/17", private.network), "size": 24 }],
        "iptables": !private.own_rules,
        // Checkpoints need it.
        "experimental": true,
    });
    if let Some(driver) = driver {
        config["storage-driver"] = driver.into();
    }
    if let Some(mtu) = bridge::mtu() {
        config["mtu"] = mtu.into();
    }
    if runtime == Some(Runtime::Gvisor) {
        config["runtimes"] = gvisor(private);
    }
    config
}

/// Returns gVisor's runtimes: with the host's network, the same with logs, and without a network.
fn gvisor(private: &Private) -> Value {
    let logs = private.home.join("runsc");
    let text = GVISOR.replace("@RUNSC@", "/usr/bin/runsc").replace("@LOGS@", &logs.display().to_string());
    serde_json::from_str(&text).expect("`tests/gvisor.json` is valid JSON")
}

/// Returns the last lines of a log.
pub(crate) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_has_only_the_chosen_options() {
        let private = Private::new("10.201".into(), true);
        let plain = config(&private, None, None);
        assert!(plain.get("runtimes").is_none() && plain.get("storage-driver").is_none());
        assert_eq!(plain["iptables"], false, "the daemon makes no rules if this command does");
        let gvisor = config(&private, Some(Runtime::Gvisor), Some("vfs"));
        assert_eq!(gvisor["storage-driver"], "vfs");
        for name in ["runsc", "runsc-d", "runsc-offline"] {
            assert_eq!(gvisor["runtimes"][name]["path"], "/usr/bin/runsc");
        }
        assert!(!gvisor.to_string().contains('@'), "{gvisor}");
    }

    #[test]
    fn the_tail_of_a_log_is_its_last_lines() {
        let log: String = (1..=20).map(|number| format!("{number}\n")).collect();
        assert!(tail(&log).starts_with("6\n") && tail(&log).ends_with("\n20"));
        assert_eq!(tail("one"), "one");
    }
}
