//! A request and its general setters. Setters by topic are in the other files of this folder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig};

use super::{Attachment, FilesMount, ForCases, Publish};
use crate::archive::{CopyIn, Links};
use crate::config::{Keep, PullPolicy};
use crate::container::StartProgress;
use crate::container::command::ProgramVolume;
use crate::image::Credentials;
use crate::life::{Profiler, Restarts};
use crate::output::Consumer;
use crate::session::Session;
use crate::wait::WaitFor;
use crate::words::{Error, LogLine};

/// A request for a container: image, options, files to copy in, and the wait condition.
///
/// A request is a value. Cloning it is cheap, and it can be started several times, also concurrently, without one start
/// affecting another. Nothing is validated, read or requested before [`start`](Self::start) or [`run`](Self::run).
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
/// - Main process: [`cmd`](Self::cmd), [`entrypoint`](Self::entrypoint), [`for_cases`](Self::for_cases),
///   [`env`](Self::env), [`user`](Self::user), [`working_dir`](Self::working_dir), [`name`](Self::name),
///   [`label`](Self::label), [`runtime`](Self::runtime).
/// - Readiness: [`wait_for`](Self::wait_for), [`startup_timeout`](Self::startup_timeout),
///   [`health_check`](Self::health_check).
/// - Ports: [`port`](Self::port), [`publish_on`](Self::publish_on), [`fixed`](Self::fixed).
/// - Networks: [`network`](Self::network), [`network_with_aliases`](Self::network_with_aliases),
///   [`network_mode`](Self::network_mode), [`extra_host`](Self::extra_host).
/// - Files: [`copy_in`](Self::copy_in), [`mount_files`](Self::mount_files), [`volume`](Self::volume),
///   [`bind`](Self::bind), [`tmpfs`](Self::tmpfs), [`read_only_root`](Self::read_only_root).
/// - Limits and privileges: [`memory`](Self::memory), [`milli_cpus`](Self::milli_cpus),
///   [`pids_limit`](Self::pids_limit), [`cap_add`](Self::cap_add), [`cap_drop`](Self::cap_drop),
///   [`privileged`](Self::privileged).
/// - Image: [`pull`](Self::pull), [`credentials`](Self::credentials), [`platform`](Self::platform).
/// - Supervision: [`start_monitored`](Self::start_monitored), [`restart_when`](Self::restart_when),
///   [`profile_with`](Self::profile_with).
/// - Output and end: [`on_log`](Self::on_log), [`log_driver`](Self::log_driver), [`stop_signal`](Self::stop_signal),
///   [`keep`](Self::keep).
/// - Anything else: [`modify_body`](Self::modify_body), [`modify_host_config`](Self::modify_host_config).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is started"]
pub struct ContainerRequest {
    pub(crate) image: String,
    pub(crate) name: Option<String>,
    pub(in crate::container) platform: Option<String>,
    pub(in crate::container) runtime: Runtime,
    pub(in crate::container) runtime_suffix: Option<String>,
    /// The part of the create body that is set directly. Ports, networks, labels and defaults are added by `lower`.
    pub(in crate::container) body: ContainerCreateBody,
    pub(in crate::container) host: HostConfig,
    pub(in crate::container) published: Vec<Publish>,
    pub(in crate::container) networks: Vec<Attachment>,
    /// The error of the first setter that was given a malformed value. It is returned by the start.
    pub(super) malformed: Option<Error>,
    pub(in crate::container) copies: Vec<CopyIn>,
    pub(in crate::container) files: Vec<FilesMount>,
    /// The treatment of links in the mounted files.
    pub(in crate::container) links: Links,
    pub(in crate::container) wait: WaitFor,
    pub(in crate::container) startup_timeout: Option<Duration>,
    pub(in crate::container) pull: Option<PullPolicy>,
    pub(in crate::container) credentials: Option<Credentials>,
    /// `true` if the container gets the proxies of Docker's configuration.
    pub(super) has_docker_proxies: bool,
    pub(in crate::container) keep: Option<Keep>,
    pub(in crate::container) output_limit: usize,
    pub(in crate::container) consumers: Vec<Consumer>,
    pub(in crate::container) session: Option<Session>,
    /// Set for a container that exists for its cases.
    pub(in crate::container) for_cases: Option<ForCases>,
    /// The program volume among the mounts.
    pub(super) program: Option<Arc<ProgramVolume>>,
    pub(crate) restarts: Restarts,
    pub(crate) profiler: Profiler,
    /// The receiver of the start's progress.
    pub(crate) reporter: Option<Arc<dyn StartProgress>>,
    pub(in crate::container) modify_body: Option<Modifier<ContainerCreateBody>>,
    pub(in crate::container) modify_host: Option<Modifier<HostConfig>>,
}

/// The choice of the OCI runtime.
#[derive(Clone, Debug, Default)]
pub(in crate::container) enum Runtime {
    /// The runtime set by `SEATRIAL_RUNTIME`, else the engine's default.
    #[default]
    Default,
    /// The engine's native runtime, regardless of `SEATRIAL_RUNTIME`.
    Native,
    Named(String),
}

/// A user function that changes the request body last.
pub(in crate::container) struct Modifier<T>(Arc<dyn Fn(&mut T) + Send + Sync>);

impl<T> Modifier<T> {
    pub(in crate::container) fn apply(&self, value: &mut T) {
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
    /// Creates a request for a container of this image. It runs the image's command, publishes no port and waits for
    /// nothing.
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
            malformed: None,
            copies: Vec::new(),
            files: Vec::new(),
            links: Links::Keep,
            wait: WaitFor::nothing(),
            startup_timeout: None,
            pull: None,
            credentials: None,
            has_docker_proxies: true,
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

    /// Returns the time limit for an existing container of this request to become ready.
    pub(crate) fn startup_limit(&self, container: &crate::TestContainer) -> Duration {
        self.startup_timeout.unwrap_or(container.session().config().startup_timeout.value)
    }

    /// Sets the condition that [`start`](Self::start) waits for before it returns. Default: [`WaitFor::nothing`].
    ///
    /// A second call replaces the first. [`WaitFor::all`] and [`WaitFor::any`] combine several conditions.
    pub fn wait_for(mut self, wait: impl Into<WaitFor>) -> Self {
        self.wait = wait.into();
        self
    }

    /// Sets the time limit from the start of the container until it is ready; for [`run`](Self::run), until it has
    /// ended. Default: `SEATRIAL_STARTUP_TIMEOUT`, else 60 s.
    pub fn startup_timeout(mut self, timeout: Duration) -> Self {
        self.startup_timeout = Some(timeout);
        self
    }

    /// Sets the condition for pulling the image. Default: `SEATRIAL_PULL`, else [`PullPolicy::Missing`].
    pub fn pull(mut self, policy: PullPolicy) -> Self {
        self.pull = Some(policy);
        self
    }

    /// Sets the credentials for pulling the image. Default: those in the Docker configuration.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sets whether the container is kept when its handle is dropped. Default: `SEATRIAL_KEEP`, else [`Keep::Never`].
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Sets the number of bytes that [`run`](Self::run) keeps of each output stream; the rest is discarded. Default: 16
    /// MiB.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    /// Sets the session that the container belongs to. Default: the process's session, [`Session::current`].
    pub fn session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Copies files into the container before it starts. Default: none.
    ///
    /// All files of one request are sent in one archive. Those for a tmpfs, `/dev`, `/proc` or `/sys`, which exist only once
    /// the container runs, are copied right after the start, before the wait counts.
    pub fn copy_in(mut self, source: CopyIn) -> Self {
        self.copies.push(source);
        self
    }

    /// Calls a function with every line that the container prints, on a dedicated thread. Default: none.
    ///
    /// A slow function falls behind but never blocks the container, since the lines are read from the engine's log.
    ///
    /// The function is called with every line that the container printed until its end or removal.
    /// [`remove`](crate::TestContainer::remove) and [`run`](Self::run) return after that, while a drop of the handle does
    /// not wait for it. A function that needs more than 8 s for the lines that remain at a removal, or more than 4 s for
    /// one of them, misses the rest, which is logged as a warning.
    pub fn on_log(mut self, consumer: impl Fn(LogLine) + Send + Sync + 'static) -> Self {
        self.consumers.push(Consumer::new(consumer));
        self
    }

    /// Changes the engine's create body after all other options, whose values it may overwrite.
    ///
    /// For options without a setter. Several functions run in the order of the calls. The type belongs to the
    /// [`bollard`](https://crates.io/crates/bollard) client; changing its fields needs no dependency on that crate.
    ///
    /// ```
    /// # use seatrial::ContainerRequest;
    /// let request = ContainerRequest::new("redis:7").modify_body(|body| body.domainname = Some("test".into()));
    /// ```
    pub fn modify_body(mut self, modify: impl Fn(&mut ContainerCreateBody) + Send + Sync + 'static) -> Self {
        self.modify_body = Some(chain(self.modify_body.take(), modify));
        self
    }

    /// Changes the engine's host configuration after all other options, and before [`modify_body`](Self::modify_body).
    ///
    /// For options without a setter. Several functions run in the order of the calls.
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

/// Converts a list of texts to the engine's form.
pub(super) fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}
