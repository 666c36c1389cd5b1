//! The results of tests by topic and engine.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// The numbers of tests that passed and failed, by topic and engine.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    engines: Vec<(String, usize)>,
    topics: BTreeMap<String, BTreeMap<String, Count>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    passed: usize,
    failed: usize,
}

impl Matrix {
    /// Adds the results of an engine: lines of JSON as the test harness prints them. `excused` tests were not run.
    pub(crate) fn add(&mut self, engine: &str, lines: &str, excused: usize) {
        self.engines.push((engine.to_owned(), excused));
        // A test that was tried again has several lines; the last one counts.
        let mut last = BTreeMap::new();
        for event in lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if let (Some("test"), Some(name), Some(end @ ("ok" | "failed"))) =
                (event["type"].as_str(), event["name"].as_str(), event["event"].as_str())
            {
                // After a `#` stands the number of the attempt.
                let name = name.split('#').next().unwrap_or(name);
                last.insert(name.to_owned(), end == "ok");
            }
        }
        for (name, passed) in last {
            let count = self.topics.entry(topic(&name)).or_default().entry(engine.to_owned()).or_default();
            if passed { count.passed += 1 } else { count.failed += 1 }
        }
    }
}

/// Returns the program and the first module of a test: `session/smoke` of `package::session$smoke::name`.
fn topic(name: &str) -> String {
    let (binary, test) = name.split_once('$').unwrap_or(("", name));
    let program = binary.rsplit("::").next().unwrap_or(binary);
    format!("{program}/{}", test.split("::").next().unwrap_or(test))
}

impl fmt::Display for Matrix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width =
            self.topics.keys().map(String::len).max().unwrap_or(0).max("not run, with a reason".len());
        write!(formatter, "{:width$}", "")?;
        for (engine, _) in &self.engines {
            write!(formatter, "  {engine:>16}")?;
        }
        let line = |count: Count| match count.failed {
            0 => format!("{} passed", count.passed),
            failed => format!("{failed} of {} failed", failed + count.passed),
        };
        let mut totals = BTreeMap::<&str, Count>::new();
        for (topic, counts) in &self.topics {
            write!(formatter, "\n{topic:width$}")?;
            for (engine, _) in &self.engines {
                let count = counts.get(engine).copied().unwrap_or_default();
                let total = totals.entry(engine).or_default();
                total.passed += count.passed;
                total.failed += count.failed;
                write!(formatter, "  {:>16}", line(count))?;
            }
        }
        write!(formatter, "\n{:width$}", "all")?;
        for (engine, _) in &self.engines {
            let total = totals.get(engine.as_str()).copied().unwrap_or_default();
            write!(formatter, "  {:>16}", line(total))?;
        }
        write!(formatter, "\n{:width$}", "not run, with a reason")?;
        for (_, excused) in &self.engines {
            write!(formatter, "  {excused:>16}")?;
        }
        writeln!(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(&str, &str)]) -> String {
        let line = |(event, name): &(&str, &str)| {
            format!("{{\"type\":\"test\",\"event\":\"{event}\",\"name\":\"p::{name}\"}}\n")
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn results_are_counted_by_topic_and_engine_and_the_last_attempt_counts() {
        let mut matrix = Matrix::default();
        let all =
            [("started", "a$x::one"), ("failed", "a$x::one"), ("ok", "a$x::one#2"), ("ok", "a$y::z::two")];
        matrix.add("docker", &of(&all), 0);
        matrix.add("podman", &of(&[("failed", "a$x::one"), ("ok", "a$x::three")]), 2);
        let text = matrix.to_string();
        let cells: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        assert_eq!(cells[0], ["docker", "podman"]);
        assert_eq!(cells[1], ["a/x", "1 passed", "1 of 2 failed"]);
        assert_eq!(cells[2], ["a/y", "1 passed", "0 passed"]);
        assert_eq!(cells[3], ["all", "2 passed", "1 of 2 failed"]);
        assert_eq!(cells[4], ["not run, with a reason", "0", "2"]);
    }
}
