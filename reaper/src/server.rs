//! The main loop: starts the acceptor, and does what the life cycle decides.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::acceptor::accept_all;
use crate::descriptors::raise_limit;
use crate::engine::{Class, Engine};
use crate::hub::Hub;
use crate::lifecycle::{Event, Lifecycle, Step, Times};
use crate::log::{self, Level};
use crate::prune::Pruner;
use crate::settings::Settings;

/// The time for the last prune after a signal. An engine that stops a container kills it after 10 s.
const AFTER_SIGNAL: Duration = Duration::from_secs(7);

/// Serves clients until everything that their filters select is removed. Returns `true` if nothing is left.
///
/// When `shutdown` completes, the reaper removes everything at once, even if clients are connected.
///
/// # Errors
/// The listener has no address.
///
/// # Cancel safety
/// Dropping the future leaves what is not removed yet. Open connections are served until the runtime ends.
pub async fn run(
    listener: TcpListener,
    engine: Engine,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<bool, String> {
    let address = listener.local_addr().map_err(|error| format!("the listener has no address: {error}"))?;
    let times = Times {
        connection: settings.connection_timeout,
        reconnection: settings.reconnection_timeout,
        changes: settings.changes_interval,
        shutdown: settings.shutdown_timeout,
    };
    let settings = Arc::new(settings);
    let lifecycle = Lifecycle::new(times, std::time::Instant::now());
    let hub = Arc::new(Hub::new(lifecycle, raise_limit()));
    // A contract: it matches `.*Started.*` and `.* Started!`.
    log::write(
        Level::Info,
        "ryuk Started!",
        &[("address", &address), ("version", &env!("CARGO_PKG_VERSION"))],
    );
    let accepting = tokio::spawn(accept_all(listener, Arc::clone(&hub), Arc::clone(&settings)));
    let telling = tokio::spawn(tell_state(Arc::clone(&hub)));
    let mut reaper = Reaper { pruner: Pruner::new(engine, &settings), hub, settings, end: None };
    let result = reaper.work(pin!(shutdown)).await;
    accepting.abort();
    telling.abort();
    Ok(result)
}

/// Logs the number of clients and the state of all shared pools at each SIGUSR1.
async fn tell_state(hub: Arc<Hub>) {
    let Ok(mut signal) = signal(SignalKind::user_defined1()) else { return };
    while signal.recv().await.is_some() {
        let clients = hub.lifecycle().clients();
        log::write(Level::Info, "state", &[("clients", &clients)]);
        for line in hub.desk.state() {
            log::write(Level::Info, "state", &[("pools", &line)]);
        }
    }
}

struct Reaper {
    pruner: Pruner,
    hub: Arc<Hub>,
    settings: Arc<Settings>,
    /// The moment at which the program has to end; set by a signal.
    end: Option<Instant>,
}

impl Reaper {
    /// Does step after step until the life cycle is done. Returns `true` if nothing is left.
    async fn work<S: Future<Output = ()>>(&mut self, mut shutdown: Pin<&mut S>) -> bool {
        loop {
            let is_forced = self.hub.lifecycle().is_forced(std::time::Instant::now());
            let step = self.hub.step();
            if is_forced && matches!(step, Step::Prune(_)) {
                // A contract.
                log::write(Level::Warn, "shutdown timeout reached, forcing prune", &[]);
            }
            if step == Step::Done {
                return self.conclude();
            }
            if self.end.is_some() {
                self.act(step).await;
                continue;
            }
            tokio::select! {
                () = &mut shutdown => {
                    log::write(Level::Info, "signal received, reaping at once", &[]);
                    self.end = Some(Instant::now() + AFTER_SIGNAL);
                    self.hub.apply(Event::Terminate);
                }
                () = self.act(step) => {}
            }
        }
    }

    async fn act(&self, step: Step) {
        match step {
            Step::Wait(Some(until)) => {
                tokio::select! {
                    () = tokio::time::sleep_until(until.into()) => {}
                    () = self.hub.changed() => {}
                }
            }
            Step::Wait(None) => self.hub.changed().await,
            Step::Check(filters) => {
                let clients = self.hub.lifecycle().clients();
                log::write(Level::Info, "prune check", &[("clients", &clients)]); // A contract.
                let event = self.check(&filters).await;
                self.hub.apply(event);
            }
            Step::Prune(filters) => {
                let end = self.end.unwrap_or_else(|| Instant::now() + self.settings.prune_timeout());
                self.pruner.prune(&filters, end).await;
                self.hub.apply(Event::Pruned);
            }
            Step::Done => {}
        }
    }

    /// Checks if anything that the filters select was created a moment ago. A check that fails counts as a change, so
    /// that an engine that is away is waited for.
    async fn check(&self, filters: &[seatrial_core::reaper::Filter]) -> Event {
        let offset = self.settings.retry_offset;
        let now = SystemTime::now();
        let since = if offset.below_zero {
            now.checked_sub(offset.magnitude)
        } else {
            now.checked_add(offset.magnitude)
        };
        match self.pruner.find_newer(filters, since.unwrap_or(now)).await {
            Ok(None) => Event::AtRest,
            Ok(Some(resource)) => {
                // A contract.
                log::write(Level::Info, "change detected, waiting again", &[("resource", &resource)]);
                Event::Changed
            }
            Err(error) => {
                log::write(Level::Warn, "failed to look for changes", &[("error", &error)]);
                Event::Changed
            }
        }
    }

    /// Writes the report. Returns `true` if nothing is left.
    fn conclude(&self) -> bool {
        let report = self.pruner.report();
        let counts = Class::IN_ORDER.map(|class| report.removed(class));
        let [containers, networks, volumes, images] = &counts;
        // A contract.
        log::write(
            Level::Info,
            "removed",
            &[("containers", containers), ("networks", networks), ("volumes", volumes), ("images", images)],
        );
        let json = report.to_json().to_string() + "\n";
        log::print(json.clone());
        if let Some(path) = &self.settings.report
            && let Err(error) = std::fs::write(path, &json)
        {
            log::write(
                Level::Warn,
                "failed to write the report",
                &[("path", &path.display()), ("error", &error)],
            );
        }
        let failure = report.failure();
        match &failure {
            Some(failure) => log::fatal(failure),
            None => log::write(Level::Info, "done", &[]), // A contract.
        }
        failure.is_none()
    }
}
