//! The summary of a run, for people.

use std::fmt::Write as _;

use super::time::in_words;
use crate::done::{Done, Stopped};
use crate::verdict::Verdict;

/// The most names after a count.
const NAMES: usize = 12;

/// Returns the summary of a run in a pool of so many containers, as lines of text.
#[must_use]
pub fn summary(done: &Done, containers: usize) -> String {
    let mut text = String::new();
    let tally = &done.tally;
    let (total, elapsed) = (tally.total(), in_words(done.elapsed));
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let _ = write!(text, "{total} case{} in {elapsed}", plural(total));
    if let Some(part) = done.utilization {
        let _ = write!(
            text,
            ", in {containers} container{} that started in {} and were in use for {:.0} % of the time",
            plural(containers),
            in_words(done.startup),
            part * 100.0,
        );
    }
    text.push('\n');
    for verdict in Verdict::ALL {
        let count = tally.count(verdict);
        if count > 0 {
            let _ =
                writeln!(text, "{}", format!("  {count:>6} {verdict}{}", names(done, verdict)).trim_end());
        }
    }
    let slowest = tally.slowest();
    if slowest.len() > 1 {
        text.push_str("slowest:\n");
        for (took, name) in slowest {
            let _ = writeln!(text, "  {:>11}  {name}", in_words(took));
        }
    }
    add_end(&mut text, done);
    text
}

/// Adds the reason why the run ended early, a hint, and the warnings.
fn add_end(text: &mut String, done: &Done) {
    match &done.stopped {
        None => {}
        Some(Stopped::Interrupted) => {
            text.push_str("interrupted: nothing is known of the cases that were not run\n")
        }
        Some(Stopped::TimeUp) => {
            text.push_str("the time of the run was up: nothing is known of the cases that were not run\n")
        }
        Some(Stopped::GaveUp(reason)) => {
            let _ = writeln!(text, "the run gave up: {reason}");
        }
    }
    if done.is_pool_too_large() {
        text.push_str(
            "hint: the containers were idle for more than 40 % of the time; use fewer (`--pool`), or have the longest cases \
             run first (`--durations`)\n",
        );
    }
    for warning in &done.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
}

fn names(done: &Done, verdict: Verdict) -> String {
    let (names, count) = (done.tally.names(verdict), done.tally.count(verdict));
    if names.is_empty() {
        return String::new();
    }
    let shown = names.len().min(NAMES);
    let more = if count > shown { format!(", and {} more", count - shown) } else { String::new() };
    format!(": {}{more}", names[..shown].join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::name::Name;

    /// R24: *pure*. A summary has counts, names, the slowest cases and hints.
    #[test]
    fn a_summary_counts_names_and_hints() {
        let mut done = Done::new(false);
        for at in 0..20u64 {
            let (name, took) = (format!("case{at}"), Some(Duration::from_millis(at * 100)));
            let verdict = if at % 10 == 3 { Verdict::Flaky } else { Verdict::Passed };
            done.tally.add(Name(name.as_bytes()), verdict, took);
        }
        done.tally.add(Name(b"bad"), Verdict::Failed, None);
        (done.elapsed, done.startup) = (Duration::from_secs(9), Duration::from_millis(300));
        (done.shared_part, done.utilization) = (Duration::from_secs(8), Some(0.43));
        let text = summary(&done, 4);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "21 cases in 9.00 s, in 4 containers that started in 300 ms and were in use for 43 % of the time",
                "      18 passed",
                "       2 flaky: case3, case13",
                "       1 failed: bad",
            ]
        );
        assert_eq!(lines[5], "       1.90 s  case19");
        assert!(
            lines.last().is_some_and(|line| line.starts_with("hint: the containers were idle")),
            "{text}"
        );
    }
}
