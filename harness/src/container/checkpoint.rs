//! Checkpoints: a container's processes and memory, saved and restored.

use std::future::IntoFuture;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::TestContainer;
use super::checkpoint_refusal::{explain, missing};
use crate::base::{Backoff, background, check_name};
use crate::container::Subject;
use crate::engine::Change;
use crate::life::Intent;
use crate::words::{Error, Kind, Result};

/// The time for which a restore is retried while another one of the same checkpoint is in progress.
const IN_THE_WAY: Duration = Duration::from_secs(10);

/// A checkpoint to be created: set options, then await it.
///
/// ```no_run
/// # async fn example(container: seatrial::TestContainer) -> seatrial::Result<()> {
/// container.checkpoint("loaded").keep_running().await?; // goes on
/// container.checkpoint("filled").await?; // ends
/// container.restore("filled").await // runs on from there
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a checkpoint is not created until it is awaited"]
pub struct Checkpoint<'a> {
    container: &'a TestContainer,
    place: Place,
    keep_running: bool,
}

/// A restore to be performed: set options, then await it.
#[derive(Debug)]
#[must_use = "nothing is restored until it is awaited"]
pub struct Restore<'a> {
    container: &'a TestContainer,
    place: Place,
}

/// A checkpoint's name and, unless it is in the engine's own directory, its directory on the engine's machine.
#[derive(Clone, Debug)]
struct Place {
    name: String,
    dir: Option<PathBuf>,
}

impl Place {
    fn check(&self) -> Result<()> {
        check_name(&self.name).map_err(|error| {
            let said = error.message().replacen("container name", "checkpoint name", 1);
            Error::new(error.kind(), said)
        })
    }

    fn dir(&self) -> Option<String> {
        self.dir.as_ref().map(|dir| dir.to_string_lossy().into_owned())
    }
}

impl TestContainer {
    /// Saves the container's processes and memory under a name, and stops the container, unless it is to [keep
    /// running](Checkpoint::keep_running). A checkpoint does not include files, which stay in the container as they
    /// are.
    ///
    /// Only Docker supports checkpoints, in its experimental mode. The [runtime](crate::ContainerRequest::runtime)
    /// determines which containers can be checkpointed: `runc` needs CRIU on the engine's machine, and gVisor's `runsc`
    /// needs a network namespace other than the host's. A container's checkpoints are removed with it.
    ///
    /// # Errors
    /// - Unsupported: the engine or the runtime lacks something; the error names it.
    /// - Conflict: the container does not run, or a checkpoint of this name exists.
    /// - Invalid: the name is malformed.
    /// - Not found: the container is gone.
    /// - Those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the engine may still create the checkpoint. A container that is to keep running does
    /// so.
    pub fn checkpoint(&self, name: impl Into<String>) -> Checkpoint<'_> {
        let place = Place { name: name.into(), dir: None };
        Checkpoint { container: self, place, keep_running: false }
    }

    /// Starts the ended container from a checkpoint, and looks its ports up again. Its processes resume where they
    /// were, and their output is appended to the log. A checkpoint can be restored any number of times.
    ///
    /// # Errors
    /// - Not found: the checkpoint does not exist, in which case the error lists the existing ones, or the container is
    ///   gone.
    /// - Conflict: the container runs.
    /// - Unsupported: see [`checkpoint`](Self::checkpoint).
    /// - Those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the restore continues, but the handle keeps the previous ports.
    pub fn restore(&self, checkpoint: impl Into<String>) -> Restore<'_> {
        Restore { container: self, place: Place { name: checkpoint.into(), dir: None } }
    }

    /// Returns the names of its checkpoints in the engine's own directory, sorted.
    ///
    /// # Errors
    /// Unsupported, see [`checkpoint`](Self::checkpoint); not found, if the container is gone; those of the engine.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn checkpoints(&self) -> Result<Vec<String>> {
        let subject = self.subject();
        subject.checkpoints(None).await.map_err(|error| explain(error, &[]))
    }

    /// Deletes one of its checkpoints.
    ///
    /// # Errors
    /// Not found, if the checkpoint does not exist, with the existing ones; those of
    /// [`checkpoints`](Self::checkpoints).
    ///
    /// # Cancel safety
    /// If the future is dropped, the engine may still delete the checkpoint.
    pub async fn remove_checkpoint(&self, checkpoint: &str) -> Result<()> {
        let place = Place { name: checkpoint.to_owned(), dir: None };
        place.check().map_err(|error| error.with_subject(self.to_string()))?;
        let subject = self.subject();
        match subject.remove_checkpoint(checkpoint).await {
            Err(error) => Err(explained(&self.subject(), &place, error).await),
            done => done,
        }
    }
}

impl Checkpoint<'_> {
    /// Keeps the container running after the checkpoint. Default: it is stopped.
    ///
    /// Some versions of gVisor can't do this below Docker. With gVisor, the container is therefore stopped and restored
    /// at once, and code that waits for the container's end observes that stop.
    pub fn keep_running(mut self) -> Self {
        self.keep_running = true;
        self
    }

    /// Sets a directory on the engine's machine for the checkpoint. Default: a directory of the engine, which is
    /// removed with the container.
    ///
    /// A checkpoint in such a directory outlives the container. Since version 17.12, Docker can create it, but can only
    /// restore checkpoints from its own directory.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.place.dir = Some(dir.into());
        self
    }

    async fn run(self) -> Result<()> {
        let Self { container, place, keep_running } = self;
        place.check().map_err(|error| error.with_subject(container.to_string()))?;
        let subject = container.subject();
        if !keep_running {
            return background().carry_through(async move { write_and_end(&subject, &place).await }).await;
        }
        if !ends_when_checkpointed(container).await? {
            return background().carry_through(async move { write(&subject, &place, false).await }).await;
        }
        background()
            .carry_through(async move {
                write_and_end(&subject, &place).await?;
                bring_back(&subject, &place).await
            })
            .await?;
        container.look_again().await
    }
}

impl Restore<'_> {
    /// Sets the checkpoint's directory on the engine's machine. Default: the engine's own.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.place.dir = Some(dir.into());
        self
    }

    async fn run(self) -> Result<()> {
        let Self { container, place } = self;
        place.check().map_err(|error| error.with_subject(container.to_string()))?;
        let subject = container.subject();
        background().carry_through(async move { bring_back(&subject, &place).await }).await?;
        container.look_again().await
    }
}

impl<'a> IntoFuture for Checkpoint<'a> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<'a> IntoFuture for Restore<'a> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Returns `true` if the runtime may stop a container although it is to keep running.
///
/// gVisor of December 2022 does: containerd pauses the container first, and `runsc` fails on a paused one. gVisor of
/// July 2024 does not, but the engine does not report the version.
async fn ends_when_checkpointed(container: &TestContainer) -> Result<bool> {
    let runtime = container.inspect().await?.runtime;
    let program = container.subject().engine.program_of_runtime(&runtime).await?;
    let program = program.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or(&runtime);
    Ok(program.starts_with("runsc"))
}

async fn write(subject: &Subject, place: &Place, exit: bool) -> Result<()> {
    let dir = place.dir();
    match subject.create_checkpoint(&place.name, dir.as_deref(), exit).await {
        Err(error) => Err(explained(subject, place, error).await),
        done => done,
    }
}

/// Writes a checkpoint and waits until the container has ended. The engine records the end a little after its answer,
/// and a following restore needs the container to be ended.
async fn write_and_end(subject: &Subject, place: &Place) -> Result<()> {
    // Marks the stop as intended, so that no restart is decided on.
    let intended = subject.course.intend(Intent::Stop);
    subject.course.end_profile().await;
    write(subject, place, true).await?;
    subject.wait_not_running().await?;
    intended.keep();
    Ok(())
}

async fn bring_back(subject: &Subject, place: &Place) -> Result<()> {
    let dir = place.dir();
    if place.dir.is_none() {
        is_there(subject, &place.name).await?;
    }
    subject.mark_ran_before();
    let (began, mut pauses) =
        (Instant::now(), Backoff::new(Duration::from_millis(50), Duration::from_secs(1)));
    let restored = loop {
        match subject.restore(&place.name, dir.as_deref()).await {
            Err(error) if is_another_under_way(&error) && began.elapsed() < IN_THE_WAY => {
                crate::base::sleep(pauses.next()).await;
            }
            restored => break restored,
        }
    };
    match restored {
        // A process that could not be killed before the checkpoint is restored too, so the container stays poisoned.
        Ok(Change::Made) => Ok(()),
        Ok(Change::AlreadySo) => Err(Error::new(Kind::Conflict, "it is running")
            .with_subject(format!("container `{}`", subject.name))
            .with_phase("restore")
            .with_hint("only an ended container can be restored; `stop` or `kill` it first")),
        Err(error) => Err(explained(subject, place, error).await),
    }
}

/// Checks that a checkpoint exists, unless the container runs. If a start from a missing checkpoint failed, the engine
/// would mark the container's start as failed. For a running container, the engine itself reports the conflict.
async fn is_there(subject: &Subject, checkpoint: &str) -> Result<()> {
    let there = subject.checkpoints(None).await.map_err(|error| explain(error, &[]))?;
    if there.iter().any(|one| one == checkpoint) || subject.inspect().await?.state.is_running() {
        return Ok(());
    }
    Err(missing(checkpoint, &there).with_subject(format!("container `{}`", subject.name)))
}

/// Returns `true` if another restore of the same checkpoint blocks this one. Docker hands a checkpoint to containerd by
/// its content, which can exist only once, and deletes it there when the container runs.
fn is_another_under_way(error: &Error) -> bool {
    let said = error.message();
    said.contains("failed to upload checkpoint") && said.contains("already exists")
}

/// Adds the hint and the existing checkpoints to the engine's error.
async fn explained(subject: &Subject, place: &Place, error: Error) -> Error {
    let dir = place.dir();
    // Used only in the message: if the list can't be read, `error` has the same cause.
    let there = subject.checkpoints(dir.as_deref()).await.unwrap_or_default();
    explain(error, &there)
}
