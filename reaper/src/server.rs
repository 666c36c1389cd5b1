//! The main loop: accepts connections, and does what the life cycle says.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::engine::{Class, Engine};
use crate::hub::Hub;
use crate::lifecycle::{Event, Lifecycle, Step, Times};
use crate::listener::keep_alive;
use crate::log::{self, Level};
use crate::prune::Pruner;
use crate::settings::Settings;

/// How long we have once we are told to end; a stop by the engine kills after 10 s.
const AT_ONCE: Duration = Duration::from_secs(7);

/// Serves clients until all is reaped; true if nothing is left. `shutdown` completes when everything is to be reaped
/// at once.
///
/// # Errors
/// If the listener is of no use.
///
/// # Cancel safety
/// Dropping the future leaves what is not yet reaped; connections that are open are served on until the runtime ends.
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
    let hub = Arc::new(Hub::new(Lifecycle::new(times, std::time::Instant::now())));
    // A contract: it matches `.*Started.*` and `.* Started!`.
    log::write(
        Level::Info,
        "ryuk Started!",
        &[("address", &address), ("version", &env!("CARGO_PKG_VERSION"))],
    );
    let accepting = tokio::spawn(accept(listener, Arc::clone(&hub), Arc::clone(&settings)));
    let mut reaper = Reaper { pruner: Pruner::new(engine, &settings), hub, settings, end: None };
    let result = reaper.work(pin!(shutdown)).await;
    accepting.abort();
    Ok(result)
}

async fn accept(listener: TcpListener, hub: Arc<Hub>, settings: Arc<Settings>) {
    for id in 0.. {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                log::write(Level::Warn, "failed to accept", &[("error", &error)]);
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    // Out of descriptors: until somebody leaves there is nothing to do.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                continue;
            }
        };
        // IPv4 as people write it, though it came over a socket of both.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        // A connection that is lost already is seen as such by the first read.
        let _ = keep_alive(&stream);
        if !hub.open() {
            log::write(Level::Warn, "too many connections", &[("address", &peer)]);
            continue;
        }
        let trusted = settings.token.is_none();
        let connection =
            Connection { id, peer, hub: Arc::clone(&hub), settings: Arc::clone(&settings), trusted };
        let hub = Arc::clone(&hub);
        tokio::spawn(async move {
            connection.serve(stream).await;
            hub.close();
        });
    }
}

struct Reaper {
    pruner: Pruner,
    hub: Arc<Hub>,
    settings: Arc<Settings>,
    /// When we have to be gone; set once we were told to end.
    end: Option<Instant>,
}

impl Reaper {
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
                    self.end = Some(Instant::now() + AT_ONCE);
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
                let end = self.end.unwrap_or_else(|| Instant::now() + self.settings.shutdown_timeout);
                self.pruner.prune(&filters, end).await;
                self.hub.apply(Event::Pruned);
            }
            Step::Done => {}
        }
    }

    /// Whether what is due is at rest. What cannot be found out counts as a change, so that an engine that is away
    /// is waited for.
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
