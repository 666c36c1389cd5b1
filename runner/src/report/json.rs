//! The report for programs: lines of JSON for the run, for each case, and for the end. `docs/runner.md` lists the fields.
//! Each line is in the file when its verdict is known.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::ci::COMMANDS;
use super::file::Target;
use crate::attempt::{Attempt, End};
use crate::done::{Done, Stopped};
use crate::error::{Error, Result};
use crate::observer::{CaseReport, Observer};
use crate::run::Run;
use crate::rules::Place;
use crate::tally::Tally;
use crate::verdict::{Outcome, Verdict};

/// The version of the fields. It changes when a field changes its meaning or is removed.
const FORMAT: u32 = 1;

/// A report of JSON lines.
pub struct JsonLines(Target);

impl JsonLines {
    /// Opens the file; `-` is standard output. A file of that name is emptied by the first line.
    ///
    /// # Errors
    /// Invalid, if nothing can be written to the path.
    pub fn create(path: &Path) -> Result<Self> {
        Ok(Self(Target::growing(path, "JSON")?))
    }

    /// Writes the first line, which describes the run.
    pub fn begin(&mut self, image: &str, run: &Run) {
        let plan = run.plan();
        self.line(&json!({
            "type": "run",
            "format": FORMAT,
            "version": env!("CARGO_PKG_VERSION"),
            "started": seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
            "image": image,
            "cases": plan.len(),
            "excluded": plan.excluded().len(),
            "left_out": plan.left_out(),
        }));
    }

    fn line(&mut self, value: &Value) {
        let line = without_commands(value.to_string());
        self.0.write(|to| writeln!(to, "{line}"));
    }
}

impl Observer for JsonLines {
    fn case(&mut self, case: &CaseReport<'_>, _: &Tally) {
        let mut line = Map::new();
        line.insert("type".to_owned(), "case".into());
        put_text(&mut line, "case", case.name.0);
        line.insert("verdict".to_owned(), case.verdict.word().into());
        if let Some(reason) = case.reason {
            line.insert("reason".to_owned(), reason.into());
        }
        let attempts = case.attempts.iter().map(attempt).collect();
        line.insert("attempts".to_owned(), Value::Array(attempts));
        if case.attempts.iter().any(|attempt| attempt.outcome() == Outcome::Fail) {
            put_text(&mut line, "stdout", &case.stdout);
            put_text(&mut line, "stderr", &case.stderr);
        }
        self.line(&Value::Object(line));
    }

    fn done(&mut self, done: &Done) {
        let counts: Map<_, _> = Verdict::ALL
            .iter()
            .map(|verdict| (verdict.word().replace('-', "_"), done.tally.count(*verdict).into()))
            .collect();
        let (stopped, why) = match &done.stopped {
            None => (None, None),
            Some(Stopped::Interrupted) => (Some("interrupted"), None),
            Some(Stopped::TimeUp) => (Some("time-up"), None),
            Some(Stopped::GaveUp(why)) => (Some("gave-up"), Some(why)),
        };
        self.line(&json!({
            "type": "end",
            "exit_code": done.exit_code(),
            "counts": counts,
            "stopped": stopped,
            "why": why,
            "seconds": seconds(done.elapsed),
            "startup_seconds": seconds(done.startup),
            "utilization": done.utilization,
            "warnings": done.warnings,
        }));
    }

    fn close(&mut self) -> Vec<Error> {
        self.0.close().err().into_iter().collect()
    }
}

fn attempt(attempt: &Attempt) -> Value {
    let place = match attempt.place {
        Place::Shared => "shared",
        Place::Alone => "alone",
    };
    let mut value = json!({ "place": place, "member": attempt.member, "seconds": seconds(attempt.elapsed) });
    let Some(fields) = value.as_object_mut() else { return value };
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value);
        }
    };
    match &attempt.end {
        End::Ran { status, exit_code, signal, note } => {
            put("status", Some(status.to_string().into()));
            put("exit_code", exit_code.map(Into::into));
            put("signal", signal.map(Into::into));
            put("note", note.as_deref().map(Into::into));
        }
        End::Skipped { exit_code, reason } => {
            put("status", Some("skipped".into()));
            put("exit_code", Some((*exit_code).into()));
            put("note", reason.as_deref().map(Into::into));
        }
        End::Infrastructure(reason) | End::NoContainer(reason) => {
            put("status", Some("infrastructure".into()));
            put("note", Some(reason.as_str().into()));
        }
        End::Cancelled => put("status", Some("cancelled".into())),
    }
    put("cpu_seconds", attempt.cpu.map(seconds));
    put("max_rss_bytes", attempt.max_rss.map(Into::into));
    put("truncated", attempt.truncated.then_some(true.into()));
    put("left_behind", attempt.left_behind.map(Into::into));
    value
}

/// Returns a line of JSON in which a CI service finds no commands: a line on standard output may be in its log.
fn without_commands(mut line: String) -> String {
    for command in COMMANDS {
        if line.contains(command) {
            line = line.replace(command, &command.replacen('#', "\\u0023", 1));
        }
    }
    line
}

/// Adds bytes as text. Bytes that are not UTF-8 get a second field, in base64.
fn put_text(line: &mut Map<String, Value>, key: &str, bytes: &[u8]) {
    line.insert(key.to_owned(), String::from_utf8_lossy(bytes).into_owned().into());
    if std::str::from_utf8(bytes).is_err() {
        line.insert(format!("{key}_base64"), BASE64_STANDARD.encode(bytes).into());
    }
}

/// Returns a duration as seconds with three decimals.
fn seconds(time: Duration) -> Value {
    let millis =
        u32::try_from(time.as_millis()).map_or(time.as_secs_f64(), |millis| f64::from(millis) / 1000.0);
    millis.into()
}

impl std::fmt::Debug for JsonLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON report")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    fn case(name: &[u8]) -> CaseReport<'_> {
        CaseReport {
            name: Name(name),
            verdict: Verdict::Passed,
            reason: None,
            attempts: &[],
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }

    /// R26. A line is in the file as soon as its verdict is known, whatever happens to the run then.
    #[test]
    fn each_line_is_there_when_its_verdict_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.jsonl");
        std::fs::write(&path, "a line of an earlier run, and a long one\n".repeat(100)).expect("a file");
        let mut json = JsonLines::create(&path).expect("opened");
        assert_eq!(std::fs::read_to_string(&path).expect("text").lines().count(), 100, "nothing was run yet");
        for count in 1..=3 {
            json.case(&case(b"x"), &Tally::default());
            let lines = std::fs::read_to_string(&path).expect("text");
            assert!(lines.ends_with('\n'));
            assert_eq!(lines.lines().filter(|line| line.contains(r#""case":"x""#)).count(), count, "{lines}");
            assert_eq!(lines.lines().count(), count, "{lines}");
        }
        assert!(json.close().is_empty());
    }

    /// R28. A line on standard output holds no command for a CI service, and means the same.
    #[test]
    fn a_line_holds_no_command_and_means_the_same() {
        let value = json!({ "stdout": "##[error]a ##vso[b] ##teamcity[c] ## #[ \\##[" });
        let line = without_commands(value.to_string());
        assert!(!COMMANDS.iter().any(|command| line.contains(command)), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON"), value);
    }

    /// R26. A report that could not be written completely is an error.
    #[test]
    fn a_report_on_a_full_disk_is_an_error() {
        let mut json = JsonLines::create(Path::new("/dev/full")).expect("opened");
        json.case(&case(b"x"), &Tally::default());
        let [error] = &json.close()[..] else { panic!("it is full") };
        assert_eq!(error.to_string(), "the JSON report in `/dev/full` is not complete");
        assert!(json.close().is_empty(), "it is told once");
    }
}
