//! The engine's handle: deadlines, the bound on what is in flight, and how an engine's error becomes ours.

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
use super::transport::{Transport, TransportError};
use super::version::EngineVersion;
use crate::base::{Run, background};
use crate::config::{Config, Endpoint, Setting};
use crate::words::{Error, Kind, Result, seconds};

/// How long an engine may take to say who it is, when it is looked for.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to a container engine; cheap to clone.
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) docker: Docker,
    pub(super) transport: Transport,
    pub(super) located: Located,
    pub(super) host: HostAddress,
    pub(super) sidecar_socket: Setting<PathBuf>,
    /// Starts and removals under way: an engine that is given too many at once gets slower, and can wedge.
    pub(super) width: Arc<Semaphore>,
    /// Starts under way on this machine, if they are bounded.
    pub(super) host_turns: Option<HostTurns>,
    pub(super) request_timeout: Duration,
    /// Whether it was seen that a command can't be given all privileges here. Written and read by who ends commands.
    pub(super) refuses_privileges: AtomicBool,
    /// The one subscription to the engine's events, while somebody listens.
    pub(super) feed: Feed,
}

/// What a call is about: for its error, and its deadline.
#[derive(Clone, Debug)]
pub(crate) struct What {
    /// What is done, as it fits after "failed to".
    pub(crate) phase: &'static str,
    /// To which thing, as in "container `db`".
    pub(crate) subject: String,
    /// How long it may take.
    pub(crate) deadline: Duration,
}

/// An error of either way to the engine.
#[derive(Debug)]
pub(super) enum CallError {
    Bollard(bollard::errors::Error),
    Transport(TransportError),
    /// An error that is finished already.
    Ours(Error),
}

/// Finds the engine that the configuration names, or the first that answers.
pub(crate) async fn connect(config: &Config) -> Result<Engine> {
    let located = discover::locate(config, probe).await?;
    let host = host::reachable_host(config, &located.endpoint, host::container_gateway());
    tracing::info!(host = %host.host, source = %host.source, "published ports are reachable there");
    let socket = host::sidecar_socket(config, &located.endpoint);
    tracing::info!(socket = %socket.value.display(), source = %socket.source, "a sidecar finds the engine there");
    Engine::new(located, host, socket, config)
}

/// Asks an endpoint who it is.
fn probe(endpoint: &Endpoint) -> BoxFuture<'static, Result<EngineVersion>> {
    let transport = Transport::new(endpoint.clone());
    let what = What {
        phase: "ask for its version",
        subject: format!("engine at `{endpoint}`"),
        deadline: PROBE_TIMEOUT,
    };
    Box::pin(background().run(async move {
        let answer = within(what, async { Ok(transport.get("/version").await?) }).await?;
        EngineVersion::parse(&answer)
    }))
}

impl Engine {
    fn new(
        located: Located,
        host: HostAddress,
        sidecar_socket: Setting<PathBuf>,
        config: &Config,
    ) -> Result<Self> {
        let transport = Transport::new(located.endpoint.clone());
        let (major_version, minor_version) = located.version.api;
        let api = ClientVersion { major_version: major_version.into(), minor_version: minor_version.into() };
        // Bollard's own timeout covers the head of a response only; the calls here have their own.
        let docker = Docker::connect_with_custom_transport(
            transport.for_bollard(),
            Some("http://localhost"),
            24 * 60 * 60,
            &api,
        )
        .map_err(|error| Error::invalid("the engine's client could not be made").with_source(error))?;
        Ok(Self(Arc::new(Inner {
            docker,
            transport,
            located,
            host,
            sidecar_socket,
            width: Arc::new(Semaphore::new(config.parallelism.value.get())),
            host_turns: config.host_parallelism.as_ref().map(|count| HostTurns::new(count.value)),
            request_timeout: config.request_timeout.value,
            refuses_privileges: AtomicBool::new(false),
            feed: Feed::default(),
        })))
    }

    /// Finds the engine that the environment names, or the first that answers, without a session.
    ///
    /// # Errors
    /// Invalid, if a variable or the properties file holds something that can't be used; engine unreachable, with
    /// every candidate and its reason, if no engine answers.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn find() -> Result<Self> {
        connect(&Config::from_env()?).await
    }

    /// The engine at an address as `DOCKER_HOST` has it, `unix:///run/docker.sock` for example.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn at(host: &str) -> Result<Self> {
        let mut config = Config::from_env()?;
        config.name_engine(host, "the caller")?;
        connect(&config).await
    }

    /// Where the engine is, who said so, and which others did not answer.
    #[must_use]
    pub fn located(&self) -> &Located {
        &self.0.located
    }

    /// The engine's version and kind.
    #[must_use]
    pub fn version(&self) -> &EngineVersion {
        &self.0.located.version
    }

    /// The address at which published ports are reached from here, and who said so.
    #[must_use]
    pub fn host(&self) -> &HostAddress {
        &self.0.host
    }

    /// The path of the engine's socket on the engine's machine, for a container that is to speak to it.
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

    /// A call with the usual deadline.
    pub(super) fn what(&self, phase: &'static str, subject: impl Into<String>) -> What {
        What { phase, subject: subject.into(), deadline: self.0.request_timeout }
    }

    /// Runs a call that leaves nothing behind when it is dropped.
    pub(super) fn call<T: Send + 'static>(
        &self,
        what: What,
        call: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Run<Result<T>> {
        background().run(within(what, call))
    }

    /// Runs a call that must be carried to its end even if the caller is gone, as one of at most so many.
    pub(super) fn call_in_turn<T: Send + 'static>(
        &self,
        what: What,
        call: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Run<Result<T>> {
        let width = self.0.width.clone();
        background().carry_through(async move {
            let _turn = width.acquire_owned().await.expect("the semaphore is never closed");
            within(what, call).await
        })
    }

    /// The same for a start, as one of at most so many on this machine, too, if these are bounded.
    pub(super) fn call_in_host_turn<T: Send + 'static>(
        &self,
        what: What,
        call: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Run<Result<T>> {
        let Some(turns) = self.0.host_turns.clone() else { return self.call_in_turn(what, call) };
        let engine = self.clone();
        background().carry_through(async move {
            // Before the turn in this process, which removals take as well and must not wait so long for.
            let _turn = turns.take().await;
            engine.call_in_turn(what, call).await
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("located", &self.0.located).finish_non_exhaustive()
    }
}

/// Runs a call up to its deadline, and dresses its error.
async fn within<T>(what: What, call: impl Future<Output = Result<T, CallError>>) -> Result<T> {
    let began = Instant::now();
    match tokio::time::timeout(what.deadline, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            Err(ours(error).with_subject(what.subject).with_phase(what.phase).with_elapsed(began.elapsed()))
        }
        Err(_) => Err(hung(&what)),
    }
}

/// The error of a request that the engine did not answer in time.
pub(super) fn hung(what: &What) -> Error {
    Error::new(Kind::Timeout, format!("the engine did not answer within {}", seconds(what.deadline)))
        .with_subject(what.subject.clone())
        .with_phase(what.phase)
        .with_hint(
            "an engine whose ping still answers can be wedged: if `docker network ls` hangs too, restart the engine; \
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
            Error::new(Kind::Protocol, "the engine's answer was not understood").with_source(other)
        }
        CallError::Transport(TransportError::Connect(error)) => unreachable_engine(error),
        CallError::Transport(TransportError::Http(error)) => broken(error),
        CallError::Transport(TransportError::Status { status, message }) => answered(status, message),
        CallError::Transport(TransportError::Json(error)) => {
            Error::new(Kind::Protocol, "the engine's answer is not the JSON that it should be")
                .with_source(error)
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

/// The engine's own error answer: its status tells the kind.
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
