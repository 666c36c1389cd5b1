//! Collects the facts about a container for the report of a failed wait.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::TestContainer;
use crate::base::background;
use crate::engine::Target;
use crate::output::Logs;
use crate::wait::{Branch, NearMisses};
use crate::words::{Error, Kind, LogStream, Report, ReportedState, Result, cut};

/// The number of lines shown of each stream.
const LINES: usize = 50;
/// The time limit for collecting the facts, so that an engine that hangs does not delay the report.
const GATHER: Duration = Duration::from_secs(10);
/// The number of lines requested first from the end of the log.
const ASKED: usize = 1000;

/// Collects the facts about a container whose wait failed. The report notes each fact that the engine did not provide
/// in time.
pub(super) async fn report(
    container: &TestContainer,
    wait: &Branch,
    tails: Option<(Vec<u8>, Vec<u8>)>,
) -> Report {
    let (now, misses) = (Instant::now(), wait.near_misses());
    let mut report = Report { ports: container.port_lines(), ..Report::default() };
    let subject = container.subject();
    let (state, output) = background()
        .run(async move {
            let state = async { Ok(subject.inspect_end().await?.state) };
            futures_util::join!(in_time(state), last_lines(&subject, &misses))
        })
        .await;
    report.branches = wait.report(now);
    report.state = match state {
        Ok(state) => ReportedState::Known(Box::new(state)),
        Err(error) if error.is_not_found() => ReportedState::Removed,
        Err(error) => ReportedState::Unknown(error.to_string()),
    };
    match (output, tails) {
        (Ok(ends), _) => (report.stdout, report.stderr) = (ends.stdout.into(), ends.stderr.into()),
        (Err(_), Some((stdout, stderr))) => {
            (report.stdout, report.stderr) = (lines_of(&stdout), lines_of(&stderr));
        }
        (Err(error), None) => report.output_error = Some(error.to_string()),
    }
    report
}

/// Returns a fact, or the reason why there is none.
async fn in_time<T>(fact: impl Future<Output = Result<T>>) -> Result<T> {
    match crate::base::timeout(GATHER, fact).await {
        Ok(fact) => fact,
        Err(_) => Err(Error::new(Kind::Timeout, "the engine did not answer within 10 s")),
    }
}

/// Returns the last lines of both streams.
#[derive(Default)]
struct Ends {
    stdout: VecDeque<String>,
    stderr: VecDeque<String>,
    read: usize,
}

/// Returns the last lines of each stream. The engine counts lines over both streams, so if the end of the log has too
/// few lines of one stream, the whole log is read.
async fn last_lines(target: &Target, misses: &NearMisses) -> Result<Ends> {
    let logs = Logs::new(target.clone());
    let mut ends = in_time(Ends::of(logs.clone().tail(ASKED), misses)).await?;
    if ends.read >= ASKED {
        // If reading the whole log takes too long, the lines read so far are shown.
        if ends.stdout.len() < LINES
            && let Ok(whole) = in_time(Ends::of(logs.clone().only_stdout(), misses)).await
        {
            ends.stdout = whole.stdout;
        }
        if ends.stderr.len() < LINES
            && let Ok(whole) = in_time(Ends::of(logs.only_stderr(), misses)).await
        {
            ends.stderr = whole.stderr;
        }
    }
    Ok(ends)
}

impl Ends {
    async fn of(logs: Logs, misses: &NearMisses) -> Result<Self> {
        let (mut lines, mut ends) = (logs.lines().await?, Self::default());
        while let Some(line) = lines.next().await {
            let line = line?;
            ends.read += 1;
            let kept = match line.stream {
                LogStream::Stdout => &mut ends.stdout,
                LogStream::Stderr => &mut ends.stderr,
            };
            if kept.len() == LINES {
                kept.pop_front();
            }
            let text = line.text();
            misses.compare(line.stream, &text);
            kept.push_back(cut(&text));
        }
        Ok(ends)
    }
}

/// Returns the last lines of a kept text.
fn lines_of(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().map(cut).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_end_gives_its_last_lines() {
        let text: String = (0..80).map(|n| format!("{n}\n")).collect();
        let lines = lines_of(text.as_bytes());
        assert_eq!((lines.len(), lines[0].as_str()), (LINES, "30"));
    }
}
