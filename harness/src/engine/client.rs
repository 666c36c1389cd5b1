//! A handle to the engine: time limits, concurrency limits, and the conversion of its errors to ours.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use bollard::{ClientVersion, Docker};
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::discover::{self, Located};
use super::feed::Feed;
use super::host::{self, HostAddress};
use super::host_turns::HostTurns;
use super::patience;
use super::transport::{Transport, TransportError};
use super::version::EngineVersion;
use crate::base::{Run, background};
use crate::config::{Config, Endpoint, Setting};
use crate::words::{Error, Kind, Result, seconds};

/// The time limit for an engine to report its version during the discovery.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A handle to a container engine. It is cheap to clone.
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) docker: Docker,
    pub(super) transport: Transport,
    pub(super) located: Located,
    pub(super) host: HostAddress,
    /// `true` if the engine's networks are those of this machine.
    pub(super) shares_networks: bool,
    pub(super) sidecar_socket: Setting<PathBuf>,
    /// Limits concurrent starts and removals, since an engine with too many at once slows down, and may hang.
    pub(super) width: Arc<Semaphore>,
    /// Limits concurrent starts on this machine, if that is configured.
    pub(super) host_turns: Option<HostTurns>,
    pub(super) request_timeout: Duration,
    /// The time limit for the creation and for the start of a container.
    pub(super) start_budget: Duration,
    /// Set once the engine has refused an exec with all privileges.
    pub(super) refuses_privileges: AtomicBool,
    /// The subscription to the engine's events, which exists while there are listeners.
    pub(super) feed: Feed,
}

/// The operation of a call, for its error, and its time limit.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// The operation, as a phrase after "failed to".
    pub(crate) phase: &'static str,
    /// The resource, such as "container `db`".
    pub(crate) subject: String,
    /// The time limit.
    pub(crate) deadline: Duration,
}

/// The error of a call, before its conversion.
#[derive(Debug)]
pub(super) enum CallError {
    Bollard(bollard::errors::Error),
    Transport(TransportError),
    /// An error that needs no conversion.
    Ours(Error),
}

/// Finds the engine that the configuration names, or the first one that answers.
pub(crate) async fn connect(config: &Config) -> Result<Engine> {
    let located = discover::locate(config, probe).await?;
    let gateway = host::container_gateway();
    let host = host::reachable_host(config, &located.endpoint, gateway);
    let shares_networks = host::shares_networks(config, &located.endpoint, gateway);
    tracing::info!(host = %host.host, source = %host.source, "published ports are reachable at this host");
    let socket = host::sidecar_socket(config, &located.endpoint);
    tracing::info!(socket = %socket.value.display(), source = %socket.source, "sidecars reach the engine by this socket");
    Engine::new(located, host, shares_networks, socket, config)
}

/// Requests the version of the engine at an endpoint.
fn probe(endpoint: &Endpoint) -> BoxFuture<'static, Result<EngineVersion>> {
    let transport = Transport::new(endpoint.clone());
    let operation = Operation {
        phase: "request its version",
        subject: format!("engine at `{endpoint}`"),
        deadline: PROBE_TIMEOUT,
    };
    Box::pin(background().run(async move {
        let answer = within(operation, async { Ok(transport.get("/version").await?) }).await?;
        EngineVersion::parse(&answer)
    }))
}

impl Engine {
    fn new(
        located: Located,
        host: HostAddress,
        shares_networks: bool,
        sidecar_socket: Setting<PathBuf>,
        config: &Config,
    ) -> Result<Self> {
        let transport = Transport::new(located.endpoint.clone());
        let (major_version, minor_version) = located.version.api;
        let api = ClientVersion { major_version: major_version.into(), minor_version: minor_version.into() };
        // Bollard's own timeout covers only the response's head. The calls here have time limits of their own.
        let docker = Docker::connect_with_custom_transport(
            transport.for_bollard(),
            Some("http://localhost"),
            24 * 60 * 60,
            &api,
        )
        .map_err(|error| Error::invalid("the engine's client could not be created").with_source(error))?;
        Ok(Self(Arc::new(Inner {
            docker,
            transport,
            located,
            host,
            shares_networks,
            sidecar_socket,
            width: Arc::new(Semaphore::new(config.parallelism.value.get())),
            host_turns: config.host_parallelism.as_ref().map(|count| HostTurns::new(count.value)),
            request_timeout: config.request_timeout.value,
            start_budget: patience::start_budget(config.request_timeout.value, config.startup_timeout.value),
            refuses_privileges: AtomicBool::new(false),
            feed: Feed::default(),
        })))
    }

    /// Finds the engine that the environment names, or the first one that answers. No session is needed.
    ///
    /// # Errors
    /// - Invalid: a variable or the properties file contains a malformed value.
    /// - Engine unreachable: no engine answers. The message lists every candidate with the reason.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn find() -> Result<Self> {
        connect(&Config::from_env()?).await
    }

    /// Connects to the engine at an address in the format of `DOCKER_HOST`, for example `unix:///run/docker.sock`.
    ///
    /// # Errors
    /// Those of [`find`](Self::find).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn at(host: &str) -> Result<Self> {
        let mut config = Config::from_env()?;
        config.name_engine(host, "the caller")?;
        connect(&config).await
    }

    /// Returns the engine's address with its source, and the candidates that did not answer.
    #[must_use]
    pub fn located(&self) -> &Located {
        &self.0.located
    }

    /// Returns the engine's version and kind.
    #[must_use]
    pub fn version(&self) -> &EngineVersion {
        &self.0.located.version
    }

    /// Returns the host at which published ports are reachable from here, with the source of this value.
    #[must_use]
    pub fn host(&self) -> &HostAddress {
        &self.0.host
    }

    /// Returns `true` if the engine is on this machine, so that its disks and networks are this machine's: its address is
    /// local, and no variable, as `SEATRIAL_HOST`, says that ports are published on another machine.
    ///
    /// The address of a forwarded socket is local, too. So `SEATRIAL_HOST` has to name the machine behind it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0.shares_networks
    }

    /// Returns the path of the engine's socket on the engine's machine, to mount into a container that uses the engine.
    #[must_use]
    pub fn sidecar_socket(&self) -> &Path {
        &self.0.sidecar_socket.value
    }

    pub(super) fn docker(&self) -> Docker {
        self.0.docker.clone()
    }

    pub(super) fn transport(&self) -> Transport {
        self.0.transport.clone()
    }

    /// Creates the description of a call with the default time limit.
    pub(super) fn operation(&self, phase: &'static str, subject: impl Into<String>) -> Operation {
        Operation { phase, subject: subject.into(), deadline: self.0.request_timeout }
    }

    /// Runs a call that is aborted if the returned handle is dropped.
    pub(super) fn call<T: Send + 'static>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Run<Result<T>> {
        background().run(within(operation, call))
    }

    /// Runs a call to its end even if the returned handle is dropped. Counts against the limit of concurrent calls.
    pub(super) fn call_in_turn<T: Send + 'static>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Run<Result<T>> {
        let width = self.0.width.clone();
        background().carry_through(async move {
            let _turn = width.acquire_owned().await.expect("the semaphore is never closed");
            within(operation, call).await
        })
    }

    /// Runs a start like [`call_in_turn`](Self::call_in_turn). Counts against the limit on this machine, too, if there
    /// is one.
    pub(super) fn call_in_host_turn<T: Send + 'static>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Run<Result<T>> {
        let Some(turns) = self.0.host_turns.clone() else { return self.call_in_turn(operation, call) };
        let engine = self.clone();
        background().carry_through(async move {
            // Taken before the turn in this process, which removals need as well and should not wait for as long.
            let _turn = turns.take().await;
            engine.call_in_turn(operation, call).await
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("located", &self.0.located).finish_non_exhaustive()
    }
}

/// Runs a call with its time limit, and adds the operation to its error.
async fn within<T>(operation: Operation, call: impl Future<Output = Result<T, CallError>>) -> Result<T> {
    let began = Instant::now();
    match crate::base::timeout(operation.deadline, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(ours(error)
            .with_subject(operation.subject)
            .with_phase(operation.phase)
            .with_elapsed(began.elapsed())),
        Err(_) => Err(hung(&operation)),
    }
}

/// Creates the error for a request that the engine did not answer in time.
pub(super) fn hung(operation: &Operation) -> Error {
    Error::new(Kind::Timeout, format!("the engine did not answer within {}", seconds(operation.deadline)))
        .with_subject(operation.subject.clone())
        .with_phase(operation.phase)
        .with_hint(
            "if `docker network ls` hangs too, the engine itself hangs, even if it still answers pings: restart it; \
             if it is only slow, raise SEATRIAL_REQUEST_TIMEOUT",
        )
}

fn ours(error: CallError) -> Error {
    use bollard::errors::Error as Theirs;
    match error {
        CallError::Ours(error) => error,
        CallError::Bollard(Theirs::DockerResponseServerError { status_code, message }) => {
            answered(status_code, message)
        }
        CallError::Bollard(Theirs::IOError { err }) => unreachable_engine(err),
        CallError::Bollard(Theirs::HyperResponseError { err }) => broken(err),
        CallError::Bollard(other) => {
            Error::new(Kind::Protocol, "the engine's answer is malformed").with_source(other)
        }
        CallError::Transport(TransportError::Connect(error)) => unreachable_engine(error),
        CallError::Transport(TransportError::Http(error)) => broken(error),
        CallError::Transport(TransportError::Status { status, message }) => answered(status, message),
        CallError::Transport(TransportError::Json(error)) => {
            Error::new(Kind::Protocol, "the engine's answer is not the expected JSON").with_source(error)
        }
    }
}

fn unreachable_engine(error: std::io::Error) -> Error {
    Error::new(Kind::Unreachable, format!("no connection to the engine ({error})")).with_source(error)
}

fn broken(error: hyper::Error) -> Error {
    let message = if error.is_parse() {
        "the engine's answer is not HTTP"
    } else {
        "the engine broke the connection off before its answer was complete"
    };
    Error::new(Kind::Protocol, message).with_source(error)
}

/// Converts an error that the engine answered. Its status determines the kind.
fn answered(status: u16, message: String) -> Error {
    let taken = message.contains("port is already allocated") || message.contains("address already in use");
    let kind = match status {
        400 => Kind::Invalid,
        401 | 403 => Kind::Denied,
        404 => Kind::NotFound,
        409 => Kind::Conflict,
        _ if taken => Kind::Conflict,
        _ => Kind::Engine,
    };
    let message = if message.is_empty() { format!("the engine answered {status}") } else { message };
    Error::new(kind, message).with_status(status)
}

impl From<bollard::errors::Error> for CallError {
    fn from(error: bollard::errors::Error) -> Self {
        Self::Bollard(error)
    }
}

impl From<TransportError> for CallError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}
