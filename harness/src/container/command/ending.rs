//! One run of the agent to end marked commands, with the privileges that the engine gives.

use super::agent::{Marked, PATH};
use super::exit::exit;
use super::pieces::{Collector, Pieces};
use crate::base::background;
use crate::container::{Limits, Subject};
use crate::engine::{ExecRequest, Mode};
use crate::words::{Error, Kind, Result};

/// The number of additional processes that a container may have while the agent needs to start.
const ROOM: u32 = 64;
/// The limit of the agent's output, in bytes; it is one line.
const OUTPUT: usize = 4096;

/// Runs the agent once more, with a higher limit of processes if the container has one.
pub(super) async fn run_end_with_room(subject: &Subject, marked: &[Marked], first: Error) -> Result<()> {
    let Some(limit) = subject.inspect().await?.pids_limit else {
        return run_end(subject, marked).await.map_err(|error| error.with_source(first));
    };
    let (subject, marked) = (subject.clone(), marked.to_vec());
    // Carried through, so that the limit does not stay raised.
    let running = background().carry_through(async move {
        let with_limit = |limit| subject.update(Limits::new().pids_limit(limit).into_body());
        with_limit(limit.saturating_add(ROOM)).await?;
        let ended = run_end(&subject, &marked).await;
        with_limit(limit).await?;
        ended
    });
    running.await
}

/// Runs the agent with all privileges: with them it sees the marks of all users' processes, and ends them.
///
/// An engine that itself lacks a privilege can't give all of them. Root without them ends all users' processes too, and
/// sees their parents, but not the marks of other users' processes; so the agent looks for those as the command's user.
pub(super) async fn run_end(subject: &Subject, marked: &[Marked]) -> Result<()> {
    let engine = &subject.engine;
    let root = || Some("0:0".to_owned());
    let refused = if engine.refuses_privileges() {
        None
    } else {
        match run(subject, root(), true, marked).await {
            Err(error) if error.is_not_started() => Some(error),
            other => return other.and_then(EndReport::to_result),
        }
    };
    let by_root = run(subject, root(), false, marked).await?;
    if let Some(error) = refused {
        tracing::debug!("the engine gives no privileges to a command: {error}");
        engine.mark_privileges_refused();
    }
    if by_root.left == 0 && by_root.unseen == 0 {
        return Ok(());
    }
    let mut left = by_root.left;
    let mut rest = marked.to_vec();
    while let Some(first) = rest.first() {
        let user = first.user.clone();
        let (own, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|marked| marked.user == user);
        left += run(subject, user, false, &own).await?.left;
        rest = others;
    }
    // A process that one user could not end may have been ended by another.
    if left == 0 { Ok(()) } else { run(subject, root(), false, marked).await?.to_result() }
}

/// The line that the agent prints at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EndReport {
    /// The number of processes that still run.
    left: u32,
    /// The number of processes whose mark could not be read.
    unseen: u32,
}

impl EndReport {
    /// Parses `ended=N left=N unreaped=N unseen=N`.
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

/// Runs the agent to its end.
async fn run(
    subject: &Subject,
    user: Option<String>,
    privileged: bool,
    marked: &[Marked],
) -> Result<EndReport> {
    let words = [PATH, "end"].into_iter().chain(marked.iter().map(|marked| marked.mark.as_str()));
    let request = ExecRequest {
        cmd: words.map(str::to_owned).collect(),
        user,
        working_dir: Some("/".to_owned()),
        privileged,
        ..ExecRequest::default()
    };
    let exec = subject.create_exec(request).await?;
    let connection = subject.start_exec(&exec, false, None).await?;
    let mut collector = Collector::new(OUTPUT);
    Pieces::of_connection(connection, Mode::Multiplexed).read_to_end(&mut collector).await?;
    let exit = exit(subject, &exec).await?;
    let output = collector.into_collected();
    let said = [output.stdout.bytes, output.stderr.bytes].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    tracing::debug!(container = subject.name, exit_code = exit.code, "the agent ended processes: {said}");
    match EndReport::parse(&said) {
        Some(report) => Ok(report),
        None if exit.never_ran => Err(Error::new(Kind::NotStarted, said)),
        None => {
            let message = format!("the agent that ends it failed with exit code {}: {said}", exit.code);
            Err(Error::new(Kind::Exec, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_s_report_is_parsed() {
        let line = "ended=3 left=0 unreaped=1 unseen=12";
        assert_eq!(EndReport::parse(line), Some(EndReport { left: 0, unseen: 12 }));
        assert_eq!(EndReport::parse("agent: /proc can't be read"), None);
    }
}
