//! The failure block: what a failed wait knew, in one place, bounded in size.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;

use crate::background::background;
use crate::container::{ContainerState, Logs, TestContainer};
use crate::error::{Error, Kind, Result};
use crate::stream::LogStream;
use crate::wait::{Branch, BranchReport, Subject};

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
    /// The state, for programs; none if the container is gone or the engine did not tell.
    pub container_state: Option<ContainerState>,
    /// Ports with their mappings.
    pub ports: Vec<String>,
    /// The last lines of standard output, each cut to 400 characters; with a terminal, of all output.
    pub stdout: Vec<String>,
    /// The last lines of standard error, each cut to 400 characters.
    pub stderr: Vec<String>,
    /// Why the output could not be read, or not all of it.
    pub output_error: Option<String>,
}

impl Report {
    /// Gathers what can be known of a container. What the engine does not tell in time is left out, and said.
    pub(crate) async fn of(
        container: &TestContainer,
        wait: &Branch,
        tails: Option<(Vec<u8>, Vec<u8>)>,
    ) -> Self {
        let mut report = Self { branches: wait.report(), ports: container.port_lines(), ..Self::default() };
        let subject = container.subject();
        let (state, output) = background()
            .run(async move {
                let state = async { Ok(subject.engine.inspect_end(&subject.id, &subject.name).await?.state) };
                futures_util::join!(in_time(state), last_lines(&subject))
            })
            .await;
        report.state = match state {
            Ok(state) => report.container_state.insert(state).describe(),
            Err(error) if error.is_not_found() => "removed".to_owned(),
            Err(error) => format!("unknown: {error}"),
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

    /// How the container ended, to go before "before it was ready".
    pub(crate) fn end_in_words(&self) -> String {
        match &self.container_state {
            Some(state) if state.oom_killed => "was OOM-killed".to_owned(),
            Some(ContainerState { exit_code: Some(code), .. }) => format!("exited with code {code}"),
            None if self.state == "removed" => "was removed".to_owned(),
            _ => "ended".to_owned(),
        }
    }

    /// Whether the container ended for want of memory.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        self.container_state.as_ref().is_some_and(|state| state.oom_killed)
    }
}

/// One fact, or why there is none.
async fn in_time<T>(fact: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(GATHER, fact).await {
        Ok(fact) => fact,
        Err(_) => Err(Error::new(Kind::Timeout, "the engine did not answer within 10 s")),
    }
}

/// The ends of both streams.
#[derive(Default)]
struct Ends {
    stdout: VecDeque<String>,
    stderr: VecDeque<String>,
    read: usize,
}

/// The last lines of each stream. The engine counts lines over both, so a stream that the log's end does not hold
/// enough of is looked for in all of it.
async fn last_lines(subject: &Subject) -> Result<Ends> {
    let logs = Logs::new(subject.clone());
    let mut ends = in_time(Ends::of(logs.clone().tail(ASKED))).await?;
    if ends.read >= ASKED {
        // Better the few lines that are known than none, should the whole take too long.
        if ends.stdout.len() < LINES
            && let Ok(whole) = in_time(Ends::of(logs.clone().only_stdout())).await
        {
            ends.stdout = whole.stdout;
        }
        if ends.stderr.len() < LINES
            && let Ok(whole) = in_time(Ends::of(logs.only_stderr())).await
        {
            ends.stderr = whole.stderr;
        }
    }
    Ok(ends)
}

impl Ends {
    async fn of(logs: Logs) -> Result<Self> {
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
            kept.push_back(cut(&line.text()));
        }
        Ok(ends)
    }
}

/// The last lines of a text that was kept.
fn lines_of(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().map(cut).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.branches.as_slice() {
            // What became of it is what the error says.
            [only] => writeln!(f, "  waiting for: {}{}", only.waited_for, last(only))?,
            branches => branches.iter().try_for_each(|branch| write_branch(f, branch))?,
        }
        writeln!(f, "  state: {}", self.state)?;
        let probe = self.container_state.as_ref().and_then(|state| state.health_output.as_deref());
        if let Some(output) = probe {
            writeln!(f, "  last health check printed: {}", quoted(output))?;
        }
        match self.ports.as_slice() {
            [] => f.write_str("  ports: none")?,
            ports => write!(f, "  ports: {}", ports.join("; "))?,
        }
        if let Some(error) = &self.output_error {
            return write!(f, "\n  output: not read: {}", cut(error));
        }
        if self.stdout.is_empty() && self.stderr.is_empty() {
            return f.write_str("\n  output: none");
        }
        write_stream(f, "stdout", &self.stdout)?;
        write_stream(f, "stderr", &self.stderr)
    }
}

fn write_branch(f: &mut fmt::Formatter<'_>, branch: &BranchReport) -> fmt::Result {
    let BranchReport { depth, waited_for, outcome, elapsed, .. } = branch;
    let margin = "  ".repeat(depth + 1);
    let label = if *depth == 0 { "waiting for:" } else { "-" };
    let (outcome, reason) = match outcome.split_once(": ") {
        // The error says of the outermost one why it failed.
        Some((failed, _)) if *depth == 0 => (failed, String::new()),
        Some((failed, reason)) => (failed, format!(": {}", cut(reason))),
        None => (outcome.as_str(), String::new()),
    };
    let after = seconds(*elapsed);
    writeln!(f, "{margin}{label} {waited_for} ({outcome} after {after}{reason}){}", last(branch))
}

/// What a branch that was not met saw last, as the end of its line.
fn last(branch: &BranchReport) -> String {
    if branch.last_seen.is_empty() || branch.is_met() {
        return String::new();
    }
    format!("; {}", cut(&branch.last_seen))
}

fn write_stream(f: &mut fmt::Formatter<'_>, name: &str, lines: &[String]) -> fmt::Result {
    match lines.len() {
        0 => return write!(f, "\n  {name}: nothing"),
        1 => write!(f, "\n  last line of {name}:")?,
        many => write!(f, "\n  last {many} lines of {name}:")?,
    }
    lines.iter().try_for_each(|line| write!(f, "\n    {line}"))
}

/// A text for a sentence: on one line, bounded, and told from none.
pub(crate) fn quoted(text: &str) -> String {
    match text.trim() {
        "" => "nothing".to_owned(),
        text => format!("`{}`", cut(text)),
    }
}

/// A text on one line, without colours and control characters, and no longer than is good to read.
fn cut(text: &str) -> String {
    let (mut out, mut chars, mut length) = (String::new(), text.chars(), 0);
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.as_str().starts_with('[') {
            // A terminal's sequence ends with the first letter behind its numbers.
            chars.by_ref().skip(1).find(|c| ('@'..='~').contains(c));
            continue;
        }
        if length == WIDTH {
            out.push('…');
            break;
        }
        out.push(if c.is_control() { ' ' } else { c });
        length += 1;
    }
    out.truncate(out.trim_end().len());
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

    /// C26.
    #[test]
    fn a_line_is_cut_and_cleaned_and_stays_so() {
        let long = cut(&"\u{1b}[1;31mx\u{1b}[0m\ty".repeat(100_000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (WIDTH + 1, true));
        assert!(long.starts_with("x yx y"), "{long}");
        assert_eq!(cut(&long), long);
        assert_eq!(cut("\u{1b}[31"), "", "a sequence that has no end");
        assert_eq!(cut("\u{1b}7x\r"), " 7x");
    }

    #[test]
    fn a_kept_end_gives_its_last_lines() {
        let text: String = (0..80).map(|n| format!("{n}\n")).collect();
        let lines = lines_of(text.as_bytes());
        assert_eq!((lines.len(), lines[0].as_str()), (LINES, "30"));
    }
}
