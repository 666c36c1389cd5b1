//! The handle that owns a started container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};

use super::Commands;
use super::start::{Created, FailedWait};
use crate::config::Keep;
use crate::container::Subject;
use crate::engine::{ContainerInfo, Ports, with_port};
use crate::life::{Renewal, Restarts, Supervisor};
use crate::output::{Consumer, Listener, LogMatch, Logs, Tap};
use crate::session::{Owned, Remover, Session};
use crate::wait::{Preparation, WaitFor, wait_ready};
use crate::words::{ContainerId, ContainerState, Error, Port, Result};

/// A container that runs for a test; dropping it removes it with its anonymous volumes.
///
/// Dropping hands the removal to a background thread and returns at once, in any runtime or none, on a panic too;
/// what is still queued when the process ends normally is carried out then. See [`remove`](Self::remove) for a
/// removal that reports, and [`keep`](Self::keep) for none.
///
/// It can be moved to other threads and shared between tasks, in an `Arc` for example: all methods but `remove` and
/// `keep` take `&self`.
///
/// ```no_run
/// # async fn example(redis: seatrial::TestContainer) -> seatrial::Result<()> {
/// let url = format!("redis://{}/", redis.addr(6379)?); // redis://127.0.0.1:49153/
/// let output = redis.exec(["redis-cli", "DBSIZE"]).await?;
/// assert_eq!(output.stdout_text(), "(integer) 0\n");
/// println!("{redis}, {}", redis.state().await?); // container `my-test-k3v9x2ab`, Up 2 seconds
/// redis.remove().await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping this removes the container"]
pub struct TestContainer {
    owned: Owned,
    subject: Subject,
    session: Session,
    image: String,
    /// Written by each start of the container, read by lookups; std's lock since no one awaits with it.
    ports: Arc<Mutex<Ports>>,
    /// Written by waits, read by the user.
    matches: Mutex<Vec<LogMatch>>,
    listeners: Mutex<Vec<Listener>>,
    /// Restarts it, if its request says so; ends with the handle.
    supervisor: Option<Supervisor>,
    span: tracing::Span,
}

impl TestContainer {
    pub(super) fn new(created: Created, info: &ContainerInfo) -> Self {
        Self {
            owned: created.owned,
            subject: created.subject,
            session: created.session,
            image: created.image.as_given().to_owned(),
            ports: Arc::new(Mutex::new(Ports::of(info))),
            matches: Mutex::default(),
            listeners: Mutex::default(),
            supervisor: None,
            span: created.span,
        }
    }

    /// The full id.
    #[must_use]
    pub fn id(&self) -> &ContainerId {
        &self.subject.id
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.subject.name
    }

    /// The image, as it was asked for.
    #[must_use]
    pub fn image(&self) -> &str {
        &self.image
    }

    /// The session that it belongs to.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The address at which its published ports are reached from here, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.session.engine().host().host
    }

    /// Where a port is reached from here, as in `127.0.0.1:49153`. Costs no call to the engine.
    ///
    /// # Errors
    /// Port, if it is not published, speaks another protocol, or is not bound; each names the ports that there are.
    pub fn addr(&self, port: impl Into<Port>) -> Result<String> {
        let port = port.into();
        let ports = lock(&self.ports);
        let binding = ports.binding(port).map_err(|error| error.with_subject(self.to_string()))?;
        // A port that is bound to one address is reached there, if the engine's machine is this one.
        let any = matches!(binding.ip.as_str(), "" | "0.0.0.0" | "::");
        let host = if any { self.host() } else { &binding.ip };
        Ok(with_port(host, binding.port))
    }

    /// The port of the host that a port is published on. Costs no call to the engine.
    ///
    /// # Errors
    /// As [`addr`](Self::addr).
    pub fn host_port(&self, port: impl Into<Port>) -> Result<u16> {
        let ports = lock(&self.ports);
        let binding = ports.binding(port.into()).map_err(|error| error.with_subject(self.to_string()))?;
        Ok(binding.port)
    }

    /// Where its only published port is reached.
    pub(crate) fn only_addr(&self) -> Result<String> {
        let port = lock(&self.ports).only().map_err(|error| error.with_subject(self.to_string()))?;
        self.addr(port)
    }

    /// Its own addresses in its networks, IPv4 first, as of its last start.
    #[must_use]
    pub fn ip_addresses(&self) -> Vec<IpAddr> {
        lock(&self.ports).addresses().to_vec()
    }

    /// What the engine knows of it now: state, process id, networks, ports, root directory.
    ///
    /// # Errors
    /// Not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn inspect(&self) -> Result<ContainerInfo> {
        self.subject.inspect().await
    }

    /// Its state now, health and exit code included.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn state(&self) -> Result<ContainerState> {
        Ok(self.inspect().await?.state)
    }

    /// The process id of its first process on the engine's machine; of the sandbox, under a sandboxed runtime.
    ///
    /// # Errors
    /// Conflict, if it does not run; as [`inspect`](Self::inspect).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn pid(&self) -> Result<u32> {
        let info = self.inspect().await?;
        info.state.pid.ok_or_else(|| {
            Error::new(crate::words::Kind::Conflict, format!("it has no process: it is {}", info.state))
                .with_subject(self.to_string())
        })
    }

    /// Its IPv4 address in a network, by the network's name; `bridge` is the engine's default one.
    ///
    /// # Errors
    /// Not found, with the networks that it is in; as [`inspect`](Self::inspect).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn ipv4(&self, network: &str) -> Result<Ipv4Addr> {
        self.address_in(network, "IPv4", |place| place.ipv4).await
    }

    /// Its global IPv6 address in a network, by the network's name.
    ///
    /// # Errors
    /// Not found, if the network has no IPv6, or with the networks that it is in; as [`inspect`](Self::inspect).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn ipv6(&self, network: &str) -> Result<Ipv6Addr> {
        self.address_in(network, "IPv6", |place| place.ipv6).await
    }

    async fn address_in<T>(
        &self,
        network: &str,
        family: &str,
        address: impl Fn(&crate::engine::NetworkAddress) -> Option<T>,
    ) -> Result<T> {
        let info = self.inspect().await?;
        let place = info.networks.iter().find(|place| place.network == network);
        place.and_then(address).ok_or_else(|| {
            let names: Vec<_> = info.networks.iter().map(|place| place.network.as_str()).collect();
            let message = match place {
                Some(_) => format!("it has no {family} address in network `{network}`"),
                None => format!("it is not in network `{network}`, but in `{}`", names.join("`, `")),
            };
            Error::new(crate::words::Kind::NotFound, message).with_subject(self.to_string())
        })
    }

    /// Its output, whole or a part, or as it comes.
    pub fn logs(&self) -> Logs {
        Logs::new(self.subject.target.clone())
    }

    /// What the log waits found until now, with the captures of regular expressions, in the order in which they were met.
    #[must_use]
    pub fn log_matches(&self) -> Vec<LogMatch> {
        lock(&self.matches).clone()
    }

    /// Whether something may run in it that should not: a command that was to be ended, because its time was up or
    /// nobody waited for it any more, could not be. A restart of the container cures it.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poison().is_some()
    }

    /// Why it is [poisoned](Self::is_poisoned), if it is: the first reason.
    #[must_use]
    pub fn poison(&self) -> Option<String> {
        self.subject.commands.poisoned()
    }

    /// Why its [profile hook](crate::ContainerRequest::profile_with) failed last, if it did.
    #[must_use]
    pub fn profile_error(&self) -> Option<String> {
        self.subject.course.plan().profile_trouble
    }

    /// What is known of its commands.
    pub(crate) fn commands(&self) -> &Arc<Commands> {
        &self.subject.commands
    }

    /// Waits for something more, up to the session's startup timeout.
    ///
    /// A log wait looks from the start of this run, unless it is told [`from_now`](crate::LogWait::from_now).
    ///
    /// # Errors
    /// Invalid, if the wait can't be; not ready or exited, with all that is known of the container.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait; the container runs on.
    pub async fn wait(&self, wait: impl Into<WaitFor>) -> Result<()> {
        self.wait_up_to(wait, self.session.config().startup_timeout.value).await
    }

    /// As [`wait`](Self::wait), up to a time of your own.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// As [`wait`](Self::wait).
    pub async fn wait_up_to(&self, wait: impl Into<WaitFor>, timeout: std::time::Duration) -> Result<()> {
        let wait = wait.into();
        wait.0.check().map_err(|error| error.with_subject(self.to_string()))?;
        let mut prepared = Preparation::after_start(&wait, &self.subject).await?;
        let began = std::time::Instant::now();
        match wait_ready(self, &mut prepared, timeout, &self.matches).await {
            Ok(()) => Ok(()),
            Err(unmet) => {
                let failed = FailedWait { unmet, elapsed: began.elapsed(), more_time: "give it more time" };
                let tails = prepared.tap.as_ref().map(Tap::tails);
                let report = super::failure::report(self, &prepared.root, tails).await;
                // What fails here need not fail the test, so it takes more to have the container stay.
                Err(failed.into_error(self, report, Keep::Always))
            }
        }
    }

    /// Removes the container with its anonymous volumes, waits, and reports. One that is gone already is a success.
    ///
    /// # Errors
    /// Leftover, if it is there still after many tries; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future lets the removal go on.
    pub async fn remove(self) -> Result<()> {
        self.owned.remove().await
    }

    /// Gives up ownership: the container stays. Says on stderr how to find it and how to remove it.
    ///
    /// It stays until the session's reaper, if there is one, reaps after the run; what a request is to
    /// [`keep`](crate::ContainerRequest::keep) in some case, or `SEATRIAL_KEEP`, stays for good.
    pub fn keep(self) -> ContainerId {
        self.owned.keep();
        self.subject.target.id
    }

    /// Whether the container stays after a failure; `keep` is the mode in which it would.
    pub(super) fn is_kept(&self, keep: Keep) -> bool {
        self.owned.keep_mode() == Keep::Always || self.owned.keep_mode() == keep
    }

    /// What to do to look into the container after a failure; `keep` is the mode in which it would stay.
    pub(super) fn look_into(&self, keep: Keep) -> String {
        if self.is_kept(keep) {
            return format!(
                "the container is kept: `docker logs {0}`, `docker exec -it {0} sh`",
                self.name()
            );
        }
        let mode = if keep == Keep::Always { "always" } else { "on-failure" };
        format!("keep the container to look into it: SEATRIAL_KEEP={mode}")
    }

    /// What becomes of a container whose start failed.
    pub(super) fn give_up_failed(self) {
        self.owned.give_up_failed();
    }

    /// Removes the container whoever has the handle.
    pub(crate) fn remover(&self) -> Remover {
        self.owned.remover()
    }

    /// Whether it stays if it is dropped by a panic.
    pub(crate) fn stays_after_panic(&self) -> bool {
        self.owned.keep_mode().applies(true)
    }

    pub(super) fn subject_ref(&self) -> &Subject {
        &self.subject
    }

    pub(crate) fn subject(&self) -> Subject {
        self.subject.clone()
    }

    pub(super) fn span(&self) -> &tracing::Span {
        &self.span
    }

    /// One line per port, for reports.
    pub(crate) fn port_lines(&self) -> Vec<String> {
        lock(&self.ports).lines()
    }

    /// Has it restarted from now on, if that is wanted.
    pub(super) fn supervise(&mut self, restarts: &Restarts) {
        self.supervisor = Supervisor::begin(
            restarts,
            self.subject.target.clone(),
            self.subject.course.clone(),
            Renewed { commands: self.subject.commands.clone(), ports: self.ports.clone() },
        );
    }

    pub(super) fn add_matches(&self, matches: Vec<LogMatch>) {
        lock(&self.matches).extend(matches);
    }

    pub(super) fn listen(&self, consumers: &[Consumer]) {
        let listeners =
            consumers.iter().map(|consumer| Listener::start(self.subject.target.clone(), consumer.clone()));
        lock(&self.listeners).extend(listeners);
    }

    /// Takes over what changed with a new run: the engine may have chosen other ports.
    pub(crate) fn refresh(&self, info: &ContainerInfo) {
        *lock(&self.ports) = Ports::of(info);
    }
}

/// The parts of a handle that change with a new run.
struct Renewed {
    commands: Arc<Commands>,
    ports: Arc<Mutex<Ports>>,
}

impl Renewal for Renewed {
    fn started(&self) {
        self.commands.cure();
    }

    fn looked(&self, info: &ContainerInfo) {
        *lock(&self.ports) = Ports::of(info);
    }
}

impl std::fmt::Display for TestContainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "container `{}`", self.subject.name)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each critical section leaves the value whole.
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
