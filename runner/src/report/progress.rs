//! The progress of a run in a terminal: a line for each container, and one for the whole run.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use seatrial::pool::PoolStatus;

use crate::tally::Tally;
use crate::verdict::Verdict;

/// The most containers that have a line; more would fill the terminal.
const LINES: usize = 16;

/// The lines at the end of a terminal, on standard error.
#[derive(Debug)]
pub(super) struct Progress {
    lines: MultiProgress,
    total: ProgressBar,
    members: BTreeMap<String, (ProgressBar, String)>,
}

impl Progress {
    pub(super) fn new(cases: usize) -> Self {
        let lines = MultiProgress::new();
        let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos} of {len}  {msg}");
        let total = lines.add(ProgressBar::new(cases as u64));
        total.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        total.enable_steady_tick(Duration::from_millis(500));
        Self { lines, total, members: BTreeMap::new() }
    }

    /// Shows a message before there are cases to count.
    pub(super) fn say(&self, text: String) {
        self.total.set_message(text);
    }

    /// Shows the counts so far.
    pub(super) fn count(&self, tally: &Tally, to_be_retried: usize) {
        self.total.set_position(tally.total() as u64);
        let mut parts = Vec::new();
        for verdict in [Verdict::Failed, Verdict::UnexpectedPass, Verdict::Infrastructure, Verdict::Flaky] {
            if tally.count(verdict) > 0 {
                parts.push(format!("{} {verdict}", tally.count(verdict)));
            }
        }
        if to_be_retried > 0 {
            parts.push(format!("{to_be_retried} to be retried"));
        }
        self.total.set_message(parts.join(", "));
    }

    /// Shows the case that runs in each container, or the container's state.
    pub(super) fn show(&mut self, pool: &PoolStatus) {
        let names: Vec<_> = pool.members.iter().map(|member| &member.name).collect();
        self.members.retain(|name, (line, _)| {
            let stays = names.contains(&name);
            if !stays {
                self.lines.remove(line);
            }
            stays
        });
        for member in pool.members.iter().take(LINES) {
            let (line, shown) = self.members.entry(member.name.clone()).or_insert_with(|| {
                let line = self.lines.insert_before(&self.total, ProgressBar::new_spinner());
                let style = ProgressStyle::with_template("  {prefix}  {elapsed:>4}  {wide_msg}");
                line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                line.set_prefix(member.name.clone());
                (line, String::new())
            });
            let text = member.label.clone().unwrap_or_else(|| member.state.to_string());
            if text != *shown {
                line.reset_elapsed();
                line.set_message(text.clone());
                *shown = text;
            }
            line.tick();
        }
    }

    /// Prints something above the lines.
    pub(super) fn suspend(&self, print: impl FnOnce()) {
        self.lines.suspend(print);
    }

    /// Removes the lines.
    pub(super) fn clear(&self) {
        for (line, _) in self.members.values() {
            line.finish_and_clear();
        }
        self.total.finish_and_clear();
        // A terminal that is gone needs no clearing.
        let _ = self.lines.clear();
    }
}
