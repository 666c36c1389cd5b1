//! A run for people: how it goes on, on standard error; failures with their output, on standard output.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use seatrial::pool::PoolStatus;

use super::progress::Progress;
use super::time::in_words;
use super::{github, summary};
use crate::attempt::Attempt;
use crate::done::Done;
use crate::name::{Name, escaped};
use crate::observer::{CaseReport, Observer};
use crate::schedule::Place;
use crate::tally::Tally;
use crate::verdict::Verdict;

/// How many lines of a stream are shown: the last ones.
const LINES: usize = 100;
/// How many bytes of a line are shown.
const LINE: usize = 4_000;
/// How often a line tells how far it is, where there is no terminal.
const NOW_AND_THEN: Duration = Duration::from_secs(10);

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Lines that change, in a terminal.
    Terminal,
    /// A line now and then.
    Lines,
    /// Failures and the end.
    Quiet,
}

/// Shows a run.
#[derive(Debug)]
pub struct Console {
    look: Look,
    is_github: bool,
    is_verbose: bool,
    cases: usize,
    containers: usize,
    progress: Option<Progress>,
    to_be_tried_again: usize,
    annotations: usize,
    tally: (usize, String),
    began: Instant,
    last_line: Instant,
}

impl Console {
    /// Shows a run of so many cases. With `is_github` it writes annotations too.
    #[must_use]
    pub fn new(look: Look, cases: usize, is_github: bool, is_verbose: bool) -> Self {
        let progress = (look == Look::Terminal).then(|| Progress::new(cases));
        let (began, last_line) = (Instant::now(), Instant::now());
        Self {
            look,
            is_github,
            is_verbose,
            cases,
            containers: 0,
            progress,
            to_be_tried_again: 0,
            annotations: 0,
            tally: (0, String::new()),
            began,
            last_line,
        }
    }

    fn print(&self, text: &str) {
        let print = || {
            let mut stdout = io::stdout().lock();
            // Nobody reads any more: the run goes on for its other reports.
            let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        };
        match &self.progress {
            Some(progress) => progress.suspend(print),
            None => print(),
        }
    }

    /// How far it is, where there is no terminal.
    fn line(&self, after: Duration, running: usize) -> String {
        let (total, counts) = &self.tally;
        let again = match self.to_be_tried_again {
            0 => String::new(),
            count => format!(", {count} to be tried again"),
        };
        let (of, after) = (self.cases, in_words(after));
        format!("{total} of {of} after {after}: {counts}{again}; {running} running")
    }

    fn tell(&self, text: &str) {
        match self.look {
            Look::Terminal => self.progress.iter().for_each(|progress| progress.say(text.to_owned())),
            Look::Lines => eprintln!("{text}"),
            Look::Quiet => {}
        }
    }
}

impl Observer for Console {
    fn starting(&mut self, containers: usize) {
        self.containers = containers;
        self.began = Instant::now();
        self.tell(&format!("{} cases; starting {containers} containers", self.cases));
    }

    fn started(&mut self, _: &PoolStatus) {
        self.tell(&format!("started after {}", in_words(self.began.elapsed())));
        self.last_line = Instant::now();
    }

    fn case(&mut self, case: &CaseReport<'_>, tally: &Tally) {
        let tried_again = case.attempts.len().saturating_sub(1);
        self.to_be_tried_again = self.to_be_tried_again.saturating_sub(tried_again);
        if let Some(text) = told(case, self.is_verbose) {
            self.print(&text);
        }
        if self.is_github
            && self.annotations < github::MOST
            && let Some(line) = github::annotation(case)
        {
            self.annotations += 1;
            self.print(&format!("{line}\n"));
        }
        self.tally = (tally.total(), counts(tally));
        if let Some(progress) = &self.progress {
            progress.count(tally, self.to_be_tried_again);
        }
    }

    fn again(&mut self, name: Name<'_>, attempt: &Attempt) {
        self.to_be_tried_again += 1;
        if self.is_verbose {
            self.print(&format!("again   {name}: {}\n", attempt.end));
        }
    }

    fn tick(&mut self, pool: &PoolStatus) {
        if let Some(progress) = &mut self.progress {
            progress.show(pool);
        } else if self.look == Look::Lines && self.last_line.elapsed() >= NOW_AND_THEN {
            self.last_line = Instant::now();
            eprintln!("{}", self.line(self.began.elapsed(), pool.in_use()));
        }
    }

    fn done(&mut self, done: &Done) {
        if let Some(progress) = self.progress.take() {
            progress.clear();
        }
        self.print(&summary(done, self.containers));
    }
}

fn counts(tally: &Tally) -> String {
    let counts = Verdict::ALL.iter().filter(|verdict| tally.count(**verdict) > 0);
    counts.map(|verdict| format!("{} {verdict}", tally.count(*verdict))).collect::<Vec<_>>().join(", ")
}

/// What is told of a case: failures with their output, the flaky in a line, and all else only if that is wanted.
fn told(case: &CaseReport<'_>, is_verbose: bool) -> Option<String> {
    let (name, verdict) = (case.name, case.verdict);
    let reason = case.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let last = case.last().map(described).unwrap_or_default();
    match verdict {
        Verdict::Failed | Verdict::Infrastructure => {
            let mut text = format!("{verdict}: {name}{reason}: {last}\n");
            if verdict == Verdict::Failed {
                stream(&mut text, "stdout", &case.stdout);
                stream(&mut text, "stderr", &case.stderr);
                if let Some(count @ 1..) = case.last().and_then(|attempt| attempt.left_behind) {
                    text.push_str(&format!("  processes left behind, and ended: {count}\n"));
                }
            }
            Some(text)
        }
        Verdict::UnexpectedPass => {
            Some(format!("{verdict}: {name}{reason}: take it off the list of expected failures\n"))
        }
        Verdict::Flaky => Some(format!("{verdict}: {name}{reason}: {last}; it passed too\n")),
        Verdict::Passed | Verdict::ExpectedFailure if is_verbose => {
            Some(format!("{verdict}: {name}: {last}\n"))
        }
        Verdict::Excluded | Verdict::NotRun if is_verbose => Some(format!("{verdict}: {name}{reason}\n")),
        _ => None,
    }
}

fn described(attempt: &Attempt) -> String {
    let place = match attempt.place {
        Place::Shared => "",
        Place::Alone => ", alone",
    };
    let member = if attempt.member.is_empty() { String::new() } else { format!(" in {}", attempt.member) };
    format!("{} after {}{place}{member}", attempt.end, in_words(attempt.elapsed))
}

/// The last lines of a stream, indented; what would do something to a terminal is escaped.
fn stream(text: &mut String, name: &str, bytes: &[u8]) {
    let bytes = bytes.trim_ascii_end();
    if bytes.is_empty() {
        return text.push_str(&format!("  {name}: nothing\n"));
    }
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    match lines.len() - shown.len() {
        0 => text.push_str(&format!("  {name}:\n")),
        _ => text.push_str(&format!("  {name}, the last {} of {} lines:\n", shown.len(), lines.len())),
    }
    for line in shown {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let end = if line.len() > LINE { "…" } else { "" };
        text.push_str(&format!("    {}{end}\n", escaped(&line[..line.len().min(LINE)])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatrial::driver::Status;

    use crate::attempt::End;

    /// R23: *pure*.
    #[test]
    fn a_line_now_and_then_tells_how_far_it_is() {
        let mut console = Console::new(Look::Lines, 40, false, false);
        let mut tally = Tally::default();
        tally.add(Name(b"x"), Verdict::Passed, None);
        console.again(
            Name(b"y"),
            &Attempt::failed(Place::Shared, "m", "gone".to_owned(), Duration::from_secs(1)),
        );
        console.tally = (tally.total(), counts(&tally));
        let line = console.line(Duration::from_millis(12_500), 3);
        assert_eq!(line, "1 of 40 after 12.5 s: 1 passed, 1 to be tried again; 3 running");
    }

    /// R24: *pure*.
    #[test]
    fn a_failure_is_shown_with_the_end_of_its_output() {
        let end = End::Ran { status: Status::Error, exit_code: Some(3), signal: None, note: None };
        let attempt = Attempt {
            elapsed: Duration::from_millis(1620),
            ..Attempt::new(Place::Alone, "db-1".to_owned(), end)
        };
        let stdout: String = (0..150).map(|at| format!("line {at}\r\n")).collect();
        let case = CaseReport {
            name: Name(b"test_x"),
            verdict: Verdict::Failed,
            reason: None,
            attempts: &[attempt],
            stdout: stdout.into_bytes(),
            stderr: b"\x1b[2J no newline \xff".to_vec(),
        };
        let text = told(&case, false).expect("told");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "failed: test_x: exit code 3 after 1.62 s, alone in db-1");
        assert_eq!(lines[1..3], ["  stdout, the last 100 of 150 lines:", "    line 50"]);
        assert_eq!(lines[102..], ["  stderr:", "    \\u{1b}[2J no newline \\xff"]);
    }

    /// R24: *pure*.
    #[test]
    fn what_is_as_it_should_be_is_told_only_if_that_is_wanted() {
        let case = |verdict| CaseReport {
            name: Name(b"x"),
            verdict,
            reason: Some("why"),
            attempts: &[],
            stdout: Vec::new(),
            stderr: Vec::new(),
        };
        assert_eq!(told(&case(Verdict::Passed), false), None);
        assert_eq!(told(&case(Verdict::ExpectedFailure), false), None);
        assert_eq!(told(&case(Verdict::Excluded), true).as_deref(), Some("excluded: x (why)\n"));
        assert!(told(&case(Verdict::UnexpectedPass), false).is_some());
    }
}
