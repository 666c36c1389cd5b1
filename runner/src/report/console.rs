//! The display of a run for people: its progress on standard error, failures with their output on standard output.

use std::collections::HashSet;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use seatrial::pool::PoolStatus;

use super::progress::Progress;
use super::time::in_words;
use super::told::told;
use super::{ci, summary};
use crate::attempt::Attempt;
use crate::done::Done;
use crate::name::Name;
use crate::observer::{CaseReport, Observer};
use crate::tally::Tally;
use crate::verdict::Verdict;

/// The time between two lines of progress, where there is no terminal.
const NOW_AND_THEN: Duration = Duration::from_secs(10);

/// The kind of display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Lines that change, in a terminal.
    Terminal,
    /// A line now and then.
    Lines,
    /// Failures and the summary only.
    Quiet,
}

/// The stream on which failures and the summary are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Standard output.
    Stdout,
    /// Standard error, where a report has standard output for itself.
    Stderr,
}

/// The display of a run for people.
#[derive(Debug)]
pub struct Console {
    look: Look,
    sink: Sink,
    is_ci: bool,
    is_github: bool,
    is_verbose: bool,
    cases: usize,
    containers: usize,
    progress: Option<Progress>,
    /// The names of the cases that are going to be retried.
    to_be_retried: HashSet<Box<[u8]>>,
    annotations: usize,
    tally: (usize, String),
    began: Instant,
    last_line: Instant,
}

impl Console {
    /// Creates the display of a run of so many cases.
    #[must_use]
    pub fn new(look: Look, cases: usize) -> Self {
        let progress = (look == Look::Terminal).then(|| Progress::new(cases));
        let (began, last_line) = (Instant::now(), Instant::now());
        Self {
            look,
            sink: Sink::Stdout,
            is_ci: false,
            is_github: false,
            is_verbose: false,
            cases,
            containers: 0,
            progress,
            to_be_retried: HashSet::new(),
            annotations: 0,
            tally: (0, String::new()),
            began,
            last_line,
        }
    }

    /// Sets the stream for failures and the summary. Default: standard output.
    #[must_use]
    pub fn sink(mut self, sink: Sink) -> Self {
        self.sink = sink;
        self
    }

    /// Shows every case. Default: those that need attention.
    #[must_use]
    pub fn verbose(mut self) -> Self {
        self.is_verbose = true;
        self
    }

    /// Keeps what is printed from being taken as commands by a CI service; see
    /// [`without_commands`](crate::without_commands). Default: it is printed as it is.
    #[must_use]
    pub fn for_ci(mut self) -> Self {
        self.is_ci = true;
        self
    }

    /// Adds annotations of GitHub Actions, and does what [`for_ci`](Self::for_ci) does. Default: none.
    #[must_use]
    pub fn for_github(mut self) -> Self {
        self.is_github = true;
        self.for_ci()
    }

    /// Prints a text that may hold output of cases.
    fn print(&self, text: &str) {
        if self.is_ci { self.print_as_is(&ci::without_commands(text)) } else { self.print_as_is(text) }
    }

    fn print_as_is(&self, text: &str) {
        let print = || {
            // If the stream is closed, the run goes on for its other reports.
            let _ = match self.sink {
                Sink::Stdout => {
                    let mut stdout = io::stdout().lock();
                    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
                }
                Sink::Stderr => io::stderr().lock().write_all(text.as_bytes()),
            };
        };
        match &self.progress {
            Some(progress) => progress.suspend(print),
            None => print(),
        }
    }

    /// Returns the line of progress, for where there is no terminal.
    fn line(&self, after: Duration, running: usize) -> String {
        let (total, counts) = &self.tally;
        let mut parts = Vec::new();
        if !counts.is_empty() {
            parts.push(counts.clone());
        }
        if !self.to_be_retried.is_empty() {
            parts.push(format!("{} to be retried", self.to_be_retried.len()));
        }
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        format!("{total} of {} after {}{parts}; {running} running", self.cases, in_words(after))
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
        let (cases, containers) = (counted(self.cases, "case"), counted(containers, "container"));
        self.tell(&format!("{cases}; starting {containers}"));
    }

    fn started(&mut self, _: &PoolStatus) {
        self.tell(&format!("started after {}", in_words(self.began.elapsed())));
        self.last_line = Instant::now();
    }

    fn case(&mut self, case: &CaseReport<'_>, tally: &Tally) {
        self.to_be_retried.remove(case.name.0);
        if let Some(text) = told(case, self.is_verbose) {
            self.print(&text);
        }
        if self.is_github
            && self.annotations < ci::MOST
            && let Some(line) = ci::annotation(case)
        {
            self.annotations += 1;
            self.print_as_is(&format!("{line}\n"));
        }
        self.tally = (tally.total(), counts(tally));
        if let Some(progress) = &self.progress {
            progress.count(tally, self.to_be_retried.len());
        }
    }

    fn again(&mut self, name: Name<'_>, attempt: &Attempt) {
        self.to_be_retried.insert(name.0.into());
        if self.is_verbose {
            self.print(&format!("to be retried: {name}: {}\n", attempt.end));
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

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn counts(tally: &Tally) -> String {
    let counts = Verdict::ALL.iter().filter(|verdict| tally.count(**verdict) > 0);
    counts.map(|verdict| format!("{} {verdict}", tally.count(*verdict))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::End;
    use crate::rules::Place;

    /// R23: *pure*. A line of progress reads well from the first on.
    #[test]
    fn a_line_now_and_then_tells_the_progress() {
        let mut console = Console::new(Look::Lines, 40);
        let line = |console: &Console| console.line(Duration::from_millis(12_500), 3);
        assert_eq!(line(&console), "0 of 40 after 12.5 s; 3 running");
        let end = End::Infrastructure("gone".to_owned());
        console.again(Name(b"y"), &Attempt::new(Place::Shared, "m", end));
        assert_eq!(line(&console), "0 of 40 after 12.5 s: 1 to be retried; 3 running");
        let mut tally = Tally::default();
        tally.add(Name(b"x"), Verdict::Passed, None);
        console.tally = (tally.total(), counts(&tally));
        assert_eq!(line(&console), "1 of 40 after 12.5 s: 1 passed, 1 to be retried; 3 running");
        console.to_be_retried.clear();
        assert_eq!(line(&console), "1 of 40 after 12.5 s: 1 passed; 3 running");
    }
}
