//! Named steps with their times, and a summary at the end or at the first failure.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::console;

/// The steps that have run.
#[derive(Debug)]
pub(crate) struct Steps {
    start: Instant,
    done: RefCell<Vec<(String, Duration)>>,
}

impl Steps {
    /// Starts the clock.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), done: RefCell::default() }
    }

    /// Runs a step. Several steps may run at the same time.
    ///
    /// # Errors
    /// Returns the step's error with the step's name, after printing the summary.
    pub(crate) async fn run(&self, name: &str, work: impl Future<Output = Result<()>>) -> Result<()> {
        eprintln!("\n==== {name}");
        let start = Instant::now();
        let result = work.await;
        let took = start.elapsed();
        let word = if result.is_ok() { "done" } else { "FAILED" };
        eprintln!("==== {name}: {word} in {}", console::duration(took));
        if result.is_err() {
            eprint!("\n{}", self.summary(Some((name, took))));
        }
        self.done.borrow_mut().push((name.to_owned(), took));
        result.with_context(|| format!("step `{name}` failed"))
    }

    /// Prints the summary, if no step has failed.
    pub(crate) fn finish(&self) {
        eprint!("\n{}", self.summary(None));
    }

    fn summary(&self, failed: Option<(&str, Duration)>) -> String {
        let line = |word: &str, name: &str, took: Duration| {
            format!("{word:7} {name:22} {}\n", console::duration(took))
        };
        let mut text: String =
            self.done.borrow().iter().map(|(name, took)| line("ok", name, *took)).collect();
        if let Some((name, took)) = failed {
            text.push_str(&line("FAILED", name, took));
        }
        let result = if failed.is_some() { "failed" } else { "all passed" };
        text.push_str(&format!("{result} after {}\n", console::since(self.start)));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_names_its_step_and_stands_last_in_the_summary() {
        let steps = Steps::new();
        steps.run("first", async { Ok(()) }).await.expect("it works");
        let error = steps.run("second", async { anyhow::bail!("why") }).await.expect_err("it fails");
        assert_eq!(format!("{error:#}"), "step `second` failed: why");
        let summary = steps.summary(Some(("third", Duration::from_secs(2))));
        let starts: Vec<_> = summary.lines().map(|line| line.split_whitespace().next()).collect();
        assert_eq!(starts, [Some("ok"), Some("ok"), Some("FAILED"), Some("failed")]);
    }
}
