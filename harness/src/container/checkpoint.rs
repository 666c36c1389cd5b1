//! Checkpoints: a container's processes and memory, written down and brought back.

use std::future::IntoFuture;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::TestContainer;
use super::checkpoint_refusal::{explain, missing};
use crate::base::{Backoff, background};
use crate::container::Subject;
use crate::engine::Change;
use crate::life::Intent;
use crate::words::{Error, Kind, Result, check_name};

/// How long a restore that is in the way of another is waited for.
const IN_THE_WAY: Duration = Duration::from_secs(10);

/// A checkpoint that is about to be made: set options, then await it.
///
/// ```no_run
/// # async fn example(container: seatrial::TestContainer) -> seatrial::Result<()> {
/// container.checkpoint("loaded").keep_running().await?; // goes on
/// container.checkpoint("filled").await?; // ends
/// container.restore("filled").await // runs on from there
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a checkpoint is not made until it is awaited"]
pub struct Checkpoint<'a> {
    container: &'a TestContainer,
    place: Place,
    keep_running: bool,
}

/// A restore that is about to be made: set options, then await it.
#[derive(Debug)]
#[must_use = "nothing is restored until it is awaited"]
pub struct Restore<'a> {
    container: &'a TestContainer,
    place: Place,
}

/// Where a checkpoint is: its name, and the directory on the engine's machine if that is not the engine's.
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
    /// Writes down its processes and memory under a name, and ends it, unless it is to
    /// [keep running](Checkpoint::keep_running). Its files stay as they are: they are no part of a checkpoint.
    ///
    /// Docker has checkpoints in its experimental mode only. What can be checkpointed is up to the
    /// [runtime](crate::ContainerRequest::runtime): `runc` needs CRIU on the engine's machine, gVisor's `runsc` a
    /// network that is not the host's. A checkpoint goes with its container.
    ///
    /// # Errors
    /// Unsupported, if the engine or the runtime can't, with what is missing; conflict, if the container does not run or
    /// has such a checkpoint already; invalid, if the name can't be; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether the checkpoint is made; a container that is to keep running
    /// does so.
    pub fn checkpoint(&self, name: impl Into<String>) -> Checkpoint<'_> {
        let place = Place { name: name.into(), dir: None };
        Checkpoint { container: self, place, keep_running: false }
    }

    /// Starts it, after it ended, from a checkpoint, and looks its ports up anew. Its processes go on from where they
    /// were; what they print comes after what was printed before. Can be done any number of times.
    ///
    /// # Errors
    /// Not found, if there is no such checkpoint, with those that there are, or if the container is gone; conflict, if
    /// it runs; unsupported, as [`checkpoint`](Self::checkpoint); the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future lets the restore go on; the ports stay as they were known.
    pub fn restore(&self, checkpoint: impl Into<String>) -> Restore<'_> {
        Restore { container: self, place: Place { name: checkpoint.into(), dir: None } }
    }

    /// The names of its checkpoints in the engine's own directory, in order.
    ///
    /// # Errors
    /// Unsupported, as [`checkpoint`](Self::checkpoint); not found, if the container is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn checkpoints(&self) -> Result<Vec<String>> {
        let subject = self.subject();
        subject.checkpoints(None).await.map_err(|error| explain(error, &[]))
    }

    /// Deletes one of its checkpoints.
    ///
    /// # Errors
    /// Not found, if there is no such checkpoint, with those that there are; as [`checkpoints`](Self::checkpoints).
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether it is deleted.
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
    /// Lets the container go on once it is written down. Default: it ends.
    ///
    /// Not every gVisor can do that below Docker; with gVisor, the container ends, and is restored at once. Whoever waits
    /// for the container sees that end.
    pub fn keep_running(mut self) -> Self {
        self.keep_running = true;
        self
    }

    /// A directory on the engine's machine. Default: one of the engine's, which goes with the container.
    ///
    /// Such a checkpoint stays when the container goes. Docker writes it, but restores only what is in its own
    /// directory since version 17.12.
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
    /// The directory on the engine's machine where the checkpoint is. Default: the engine's.
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

/// Whether the runtime may end a container that was to go on.
///
/// gVisor of December 2022 does: containerd pauses what it checkpoints, and `runsc` fails on what is paused. That of July
/// 2024 goes on, but the engine does not tell one from the other.
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

/// What restores next must find it ended, which the engine notes a little later than it answers.
async fn write_and_end(subject: &Subject, place: &Place) -> Result<()> {
    // Nobody is asked whether to restart it.
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
                tokio::time::sleep(pauses.next()).await;
            }
            restored => break restored,
        }
    };
    match restored {
        // What could not be ended in it before the checkpoint is back, so it is as poisoned as it was.
        Ok(Change::Made) => Ok(()),
        Ok(Change::AlreadySo) => Err(Error::new(Kind::Conflict, "it runs")
            .with_subject(format!("container `{}`", subject.name))
            .with_phase("restore")
            .with_hint("a checkpoint is restored when the container has ended: `stop` or `kill` it first")),
        Err(error) => Err(explained(subject, place, error).await),
    }
}

/// Looks for a checkpoint before a container that has ended is started from it: an engine that is asked in vain calls the
/// container one whose start failed. Of one that runs it says that, whatever is asked for.
async fn is_there(subject: &Subject, checkpoint: &str) -> Result<()> {
    let there = subject.checkpoints(None).await.map_err(|error| explain(error, &[]))?;
    if there.iter().any(|one| one == checkpoint) || subject.inspect().await?.state.is_running() {
        return Ok(());
    }
    Err(missing(checkpoint, &there).with_subject(format!("container `{}`", subject.name)))
}

/// Whether another restore of the same checkpoint is in the way: Docker hands each to containerd by its content, which
/// can be there only once, and takes it away again when the container runs.
fn is_another_under_way(error: &Error) -> bool {
    let said = error.message();
    said.contains("failed to upload checkpoint") && said.contains("already exists")
}

/// The engine's refusal, with the checkpoints that there are.
async fn explained(subject: &Subject, place: &Place, error: Error) -> Error {
    let dir = place.dir();
    // It is only for the message: an engine that can't list them says so in the error at hand.
    let there = subject.checkpoints(dir.as_deref()).await.unwrap_or_default();
    explain(error, &there)
}
