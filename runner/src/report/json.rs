//! The report for programs: a line of JSON for the run, for each case, and for the end. `docs/runner.md` has its fields.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::output::Output;
use crate::attempt::{Attempt, End};
use crate::done::{Done, Stopped};
use crate::error::Result;
use crate::observer::{CaseReport, Observer};
use crate::run::Run;
use crate::schedule::Place;
use crate::tally::Tally;
use crate::verdict::Verdict;

/// The version of the lines' fields: another one if a field changes its meaning or goes.
const FORMAT: u32 = 1;

/// Writes lines of JSON.
pub struct JsonLines(Output);

impl JsonLines {
    /// Opens the file.
    ///
    /// # Errors
    /// Invalid, if it can't be written to.
    pub fn create(path: &Path) -> Result<Self> {
        Ok(Self(Output::create(path, "JSON")?))
    }

    /// Writes the line of a run, which is the first.
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
        self.0.write(|to| writeln!(to, "{value}"));
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
        if case.attempts.iter().any(|attempt| attempt.output.is_some()) {
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
        self.0.finish();
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
        End::Infrastructure(why) => {
            put("status", Some("infrastructure".into()));
            put("note", Some(why.as_str().into()));
        }
        End::Cancelled => put("status", Some("cancelled".into())),
    }
    put("cpu_seconds", attempt.cpu.map(seconds));
    put("max_rss_bytes", attempt.max_rss.map(Into::into));
    put("truncated", attempt.truncated.then_some(true.into()));
    put("left_behind", attempt.left_behind.map(Into::into));
    value
}

/// Bytes as text; those that are none with a second field that has them as base64.
fn put_text(line: &mut Map<String, Value>, key: &str, bytes: &[u8]) {
    line.insert(key.to_owned(), String::from_utf8_lossy(bytes).into_owned().into());
    if std::str::from_utf8(bytes).is_err() {
        line.insert(format!("{key}_base64"), BASE64_STANDARD.encode(bytes).into());
    }
}

/// Seconds with three decimals.
fn seconds(time: Duration) -> Value {
    let millis =
        u32::try_from(time.as_millis()).map_or(time.as_secs_f64(), |millis| f64::from(millis) / 1000.0);
    millis.into()
}
