//! Runs of the agent for files that only the container's processes see, at places that the engine's archive does not
//! reach.

use std::convert::Infallible;
use std::future::pending;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::agent::{Agent, PATH};
use super::beside::beside;
use super::exit::Exit;
use super::pieces::{Collector, Sink};
use super::running::{EndsWith, Followed, run};
use super::stdin::Input;
use crate::archive::{self, CopyIn};
use crate::base::background;
use crate::container::Subject;
use crate::container::places::Place;
use crate::engine::{Bodies, ExecRequest};
use crate::words::{ContainerStatus, Error, Kind, LogStream, Result};

/// The place of the word `ustar` in an archive.
const MAGIC: std::ops::Range<usize> = 257..262;
/// The number of pieces of an archive that are on their way.
const PIECES: usize = 4;
/// The limit of the agent's messages, in bytes.
const MESSAGE: usize = 16 * 1024;
/// The agent's exit code after the kernel's refusal.
const REFUSED: i64 = 6;

/// Copies sources into a running container. `path` is the one to name in an error.
///
/// # Errors
/// Files, if a source can't be read or the kernel refuses a file; conflict, if the container does not run; the engine's
/// own.
///
/// # Cancel safety
/// If the future is dropped, a part of the files may be there.
pub(in crate::container) async fn put(
    subject: &Subject,
    place: Place,
    path: &str,
    sources: Vec<CopyIn>,
) -> Result<()> {
    let (its, path) = (subject.clone(), path.to_owned());
    let put = background().run(async move {
        let put = there(&its, || put_once(its.clone(), sources.clone())).await;
        explain(put, &its, &place, &path).await
    });
    put.await.map_err(|error| {
        error.with_subject(format!("container `{}`", subject.name)).with_phase("copy files in")
    })
}

async fn put_once(subject: Subject, sources: Vec<CopyIn>) -> Result<()> {
    let (mut packed, outcome) = archive::pack(sources);
    let (pieces, receiver) = mpsc::channel(PIECES);
    let feeding = async move {
        while let Some(Ok(piece)) = packed.next().await
            && pieces.send(piece).await.is_ok()
        {}
        // The agent has to see the end, even of an archive that broke off.
        drop(pieces);
    };
    let mut said = Said(Collector::new(MESSAGE));
    let exit = beside(agent(subject, &["put"], &mut said, Input::Pieces(receiver)), feeding).await;
    match outcome.take_error() {
        Some(error) => Err(error),
        None => said.into_code(exit?).map(drop),
    }
}

/// Returns a file or directory of a running container as an archive. The stream's errors are those of [`put`], and not
/// found, if the path does not exist.
///
/// # Cancel safety
/// Dropping the stream ends the agent.
pub(in crate::container) fn get(subject: Subject, place: Place, path: String) -> Bodies {
    let (sender, receiver) = mpsc::channel(PIECES);
    let reading = background().run(async move {
        let got = there(&subject, || get_once(subject.clone(), path.clone(), sender.clone())).await;
        if let Err(error) = explain(got, &subject, &place, &path).await {
            sender.send(Err(error)).await.ok();
        }
    });
    let pieces = stream::unfold((receiver, reading), |(mut receiver, reading)| async move {
        let piece = receiver.recv().await?;
        Some((piece, (receiver, reading)))
    });
    pieces.boxed()
}

async fn get_once(subject: Subject, path: String, archive: mpsc::Sender<Result<Bytes>>) -> Result<()> {
    let mut sink = Archive { archive, head: Some(BytesMut::new()), said: Said(Collector::new(MESSAGE)) };
    let exit = agent(subject, &["get", &path], &mut sink, Input::None).await?;
    let Archive { head, mut said, .. } = sink;
    said.0.push(LogStream::Stderr, &head.unwrap_or_default());
    said.into_code(exit).map(drop)
}

/// Waits up to two seconds for a path in a running container. Returns `true` if it exists.
///
/// # Errors
/// As [`put`].
///
/// # Cancel safety
/// Dropping the future ends the agent.
pub(in crate::container) async fn has_path(subject: &Subject, place: Place, path: &str) -> Result<bool> {
    let (subject, path) = (subject.clone(), path.to_owned());
    let looking = background().run(async move {
        let has = there(&subject, || has_path_once(subject.clone(), path.clone())).await;
        explain(has, &subject, &place, &path).await
    });
    looking.await
}

async fn has_path_once(subject: Subject, path: String) -> Result<bool> {
    let mut said = Said(Collector::new(MESSAGE));
    let exit = agent(subject, &["await", &path], &mut said, Input::None).await?;
    said.into_code(exit).map(|code| code == 0)
}

/// Makes an attempt with the agent, once it is in the container, and another if it was removed from there.
async fn there<T, F: Future<Output = Result<T>>>(subject: &Subject, attempt: impl Fn() -> F) -> Result<T> {
    Agent::ensure_there(subject).await?;
    match attempt().await {
        Err(error) if error.is_not_started() => {
            Agent::copy_again(subject).await?;
            attempt().await
        }
        other => other,
    }
}

/// Runs the agent to its end, as root: the engine's archive is not held back by the container's user either.
async fn agent(subject: Subject, words: &[&str], sink: &mut impl Sink, input: Input) -> Result<Exit> {
    let request = ExecRequest {
        cmd: [PATH].iter().chain(words).map(|word| (*word).to_owned()).collect(),
        user: Some("0:0".to_owned()),
        working_dir: Some("/".to_owned()),
        stdin: !matches!(input, Input::None),
        ..ExecRequest::default()
    };
    // It starts no other process, so its output ends with it.
    match run(subject, request, sink, input, EndsWith::Output, pending::<Infallible>()).await? {
        Followed::Exited { exit, .. } => Ok(exit),
        Followed::Stopped { why, .. } => match why {},
    }
}

/// Replaces the error of an agent that could not do its work with the reason, if the container does not run.
async fn explain<T>(outcome: Result<T>, subject: &Subject, place: &Place, path: &str) -> Result<T> {
    let Err(error) = outcome else { return outcome };
    if matches!(error.kind(), Kind::Files | Kind::NotFound) {
        return Err(error);
    }
    let Ok(info) = subject.inspect().await else { return Err(error) };
    if info.state.status == ContainerStatus::Running {
        return Err(
            error.with_hint(format!("`{path}` is in {place}, where only a program in the container can go"))
        );
    }
    let status = info.state.status;
    let message =
        format!("`{path}` is in {place}, which is there only while the container runs; it is {status}");
    Err(Error::new(Kind::Conflict, message).with_source(error))
}

/// The messages of the agent, or the engine's reason for not starting it.
struct Said(Collector);

impl Sink for Said {
    async fn take(&mut self, stream: LogStream, bytes: Bytes) {
        self.0.push(stream, &bytes);
    }
}

impl Said {
    /// Returns the agent's exit code, if it did its work.
    fn into_code(self, exit: Exit) -> Result<i64> {
        let collected = self.0.into_collected();
        let said = [collected.stdout.bytes, collected.stderr.bytes].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        match exit.code {
            _ if exit.never_ran => Err(Error::new(Kind::NotStarted, said)),
            code @ (0 | 1) => Ok(code),
            REFUSED => Err(refused(&said)),
            code => Err(Error::new(Kind::Exec, format!("the agent failed with exit code {code}: {said}"))),
        }
    }
}

/// The archive that the agent writes, passed on.
struct Archive {
    archive: mpsc::Sender<Result<Bytes>>,
    /// The beginning of the output, until it is known to be an archive and not the engine's reason for not starting the
    /// agent.
    head: Option<BytesMut>,
    said: Said,
}

impl Sink for Archive {
    async fn take(&mut self, stream: LogStream, bytes: Bytes) {
        if stream == LogStream::Stderr {
            return self.said.0.push(stream, &bytes);
        }
        // Fails if the reader is gone; the agent is ended then.
        let Ok(permit) = self.archive.reserve().await else { return };
        match &mut self.head {
            None => permit.send(Ok(bytes)),
            Some(head) => {
                head.extend_from_slice(&bytes);
                if head.get(MAGIC).is_some_and(|magic| magic == b"ustar") {
                    permit.send(Ok(self.head.take().unwrap_or_default().freeze()));
                }
            }
        }
    }
}

/// Creates the error for the kernel's refusal from the agent's `errno N PATH`.
fn refused(said: &str) -> Error {
    let mut words = said.splitn(3, ' ').skip(1);
    let number = words.next().and_then(|number| number.parse::<i32>().ok()).unwrap_or_default();
    let path = words.next().unwrap_or("/");
    // Linux's numbers, whatever this machine's system is.
    let reason = match number {
        1 | 13 => "the kernel does not permit it",
        2 => return Error::new(Kind::NotFound, format!("`{path}` does not exist")),
        16 => "it is in use",
        17 | 20 => "something that is no directory is in the way",
        21 => "it is a directory",
        22 => "the kernel does not accept this",
        28 => "no space is left",
        30 => "its file system is read-only",
        32 => "the archive broke off",
        36 => "the path is too long",
        40 => "it is a link that leads to itself",
        _ => return Error::new(Kind::Files, format!("`{path}`: the kernel's error is {number}")),
    };
    Error::new(Kind::Files, format!("`{path}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_refusal_is_told_in_words() {
        for (said, message, is_not_found) in [
            ("errno 28 /run/a file", "`/run/a file`: no space is left", false),
            ("errno 2 /run/a", "`/run/a` does not exist", true),
            ("errno 117 /a", "`/a`: the kernel's error is 117", false),
        ] {
            let error = refused(said);
            assert_eq!(
                (error.message(), error.is_not_found(), error.is_files()),
                (message, is_not_found, !is_not_found)
            );
        }
    }
}
