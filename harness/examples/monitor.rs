//! Monitors a container from its start to its end, with restarts that a function decides on, and a profiler.
//!
//! ```text
//! cargo xtask images basic
//! cargo run -p seatrial --example monitor
//! ```

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use anyhow::{Result, ensure};
use seatrial::{
    ContainerRequest,
    monitor::{AfterExit, Phase, ProfileHook, ProfileTarget, Stats},
};

/// Records each run with `perf`, if that is installed, into a separate file.
#[derive(Default)]
struct Perf(Mutex<Option<Child>>);

impl ProfileHook for Perf {
    fn begin(&self, target: &ProfileTarget) -> Result<(), Box<dyn Error + Send + Sync>> {
        let file = std::env::temp_dir().join(format!("{}-{}.perf", target.name, target.pid));
        let mut perf = Command::new("perf");
        perf.args(["record", "--quiet", "-p", &target.pid.to_string(), "-o"]).arg(&file);
        let child = perf.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        *self.0.lock().map_err(|_| "a call before this one panicked")? = Some(child);
        println!("perf report -i {}", file.display());
        Ok(())
    }

    fn end(&self, _: &ProfileTarget) -> Result<(), Box<dyn Error + Send + Sync>> {
        let child = self.0.lock().map_err(|_| "a call before this one panicked")?.take();
        if let Some(mut child) = child {
            // `perf` ends by itself with the process. It is interrupted here in case the process is still running.
            Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
            child.wait()?;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let line = "end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do :; done; exit 3";
    let request = ContainerRequest::new("seatrial/basic:dev")
        .cmd(["sh", "-c", line])
        .restart_when(|run| match run.exit_code {
            Some(3) if run.restarts < 1 => AfterExit::Restart,
            _ => AfterExit::Stop,
        })
        .profile_with(Perf::default());

    let (starting, mut monitor) = request.start_monitored();
    let shown = tokio::spawn(async move {
        let (mut samples, mut last) = (Vec::new(), None);
        while let Some(snapshot) = monitor.next().await {
            println!("{snapshot}");
            samples.extend(snapshot.stats.clone());
            last = Some(snapshot);
        }
        (samples, last)
    });
    // Kept until the end, since dropping the handle removes the container.
    let container = starting.await?;
    let (samples, last) = shown.await?;
    if let Some(trouble) = container.profile_error() {
        println!("{trouble}");
    }

    for mean in Stats::thin(&samples, 3) {
        println!("on average: {mean}");
    }
    let end = last.map(|last| (last.phase, last.exit_code, last.restarts));
    ensure!(end == Some((Phase::Exited, Some(3), 1)), "it ended with {end:?}");
    container.remove().await?;
    Ok(())
}
