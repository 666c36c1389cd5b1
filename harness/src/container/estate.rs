//! A container's estate: its mounted files, its profile, and what the user is told when it is kept.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::command::ProgramVolume;
use crate::archive::MountedFiles;
use crate::base::{blocking, tell};
use crate::engine::{Engine, Target};
use crate::life::Course;
use crate::output::Listeners;
use crate::session::{Estate, Manner, Thing};
use crate::words::Result;

/// The time limit for a killed container to end, before its log is read to the end.
const KILLED_WITHIN: Duration = Duration::from_secs(10);

/// Everything that goes with one container.
pub(super) struct ContainerEstate {
    /// The directories that are mounted into it.
    pub(super) mounted: Vec<MountedFiles>,
    /// The volume of the agent that it has, held until the container is gone: the engine would make another.
    pub(super) program: Option<Arc<ProgramVolume>>,
    pub(super) course: Arc<Course>,
    /// The functions that hear its log. They hear all of it before the removal.
    pub(super) listeners: Arc<Listeners>,
    /// The stop timeout of its request, if it has one.
    pub(super) stop_timeout: Option<Duration>,
}

impl ContainerEstate {
    async fn end(&self, engine: &Engine, thing: &Thing, manner: Manner) {
        self.course.farewell().await;
        let Thing::Container { id, name, .. } = thing else { return };
        let target = Target::new(engine.clone(), id.clone(), name);
        if let (Some(timeout), Manner::Stop) = (self.stop_timeout, manner) {
            // A container that does not stop is removed all the same.
            if let Err(error) = target.stop(Some(timeout)).await {
                tracing::warn!("{error}");
            }
        }
        if !self.listeners.is_empty() {
            self.let_listeners_finish(&target).await;
        }
    }

    /// Ends the container, so that its log is complete, and lets the listening functions hear all of it. The removal
    /// would delete the log.
    async fn let_listeners_finish(&self, target: &Target) {
        match target.kill("SIGKILL").await {
            Ok(_) => {
                target.ends_in(KILLED_WITHIN).await;
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => tracing::debug!("{error}"),
        }
        self.listeners.finish().await;
    }

    async fn remove_mounted(self) -> Result<()> {
        let Self { mounted, program, .. } = self;
        if !mounted.is_empty() {
            blocking(move || mounted.into_iter().try_for_each(MountedFiles::remove)).await?;
        }
        drop(program);
        Ok(())
    }
}

impl Estate for ContainerEstate {
    fn farewell<'a>(&'a self, engine: &'a Engine, thing: &'a Thing, manner: Manner) -> BoxFuture<'a, ()> {
        self.end(engine, thing, manner).boxed()
    }

    fn release(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        self.remove_mounted().boxed()
    }

    fn keep(self: Box<Self>, thing: &Thing, for_good: bool) {
        if let Thing::Container { id, name, .. } = thing {
            tell(&notice(name, id.short(), for_good));
        }
        self.listeners.detach();
        // A container that is kept needs its mounted files.
        self.mounted.into_iter().for_each(MountedFiles::keep);
    }
}

/// Returns the commands that look into a container that stays, and the one that removes it. `for_good` is `false` if
/// the session's reaper removes the container after the run.
fn notice(name: &str, short_id: &str, for_good: bool) -> String {
    let mut text = format!("seatrial: kept container `{name}` ({short_id})\n");
    for command in ["docker logs", "docker exec -it", "docker inspect", "docker rm -fv"] {
        let shell = if command.contains("exec") { " sh" } else { "" };
        writeln!(text, "  {command} {name}{shell}").expect("a string takes all that is written");
    }
    if !for_good {
        text.push_str(
            "  the session's reaper removes it after the run; set SEATRIAL_KEEP=always to keep it\n",
        );
    }
    text
}
