//! What is asked for: a container described as a value, built step by step, checked when it is started.

mod basics;
mod compare;
mod for_cases;
mod health;
mod lower;
mod networking;
mod resources;
mod security;
mod storage;
mod supervision;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig};

pub use basics::RestartPolicy;
pub(in crate::container) use for_cases::ForCases;
pub use health::HealthCheck;
pub(super) use lower::{Context, Lowered, endpoint, lower};
pub(super) use networking::{Attachment, Publish};
pub(super) use storage::FilesMount;

use super::StartProgress;
use super::command::ProgramVolume;
use crate::archive::CopyIn;
use crate::config::{Keep, PullPolicy};
use crate::image::Credentials;
use crate::life::{Profiler, Restarts};
use crate::output::Consumer;
use crate::session::Session;
use crate::wait::WaitFor;

/// A container that is wanted: image, options, files to copy in, what to wait for.
///
/// A request is a value. Cloning it is cheap enough for a loop, and starting it twice, or from two tasks at once,
/// never lets one start see what another changed. Nothing is checked, read or asked of an engine before
/// [`start`](Self::start) or [`run`](Self::run).
///
/// ```no_run
/// use seatrial::{ContainerRequest, WaitFor};
///
/// # async fn example() -> seatrial::Result<()> {
/// let redis = ContainerRequest::new("redis:7")
///     .port(6379)
///     .wait_for(WaitFor::log("Ready to accept connections"))
///     .start()
///     .await?;
/// println!("redis://{}", redis.addr(6379)?);
/// # Ok(())
/// # }
/// ```
///
/// # Options by topic
///
/// - What runs: [`cmd`](Self::cmd), [`entrypoint`](Self::entrypoint), [`for_cases`](Self::for_cases),
///   [`env`](Self::env), [`user`](Self::user), [`working_dir`](Self::working_dir), [`name`](Self::name),
///   [`label`](Self::label), [`runtime`](Self::runtime).
/// - When it is ready: [`wait_for`](Self::wait_for), [`startup_timeout`](Self::startup_timeout),
///   [`health_check`](Self::health_check).
/// - Where it is reached: [`port`](Self::port), [`publish_on`](Self::publish_on), [`fixed`](Self::fixed).
/// - Networks: [`network`](Self::network), [`network_with_aliases`](Self::network_with_aliases),
///   [`network_mode`](Self::network_mode), [`extra_host`](Self::extra_host).
/// - Files: [`copy_in`](Self::copy_in), [`mount_files`](Self::mount_files), [`volume`](Self::volume),
///   [`bind`](Self::bind), [`tmpfs`](Self::tmpfs), [`read_only_root`](Self::read_only_root).
/// - Limits and rights: [`memory`](Self::memory), [`milli_cpus`](Self::milli_cpus), [`pids_limit`](Self::pids_limit),
///   [`cap_add`](Self::cap_add), [`cap_drop`](Self::cap_drop), [`privileged`](Self::privileged).
/// - The image: [`pull`](Self::pull), [`credentials`](Self::credentials), [`platform`](Self::platform).
/// - Watching over it: [`start_monitored`](Self::start_monitored), [`restart_when`](Self::restart_when),
///   [`profile_with`](Self::profile_with).
/// - Output and end: [`on_log`](Self::on_log), [`log_driver`](Self::log_driver), [`stop_signal`](Self::stop_signal),
///   [`keep`](Self::keep).
/// - All else: [`modify_body`](Self::modify_body), [`modify_host_config`](Self::modify_host_config).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is started"]
pub struct ContainerRequest {
    pub(crate) image: String,
    pub(crate) name: Option<String>,
    pub(super) platform: Option<String>,
    pub(super) runtime: Runtime,
    pub(super) runtime_suffix: Option<String>,
    /// What goes into the engine's create body as it is; ports, networks, labels and defaults join it when it is lowered.
    pub(super) body: ContainerCreateBody,
    pub(super) host: HostConfig,
    pub(super) published: Vec<Publish>,
    pub(super) networks: Vec<Attachment>,
    pub(super) copies: Vec<CopyIn>,
    pub(super) files: Vec<FilesMount>,
    pub(super) wait: WaitFor,
    pub(super) startup_timeout: Option<Duration>,
    pub(super) pull: Option<PullPolicy>,
    pub(super) credentials: Option<Credentials>,
    pub(super) keep: Option<Keep>,
    pub(super) output_limit: usize,
    pub(super) consumers: Vec<Consumer>,
    pub(super) session: Option<Session>,
    /// Whether it exists for its cases.
    pub(super) for_cases: Option<ForCases>,
    /// The volume of our program among its mounts.
    program: Option<Arc<ProgramVolume>>,
    pub(crate) restarts: Restarts,
    pub(crate) profiler: Profiler,
    /// Whom a start tells how far it is.
    pub(crate) reporter: Option<Arc<dyn StartProgress>>,
    pub(super) modify_body: Option<Modifier<ContainerCreateBody>>,
    pub(super) modify_host: Option<Modifier<HostConfig>>,
}

/// Which runtime below the engine is asked for.
#[derive(Clone, Debug, Default)]
pub(super) enum Runtime {
    /// The process's, or the engine's default.
    #[default]
    Default,
    /// The engine's native one, whatever the process says.
    Native,
    Named(String),
}

/// A change to what the engine is sent, made last.
pub(super) struct Modifier<T>(Arc<dyn Fn(&mut T) + Send + Sync>);

impl<T> Modifier<T> {
    pub(super) fn apply(&self, value: &mut T) {
        (self.0)(value);
    }
}

impl<T> Clone for Modifier<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Modifier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Modifier")
    }
}

impl ContainerRequest {
    /// A container of this image, with the image's own command, nothing published, and nothing waited for.
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            name: None,
            platform: None,
            runtime: Runtime::Default,
            runtime_suffix: None,
            body: ContainerCreateBody::default(),
            host: HostConfig::default(),
            published: Vec::new(),
            networks: Vec::new(),
            copies: Vec::new(),
            files: Vec::new(),
            wait: WaitFor::nothing(),
            startup_timeout: None,
            pull: None,
            credentials: None,
            keep: None,
            output_limit: 16 << 20,
            consumers: Vec::new(),
            session: None,
            for_cases: None,
            program: None,
            restarts: Restarts::default(),
            profiler: Profiler::default(),
            reporter: None,
            modify_body: None,
            modify_host: None,
        }
    }

    pub(crate) fn name_wanted(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn session_wanted(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    pub(crate) fn wait_wanted(&self) -> &WaitFor {
        &self.wait
    }

    pub(crate) fn startup_wanted(&self) -> Option<Duration> {
        self.startup_timeout
    }

    /// How long a container of it, which is there already, may take to become ready.
    pub(crate) fn startup_limit(&self, container: &crate::TestContainer) -> Duration {
        self.startup_timeout.unwrap_or(container.session().config().startup_timeout.value)
    }

    /// What [`start`](Self::start) waits for before it returns. Default: [`WaitFor::nothing`].
    ///
    /// To wait for several things, name them with [`WaitFor::all`] or [`WaitFor::any`]; a second call replaces the first.
    pub fn wait_for(mut self, wait: impl Into<WaitFor>) -> Self {
        self.wait = wait.into();
        self
    }

    /// How long a start may take from the moment that the container runs until it is ready; for
    /// [`run`](Self::run), until it ends. Default: `SEATRIAL_STARTUP_TIMEOUT`, else 60 s.
    pub fn startup_timeout(mut self, timeout: Duration) -> Self {
        self.startup_timeout = Some(timeout);
        self
    }

    /// When the image is pulled. Default: `SEATRIAL_PULL`, else when it is missing.
    pub fn pull(mut self, policy: PullPolicy) -> Self {
        self.pull = Some(policy);
        self
    }

    /// Who pulls the image. Default: what the docker configuration says of its registry.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Whether the container stays when its handle is dropped. Default: `SEATRIAL_KEEP`, else never.
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    /// How many bytes of each stream [`run`](Self::run) keeps; the rest is read and thrown away. Default: 16 MiB.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    /// The session that the container belongs to. Default: the process's, [`Session::current`].
    pub fn session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Copies something into the container before it starts. Default: nothing.
    ///
    /// All that one request copies goes in one archive.
    pub fn copy_in(mut self, source: CopyIn) -> Self {
        self.copies.push(source);
        self
    }

    /// Calls a function with every line that the container prints, on a thread of its own. Default: nobody listens.
    ///
    /// A slow function never holds the container back: it reads the engine's log, and comes behind.
    pub fn on_log(mut self, consumer: impl Fn(crate::LogLine) + Send + Sync + 'static) -> Self {
        self.consumers.push(Consumer::new(consumer));
        self
    }

    /// Changes the engine's create body, after everything else: what it sets stays.
    ///
    /// For options that have no setter. A second call runs after the first. The body is that of the
    /// [`bollard`](https://crates.io/crates/bollard) client; a change of its fields needs no dependency on it.
    ///
    /// ```
    /// # use seatrial::ContainerRequest;
    /// let request = ContainerRequest::new("redis:7").modify_body(|body| body.domainname = Some("test".into()));
    /// ```
    pub fn modify_body(mut self, modify: impl Fn(&mut ContainerCreateBody) + Send + Sync + 'static) -> Self {
        self.modify_body = Some(chain(self.modify_body.take(), modify));
        self
    }

    /// Changes the engine's host configuration, before [`modify_body`](Self::modify_body) and after everything else: what
    /// it sets stays.
    ///
    /// For options that have no setter. A second call runs after the first.
    pub fn modify_host_config(mut self, modify: impl Fn(&mut HostConfig) + Send + Sync + 'static) -> Self {
        self.modify_host = Some(chain(self.modify_host.take(), modify));
        self
    }
}

fn chain<T: 'static>(
    first: Option<Modifier<T>>,
    then: impl Fn(&mut T) + Send + Sync + 'static,
) -> Modifier<T> {
    match first {
        None => Modifier(Arc::new(then)),
        Some(first) => Modifier(Arc::new(move |value| {
            first.apply(value);
            then(value);
        })),
    }
}

/// Texts as the engine wants a list of them.
fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}
