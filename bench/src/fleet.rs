//! Idle containers to run commands in: some created through the raw API, and as many by Seatrial.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use crate::context::{Context, IDLE};
use crate::ours;

/// The number of containers of each kind.
pub(crate) const WIDTH: usize = 4;
/// A command that exits at once.
pub(crate) const COMMAND: &[&str] = &["/misbehave", "exit", "0"];

/// The containers.
pub(crate) struct Fleet {
    pub(crate) raw: Vec<String>,
    pub(crate) ours: Vec<ours::Container>,
}

impl Fleet {
    pub(crate) fn start(context: &Context<'_>) -> Result<Self> {
        let raw: Vec<String> =
            (0..WIDTH).map(|_| context.raw.create(context.image(), IDLE, false)).collect::<Result<_>>()?;
        raw.iter().try_for_each(|id| context.raw.start(id))?;
        let ours = (0..WIDTH).map(|_| ours::start(context.image(), IDLE));
        let ours = context.runtime.block_on(try_join_all(ours))?;
        Ok(Self { raw, ours })
    }

    /// Runs the command through the raw API in `width` containers at the same time, `each` times in each. Returns the
    /// time that this takes.
    pub(crate) fn exec(&self, context: &Context<'_>, width: usize, each: usize) -> Result<Duration> {
        let start = Instant::now();
        let run = |id: &str| {
            (0..each).try_for_each(|_| {
                ensure!(context.raw.exec(id, COMMAND)? == 0, "it failed");
                Ok(())
            })
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = self.raw[..width].iter().map(|id| scope.spawn(move || run(id))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("the thread does not panic"))
        })?;
        Ok(start.elapsed())
    }

    /// Removes all containers.
    pub(crate) fn end(self, context: &Context<'_>) -> Result<()> {
        context.drop_inside(self.ours);
        self.raw.iter().try_for_each(|id| context.raw.remove(id))
    }
}
