//! The handle that owns a started container.

use std::sync::{Arc, Mutex, MutexGuard};

use super::Commands;
use super::rebinding::Rebinding;
use super::start::{Created, FailedWait};
use crate::config::Keep;
use crate::container::Subject;
use crate::engine::{ContainerInfo, Ports};
use crate::life::{Renewal, Restarts, Supervisor};
use crate::output::{LogMatch, Logs, Tap};
use crate::session::{Owned, Remover, Session};
use crate::wait::{Preparation, WaitFor, wait_ready};
use crate::words::{ContainerId, Result};

/// A running container that belongs to a test. Dropping the handle removes the container and its anonymous volumes.
///
/// The drop hands the removal to a background thread and returns at once, within any runtime or none, and during a
/// panic. Removals that are still queued when the process exits normally are performed then. [`remove`](Self::remove)
/// reports the result of the removal, and [`keep`](Self::keep) prevents it.
///
/// The handle can be moved to other threads and shared between tasks, for example in an `Arc`: all methods except
/// `remove` and `keep` take `&self`.
///
/// ```no_run
/// # async fn example(redis: seatrial::TestContainer) -> seatrial::Result<()> {
/// let url = format!("redis://{}/", redis.addr(6379)?); // redis://127.0.0.1:49153/
/// let output = redis.exec(["redis-cli", "DBSIZE"]).await?;
/// assert_eq!(output.stdout_text(), "0\n");
/// println!("{redis}, {}", redis.state().await?); // container `my-test-k3v9x2ab`, Up 2 seconds
/// redis.remove().await
/// # }
/// ```
#[must_use = "dropping this removes the container"]
pub struct TestContainer {
    owned: Owned,
    subject: Subject,
    session: Session,
    image: String,
    /// Written by each start and stop of the container and read by lookups. It is a lock of std, since none is held
    /// across an await.
    ports: Arc<Mutex<Ports>>,
    /// Looks the ports up again when the engine restarts the container by itself. It ends with the handle.
    rebinding: Option<Rebinding>,
    /// Written by waits and read by the user.
    matches: Mutex<Vec<LogMatch>>,
    /// Restarts the container if its request asks for that. It ends with the handle.
    supervisor: Option<Supervisor>,
    span: tracing::Span,
}

impl TestContainer {
    pub(super) fn new(created: Created, info: &ContainerInfo) -> Self {
        let ports = Arc::new(Mutex::new(Ports::of(info)));
        let target = &created.subject.target;
        let rebinding =
            (!info.restart_policy.is_empty()).then(|| Rebinding::begin(target.clone(), ports.clone()));
        Self {
            owned: created.owned,
            subject: created.subject,
            session: created.session,
            image: created.image.as_given().to_owned(),
            ports,
            rebinding,
            matches: Mutex::default(),
            supervisor: None,
            span: created.span,
        }
    }

    /// Returns the full id.
    #[must_use]
    pub fn id(&self) -> &ContainerId {
        &self.subject.id
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.subject.name
    }

    /// Returns the image, as given in the request.
    #[must_use]
    pub fn image(&self) -> &str {
        &self.image
    }

    /// Returns the session that the container belongs to.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns a view of its log, to be read as a whole, in part, or as a stream.
    pub fn logs(&self) -> Logs {
        Logs::new(self.subject.target.clone())
    }

    /// Returns the matches of all log waits so far, in their order, with the captures of regular expressions.
    #[must_use]
    pub fn log_matches(&self) -> Vec<LogMatch> {
        lock(&self.matches).clone()
    }

    /// Returns `true` if a command that was to be killed, because of its time limit or because it was dropped, could
    /// not be killed and may still run. A restart of the container resets this.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poison().is_some()
    }

    /// Returns the first reason why it is [poisoned](Self::is_poisoned), or `None` if it is not.
    #[must_use]
    pub fn poison(&self) -> Option<String> {
        self.subject.commands.poisoned()
    }

    /// Returns the error of the last failed call of its [profile hook](crate::ContainerRequest::profile_with).
    #[must_use]
    pub fn profile_error(&self) -> Option<String> {
        self.subject.course.plan().profile_trouble
    }

    /// Returns the shared state of its commands.
    pub(crate) fn commands(&self) -> &Arc<Commands> {
        &self.subject.commands
    }

    /// Waits for a further condition, for at most the session's startup timeout.
    ///
    /// A log wait scans all output of this run, unless [`from_now`](crate::wait::LogWait::from_now) is set.
    ///
    /// # Errors
    /// - Invalid: the condition is malformed.
    /// - Not ready or exited: the condition was not met, with a report about the container.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait. The container continues to run.
    pub async fn wait(&self, wait: impl Into<WaitFor>) -> Result<()> {
        self.wait_timeout(wait, self.session.config().startup_timeout.value).await
    }

    /// Waits for a further condition like [`wait`](Self::wait), for at most `timeout`.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// Like [`wait`](Self::wait).
    pub async fn wait_timeout(&self, wait: impl Into<WaitFor>, timeout: std::time::Duration) -> Result<()> {
        let wait = wait.into();
        wait.0.check().map_err(|error| error.with_subject(self.to_string()))?;
        let mut prepared = Preparation::after_start(&wait, &self.subject).await?;
        let began = std::time::Instant::now();
        match wait_ready(self, &mut prepared, timeout, &self.matches).await {
            Ok(()) => Ok(()),
            Err(unmet) => {
                let elapsed = began.elapsed();
                let tails = prepared.tap.as_ref().map(Tap::tails);
                let report = super::failure::report(self, &prepared.root, tails).await;
                let advice = prepared.root.advice().unwrap_or_else(|| "give it more time".to_owned());
                let failed = FailedWait { unmet, elapsed, advice };
                // A failure here need not fail the test, so only `Keep::Always` keeps the container.
                Err(failed.into_error(self, report, Keep::Always))
            }
        }
    }

    /// Removes the container with its anonymous volumes, and waits for the removal. A container that is gone already is
    /// a success. The functions given to [`on_log`](crate::ContainerRequest::on_log) have heard every line by then.
    ///
    /// # Errors
    /// Leftover, if the container still exists after many attempts; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the removal continues.
    pub async fn remove(self) -> Result<()> {
        self.owned.remove().await
    }

    /// Releases the container, which continues to exist, and prints on stderr how to inspect and remove it.
    ///
    /// A reaper of the session, if there is one, removes it after the run. It is kept permanently only if the request's
    /// [`keep`](crate::ContainerRequest::keep) or `SEATRIAL_KEEP` is `always` or `on-failure`.
    pub fn keep(self) -> ContainerId {
        self.owned.keep();
        self.subject.target.id
    }

    /// Returns `true` if the container is kept after a failure that the mode `keep` covers.
    pub(super) fn is_kept(&self, keep: Keep) -> bool {
        self.owned.keep_mode() == Keep::Always || self.owned.keep_mode() == keep
    }

    /// Describes how to inspect the container after a failure that the mode `keep` covers.
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

    /// Releases a container whose start failed, which removes it or keeps it.
    pub(super) fn give_up_failed(self) {
        self.owned.give_up_failed();
    }

    /// Returns a handle to remove the container, independently of its owner.
    pub(crate) fn remover(&self) -> Remover {
        self.owned.remover()
    }

    /// Returns `true` if the container is kept when a panic drops it.
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

    /// Returns the ports and addresses of its current run.
    pub(super) fn ports(&self) -> MutexGuard<'_, Ports> {
        lock(&self.ports)
    }

    /// Restarts the container from now on, if the request asks for that.
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

    /// Updates the data that change with a new run, since the engine may have chosen new ports.
    pub(crate) fn refresh(&self, info: &ContainerInfo) {
        lock(&self.ports).renew(info);
    }
}

/// The data of a handle that change with a new run.
struct Renewed {
    commands: Arc<Commands>,
    ports: Arc<Mutex<Ports>>,
}

impl Renewal for Renewed {
    fn started(&self) {
        self.commands.cure();
    }

    fn ended(&self) {
        lock(&self.ports).end();
    }

    fn looked(&self, info: &ContainerInfo) {
        lock(&self.ports).renew(info);
    }
}

/// Prints name, image, id and ports, as far as the handle knows them without a request to the engine.
impl std::fmt::Debug for TestContainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ports = self.port_lines();
        f.debug_struct("TestContainer")
            .field("name", &self.name())
            .field("image", &self.image)
            .field("id", &format_args!("{}", self.subject.id))
            .field("ports", &ports)
            .field("follows_restarts", &self.rebinding.is_some())
            .finish()
    }
}

impl std::fmt::Display for TestContainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "container `{}`", self.subject.name)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section leaves the value consistent, so a poisoned lock can be used.
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
