//! The failure block: what a failed wait knew, in one place, bounded in size.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;

use crate::background::background;
use crate::container::TestContainer;
use crate::lines::LogLine;
use crate::stream::LogStream;
use crate::wait::{Branch, BranchReport};

/// How many lines of each stream are shown.
const LINES: usize = 50;
/// How much of one line, or of what was seen last, is shown.
const WIDTH: usize = 400;
/// How long the facts may take to be gathered: the reader of a failure should not wait for an engine that hangs.
const GATHER: Duration = Duration::from_secs(10);
/// How many lines of the log's end are asked for first.
const ASKED: usize = 1000;

/// What was known of a container when a wait for it failed. `Display` prints the block.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// What was waited for, branch by branch, from the outside in.
    pub branches: Vec<BranchReport>,
    /// State with exit code, memory, restarts and health, in words.
    pub state: String,
    /// What the last health check printed.
    pub health_output: Option<String>,
    /// Ports with their mappings.
    pub ports: Vec<String>,
    /// The last lines of standard output; with a terminal, of all output.
    pub stdout: Vec<String>,
    /// The last lines of standard error.
    pub stderr: Vec<String>,
    /// The container's name, for the commands to look into it.
    pub container: String,
}

impl Report {
    /// Gathers what can be known of a container. What the engine does not tell in time is left out, and said.
    pub(crate) async fn of(
        container: &TestContainer,
        wait: &Branch,
        tails: Option<(Vec<u8>, Vec<u8>)>,
    ) -> Self {
        let mut report = Self {
            branches: wait.report(),
            ports: container.port_lines(),
            container: container.name().to_owned(),
            ..Self::default()
        };
        let subject = container.subject();
        let facts = background().run(tokio::time::timeout(GATHER, async move {
            let info = subject.engine.inspect_container(&subject.id, &subject.name).await;
            let logs = last_lines(&subject).await;
            (info, logs)
        }));
        let Ok((info, logs)) = facts.await else {
            report.state = "unknown: the engine did not answer within 10 s".to_owned();
            return report;
        };
        match info {
            Ok(info) => {
                report.state = info.state.describe();
                report.health_output = info.state.health_output;
            }
            Err(error) if error.is_not_found() => report.state = "removed".to_owned(),
            Err(error) => report.state = format!("unknown: {error}"),
        }
        (report.stdout, report.stderr) = match (logs, tails) {
            (Ok((stdout, stderr)), _) => (stdout, stderr),
            (Err(_), Some((stdout, stderr))) => (lines_of(&stdout), lines_of(&stderr)),
            (Err(error), None) => (vec![format!("(not read: {error})")], Vec::new()),
        };
        report
    }
}

/// The last lines of each stream. The engine counts lines over both, so a stream that one end of the log does not
/// hold is looked for in all of it.
async fn last_lines(subject: &crate::wait::Subject) -> crate::Result<(Vec<String>, Vec<String>)> {
    let logs = crate::container::Logs::new(subject.clone());
    let (stdout, stderr, read) = tails(logs.clone().tail(ASKED)).await?;
    if read >= ASKED && (stdout.len() < LINES || stderr.len() < LINES) {
        let (stdout, stderr, _) = tails(logs).await?;
        return Ok((stdout, stderr));
    }
    Ok((stdout, stderr))
}

async fn tails(logs: crate::container::Logs) -> crate::Result<(Vec<String>, Vec<String>, usize)> {
    let mut lines = logs.lines().await?;
    let (mut stdout, mut stderr, mut read) = (VecDeque::new(), VecDeque::new(), 0);
    while let Some(line) = lines.next().await {
        let line: LogLine = line?;
        read += 1;
        let kept = match line.stream {
            LogStream::Stdout => &mut stdout,
            LogStream::Stderr => &mut stderr,
        };
        if kept.len() == LINES {
            kept.pop_front();
        }
        kept.push_back(line.text().into_owned());
    }
    Ok((stdout.into(), stderr.into(), read))
}

/// The last lines of a text that was kept.
fn lines_of(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for branch in &self.branches {
            let margin = "  ".repeat(branch.depth + 1);
            let label = if branch.depth == 0 { "waiting for: " } else { "- " };
            write!(f, "{margin}{label}{} ({}", branch.waited_for, cut(&branch.outcome))?;
            write!(f, ", {})", seconds(branch.elapsed))?;
            if branch.last_seen.is_empty() {
                writeln!(f)?;
            } else {
                writeln!(f, "; last seen: {}", cut(&branch.last_seen))?;
            }
        }
        writeln!(f, "  state: {}", self.state)?;
        if let Some(output) = &self.health_output {
            writeln!(f, "  last health check printed: {}", cut(output.trim()))?;
        }
        match self.ports.as_slice() {
            [] => writeln!(f, "  ports: none")?,
            ports => writeln!(f, "  ports: {}", ports.join("; "))?,
        }
        stream(f, "stdout", &self.stdout)?;
        stream(f, "stderr", &self.stderr)?;
        write!(
            f,
            "  to look into it next time: SEATRIAL_KEEP=on-failure, then `docker logs {0}` and `docker exec -it {0} sh`",
            self.container
        )
    }
}

fn stream(f: &mut fmt::Formatter<'_>, name: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return writeln!(f, "  {name}: nothing");
    }
    writeln!(f, "  last {} line{} of {name}:", lines.len(), if lines.len() == 1 { "" } else { "s" })?;
    lines.iter().try_for_each(|line| writeln!(f, "    {}", cut(line)))
}

/// A text on one line, without control characters, and no longer than is good to read.
fn cut(text: &str) -> String {
    let mut out: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WIDTH).collect();
    if text.chars().nth(WIDTH).is_some() {
        out.push('…');
    }
    out
}

/// Seconds with one decimal, as in `1.5 s`; milliseconds below one second.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_bounded_whatever_the_container_prints() {
        let line = "\u{1b}[31mx".repeat(100_000);
        let report =
            Report { stdout: vec![line.clone(); LINES], stderr: vec![line; LINES], ..Report::default() };
        let text = report.to_string();
        assert!(text.len() < 2 * LINES * (WIDTH + 20) + 1000, "{} bytes", text.len());
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_kept_end_gives_its_last_lines() {
        let text: String = (0..80).map(|n| format!("{n}\n")).collect();
        let lines = lines_of(text.as_bytes());
        assert_eq!((lines.len(), lines[0].as_str()), (LINES, "30"));
    }
}
