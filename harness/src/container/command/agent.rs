//! Our program in a container: copied there when it is needed, and run to end what carries a mark.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use seatrial_agent::{MOST_MARKS, PROGRAM};
use tokio::sync::oneshot;

use super::capture::Capture;
use super::exit::exit;
use crate::archive::CopyIn;
use crate::base::background;
use crate::container::files::put_below;
use crate::container::{Limits, Subject};
use crate::engine::{Engine, ExecRequest, Mode};
use crate::words::{Error, Kind, Result};

/// A directory of our own. Where the root file system is read-only, a volume is mounted there, since nothing can be
/// copied to anywhere else.
pub(crate) const DIRECTORY: &str = "/.seatrial";
/// The program in a container.
pub(crate) const PATH: &str = "/.seatrial/agent";

/// How many more processes a container may have for as long as the program needs to be let in.
const ROOM: u32 = 64;
/// What the program prints is one line.
const OUTPUT: usize = 4096;

/// The program in one container.
#[derive(Debug, Default)]
pub(crate) struct Agent {
    /// What waits to be ended. Written by who asks, taken by who runs the program; std's lock since no one awaits with
    /// it.
    pending: Mutex<Vec<Ask>>,
    /// Held by the one who copies the program or runs it: others' marks go along with the next run.
    turn: tokio::sync::Mutex<Place>,
}

/// Whether the program is in the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    NotThere,
    There,
    /// In a volume of ours, into which nobody in the container can write.
    Mounted,
}

impl Place {
    /// Somebody may have removed it, where that is possible.
    fn is_in_doubt(&mut self) {
        if *self == Self::There {
            *self = Self::NotThere;
        }
    }
}

/// A command that is to be ended.
#[derive(Clone, Debug)]
pub(super) struct Whom {
    /// `MARK` or `MARK@PID`.
    pub(super) mark: String,
    /// Who runs it, if not the container's user.
    pub(super) user: Option<String>,
}

#[derive(Debug)]
struct Ask {
    whom: Whom,
    done: oneshot::Sender<Result<()>>,
}

impl Agent {
    /// The program is in a volume that the container has.
    pub(super) fn is_mounted(&self) {
        // Nobody else knows of a container that was just created.
        if let Ok(mut place) = self.turn.try_lock() {
            *place = Place::Mounted;
        }
    }

    /// Copies the program in ahead of time, if it is not there; whether that works is seen when it is needed.
    pub(crate) fn prepare(subject: &Subject) {
        let commands = &subject.commands;
        // Held by who copies it, or who runs it: then it is there, or soon.
        if commands.agent.turn.try_lock().is_ok_and(|place| *place == Place::NotThere) {
            let subject = subject.clone();
            let copying = async move {
                let commands = Arc::clone(&subject.commands);
                let mut place = commands.agent.turn.lock().await;
                if let Err(error) = ensure(&mut place, &subject).await {
                    tracing::debug!(
                        "the program that ends commands could not be copied ahead of time: {error}"
                    );
                }
            };
            background().carry_through(copying).detach();
        }
    }

    /// Copies the program in, unless it is there.
    ///
    /// # Errors
    /// If it can't be.
    pub(super) async fn ensure_there(subject: &Subject) -> Result<()> {
        ensure(&mut *subject.commands.agent.turn.lock().await, subject).await
    }

    /// Copies the program in, whether or not it was there.
    ///
    /// # Errors
    /// If it can't be.
    pub(super) async fn copy_again(subject: &Subject) -> Result<()> {
        let mut place = subject.commands.agent.turn.lock().await;
        place.is_in_doubt();
        ensure(&mut place, subject).await
    }

    /// Ends what carries a mark, and all that came of it.
    ///
    /// # Errors
    /// If the program can't be copied or run, or says that something is left.
    pub(super) async fn end(&self, subject: &Subject, whom: Whom) -> Result<()> {
        let mut outcome = self.ask(&whom);
        loop {
            let mut place = self.turn.lock().await;
            match outcome.try_recv() {
                Ok(outcome) => return outcome,
                Err(oneshot::error::TryRecvError::Empty) => {}
                // Who had taken it along was given up.
                Err(oneshot::error::TryRecvError::Closed) => outcome = self.ask(&whom),
            }
            let batch = self.next_batch();
            let whom: Vec<_> = batch.iter().map(|ask| ask.whom.clone()).collect();
            let ended = end_all(&mut place, subject, &whom).await;
            for ask in batch {
                ask.done.send(ended.as_ref().copied().map_err(Error::clone)).ok();
            }
        }
    }

    fn ask(&self, whom: &Whom) -> oneshot::Receiver<Result<()>> {
        let (done, outcome) = oneshot::channel();
        let ask = Ask { whom: whom.clone(), done };
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(ask);
        outcome
    }

    /// As many as the program takes at once, without those whose askers have given up.
    fn next_batch(&self) -> Vec<Ask> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|ask| !ask.done.is_closed());
        let count = pending.len().min(MOST_MARKS);
        pending.drain(..count).collect()
    }
}

async fn end_all(place: &mut Place, subject: &Subject, whom: &[Whom]) -> Result<()> {
    ensure(place, subject).await?;
    match run_for(subject, whom).await {
        Err(error) if error.is_not_started() => {
            tracing::debug!("the program that ends commands did not start at first: {error}");
            place.is_in_doubt();
            ensure(place, subject).await?;
            run_with_room(subject, whom, error).await
        }
        other => other,
    }
}

/// Copies the program in, unless it is there.
async fn ensure(place: &mut Place, subject: &Subject) -> Result<()> {
    if *place != Place::NotThere {
        return Ok(());
    }
    check_architecture(&subject.engine)?;
    match put_below("/", subject, program(PATH)).await {
        Err(error) if error.message().contains("read-only") => put_into_directory(subject).await?,
        other => other?,
    }
    *place = Place::There;
    Ok(())
}

/// Copies the program into our own directory, which is there: a volume is mounted at it.
pub(super) async fn put_into_directory(subject: &Subject) -> Result<()> {
    put_below(DIRECTORY, subject, program("/agent")).await
}

fn program(path: &str) -> Vec<CopyIn> {
    vec![CopyIn::bytes(Bytes::from_static(PROGRAM), path).mode(0o755)]
}

/// # Errors
/// Exec, if the program can't run on the engine's machine.
pub(super) fn check_architecture(engine: &Engine) -> Result<()> {
    let arch = &engine.version().arch;
    if seatrial_agent::architecture() != Some(arch) {
        return Err(Error::new(Kind::Exec, format!("there is no agent for `{arch}`")));
    }
    Ok(())
}

/// Runs the program once more, with room for it if the container may have no more processes.
async fn run_with_room(subject: &Subject, whom: &[Whom], first: Error) -> Result<()> {
    let Some(limit) = subject.inspect().await?.pids_limit else {
        return run_for(subject, whom).await.map_err(|error| error.with_source(first));
    };
    let (subject, whom) = (subject.clone(), whom.to_vec());
    // Carried through, so that the limit does not stay raised.
    let running = background().carry_through(async move {
        let with_limit = |limit| subject.update(Limits::new().pids_limit(limit).into_body());
        with_limit(limit.saturating_add(ROOM)).await?;
        let ended = run_for(&subject, &whom).await;
        with_limit(limit).await?;
        ended
    });
    running.await
}

/// Runs the program with all privileges: with them it sees the mark of anybody's processes, and ends them.
///
/// An engine that itself lacks a privilege can't give all of them. Root without them ends anybody's processes too, and
/// sees whose child they are, but not the marks of other users'; so the command's own user looks for those.
async fn run_for(subject: &Subject, whom: &[Whom]) -> Result<()> {
    let engine = &subject.engine;
    let root = || Some("0:0".to_owned());
    let refused = if engine.refuses_privileges() {
        None
    } else {
        match run(subject, root(), true, whom).await {
            Err(error) if error.is_not_started() => Some(error),
            other => return other.and_then(Outcome::to_result),
        }
    };
    let by_root = run(subject, root(), false, whom).await?;
    if let Some(error) = refused {
        tracing::debug!("the engine gives no privileges to a command: {error}");
        engine.mark_privileges_refused();
    }
    if by_root.left == 0 && by_root.unseen == 0 {
        return Ok(());
    }
    let mut left = by_root.left;
    let mut rest = whom.to_vec();
    while let Some(first) = rest.first() {
        let user = first.user.clone();
        let (his, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|whom| whom.user == user);
        left += run(subject, user, false, &his).await?.left;
        rest = others;
    }
    // What one may not end, another may have ended since.
    if left == 0 { Ok(()) } else { run(subject, root(), false, whom).await?.to_result() }
}

/// What the program says that it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    /// Processes that run on.
    left: u32,
    /// Processes whose mark it could not see.
    unseen: u32,
}

impl Outcome {
    /// Reads `ended=N left=N unreaped=N unseen=N`.
    fn parse(said: &str) -> Option<Self> {
        let number = |name: &str| {
            let word = said.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
            word.parse().ok()
        };
        Some(Self { left: number("left")?, unseen: number("unseen")? })
    }

    fn to_result(self) -> Result<()> {
        match self.left {
            0 => Ok(()),
            left => Err(Error::new(Kind::Exec, format!("{left} of its processes can't be killed"))),
        }
    }
}

/// Runs the program to its end.
async fn run(subject: &Subject, user: Option<String>, privileged: bool, whom: &[Whom]) -> Result<Outcome> {
    let words = [PATH, "end"].into_iter().chain(whom.iter().map(|whom| whom.mark.as_str()));
    let request = ExecRequest {
        cmd: words.map(str::to_owned).collect(),
        user,
        workdir: Some("/".to_owned()),
        privileged,
        ..ExecRequest::default()
    };
    let exec = subject.create_exec(request).await?;
    let connection = subject.start_exec(&exec, false, None).await?;
    let mut capture = Capture::new(connection, Mode::Multiplexed, OUTPUT);
    capture.read_to_end().await?;
    let exit = exit(subject, &exec).await?;
    let output = capture.take();
    let said = [output.stdout.bytes, output.stderr.bytes].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    tracing::debug!(container = &subject.name, code = exit.code, "ended what a command left running: {said}");
    match Outcome::parse(&said) {
        Some(outcome) => Ok(outcome),
        None if exit.never_ran => Err(Error::new(Kind::NotStarted, said)),
        None => {
            let message = format!("the program that ends it failed with {}: {said}", exit.code);
            Err(Error::new(Kind::Exec, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_s_line_is_read() {
        let line = "ended=3 left=0 unreaped=1 unseen=12";
        assert_eq!(Outcome::parse(line), Some(Outcome { left: 0, unseen: 12 }));
        assert_eq!(Outcome::parse("agent: /proc can't be read"), None);
    }
}
