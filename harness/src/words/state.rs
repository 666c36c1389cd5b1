//! A container's state, parsed from the engine's answer to an inspect, and printed like `docker ps`.
//!
//! A state is a snapshot. Following changes and waiting for them are elsewhere.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::age::in_words;
use super::health::Health;
use super::status::ContainerStatus;
use super::time::parse_rfc3339;
use crate::words::seconds;

/// The exit code after SIGKILL, as shells and engines have it: 128 and the signal's number.
pub(crate) const KILLED: i64 = 137;

/// The maximum time by which a run's first line precedes its recorded start.
const START_LAG: Duration = Duration::from_millis(50);

/// A snapshot of a container's state.
///
/// `Display` prints the text of `docker ps`: `Up 2 minutes (healthy)`, `Exited (137) 2 hours ago`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerState {
    /// The status.
    pub status: ContainerStatus,
    /// The status of its health check.
    pub health: Health,
    /// The output of the health check's last completed probe.
    pub health_output: Option<String>,
    /// The exit code of its last run. `None` if that has not ended.
    pub exit_code: Option<i64>,
    /// `true` if the kernel killed one of its processes for lack of memory, as far as the engine noticed. That may have
    /// been a child, whose end the main process survived; see [`is_out_of_memory`](Self::is_out_of_memory).
    pub oom_killed: bool,
    /// `true` if the engine's events show that its last run went on after that kill.
    pub(crate) has_survived_oom: bool,
    /// The pid of its first process on the host. `None` if it does not run.
    pub pid: Option<u32>,
    /// The start of its last run. `None` if it never ran.
    pub started_at: Option<SystemTime>,
    /// The end of its last completed run. `None` if no run has ended.
    pub finished_at: Option<SystemTime>,
    /// The engine's error message of a failed start.
    pub error: Option<String>,
    /// The number of restarts by the engine's restart policy.
    pub restart_count: u64,
}

impl ContainerState {
    /// Parses the engine's answer to an inspect, or its `State` object.
    ///
    /// Missing and malformed values count as not reported, so that an unusual engine's answer is not refused.
    pub(crate) fn from_inspect(inspect: &Value) -> Self {
        let state = inspect.get("State").unwrap_or(inspect);
        let started_at = state["StartedAt"].as_str().and_then(parse_rfc3339);
        let status = ContainerStatus::read(state, started_at.is_some());
        // The key in older versions of Podman.
        let health = if state["Health"].is_object() { &state["Health"] } else { &state["Healthcheck"] };
        let code = state["ExitCode"].as_i64();
        let last_probe = health["Log"].as_array().and_then(|log| log.last());
        Self {
            health: Health::from_word(health["Status"].as_str().unwrap_or_default()),
            health_output: last_probe.and_then(|probe| text(&probe["Output"])),
            // The engine reports 0 for a container that has not ended.
            exit_code: code.filter(|code| *code != 0 || status.has_ended()),
            oom_killed: state["OOMKilled"].as_bool().unwrap_or_default(),
            has_survived_oom: false,
            pid: state["Pid"].as_u64().and_then(|pid| pid.try_into().ok()).filter(|pid| *pid != 0),
            started_at,
            finished_at: state["FinishedAt"].as_str().and_then(parse_rfc3339),
            error: text(&state["Error"]),
            restart_count: inspect["RestartCount"].as_u64().unwrap_or_default(),
            status,
        }
    }

    /// Returns `true` if it has processes, paused ones included.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.status, ContainerStatus::Running | ContainerStatus::Paused)
    }

    /// Returns `true` if its last run ended because the kernel killed its main process for lack of memory: the engine
    /// noticed such a kill, and the exit code is 137, that of a process that SIGKILL has ended.
    ///
    /// A main process that passes on the end of a child, as a shell does with that of its last command, ends with 137,
    /// too.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        self.oom_killed && self.exit_code == Some(KILLED) && !self.has_survived_oom
    }

    /// Returns `true` if it has ended and the engine is not about to restart it.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status, ContainerStatus::Exited | ContainerStatus::Dead)
    }

    /// Returns `true` if it runs, is not paused, and did not run out of memory.
    pub(crate) fn is_fit(&self) -> bool {
        self.status == ContainerStatus::Running && !self.oom_killed
    }

    /// Returns `true` if it has ended and the engine is about to restart it.
    #[must_use]
    pub fn is_restarting(&self) -> bool {
        self.status == ContainerStatus::Restarting
    }

    /// Returns the time at which its last run begins in its log, or `None` if the whole log belongs to it.
    ///
    /// The engine records a start while the process is running already, so the run's first lines may precede
    /// [`started_at`](Self::started_at), and the previous run's last lines may follow that run's recorded end. The gap
    /// between two runs is larger than either. The engine keeps the end of a single run only, so the caller states
    /// whether an ended container ran before.
    pub(crate) fn log_since(&self, ran_before: bool) -> Option<SystemTime> {
        let started = self.started_at?;
        if self.status.has_ended() {
            // A short run may end before its start is recorded.
            let began = self.finished_at.map_or(started, |finished| finished.min(started));
            return (ran_before || self.restart_count > 0).then(|| began - START_LAG);
        }
        let finished = self.finished_at?;
        Some(finished + started.duration_since(finished).unwrap_or_default() / 2)
    }

    /// Describes the state in one line, for a report.
    pub(crate) fn describe(&self) -> String {
        let ran = |until: SystemTime| {
            self.started_at.and_then(|began| until.duration_since(began).ok()).map(seconds)
        };
        let mut text = match (&self.status, self.exit_code) {
            (status, None) => {
                format!("{status} for {}", ran(SystemTime::now()).unwrap_or_else(|| "0 ms".to_owned()))
            }
            (status, Some(code)) => {
                let ran = self.finished_at.and_then(ran).map_or(String::new(), |ran| format!(" after {ran}"));
                format!("{status} with code {code}{ran}")
            }
        };
        match self.oom_killed {
            true if self.is_out_of_memory() => text.push_str(", OOM-killed"),
            true => text.push_str(", a child was OOM-killed"),
            false => {}
        }
        let restarts = self.restart_count;
        text.push_str(&format!(", {restarts} restart{}", if restarts == 1 { "" } else { "s" }));
        match &self.health {
            Health::None => text.push_str(", no health check"),
            health => text.push_str(&format!(", health: {health}")),
        }
        if let Some(error) = &self.error {
            text.push_str(&format!(", the engine says: {error}"));
        }
        text
    }

    /// Returns the text that `docker ps` would print at this time.
    fn text_at(&self, now: SystemTime) -> String {
        // With clocks that differ, a time of the engine may be in our future.
        let since = |time: Option<SystemTime>| {
            time.map(|time| in_words(now.duration_since(time).unwrap_or_default()))
        };
        let up = since(self.started_at).map_or("Up".to_owned(), |duration| format!("Up {duration}"));
        let ended = |word: &str| {
            let code = self.exit_code.unwrap_or_default();
            let ago = since(self.finished_at).map_or(String::new(), |duration| format!(" {duration} ago"));
            format!("{word} ({code}){ago}")
        };
        match (&self.status, &self.health) {
            (ContainerStatus::Created, _) => "Created".to_owned(),
            (ContainerStatus::Running, Health::None) => up,
            (ContainerStatus::Running, Health::Starting) => format!("{up} (health: starting)"),
            (ContainerStatus::Running, health) => format!("{up} ({health})"),
            (ContainerStatus::Paused, _) => format!("{up} (Paused)"),
            (ContainerStatus::Restarting, _) => ended("Restarting"),
            (ContainerStatus::Removing, _) => "Removal In Progress".to_owned(),
            (ContainerStatus::Exited, _) => ended("Exited"),
            (ContainerStatus::Dead, _) => "Dead".to_owned(),
            (ContainerStatus::Other(_), _) => self.status.to_string(),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

impl fmt::Display for ContainerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text_at(SystemTime::now()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const START: &str = "2024-02-29T10:00:00.5Z";
    const END: &str = "2024-02-29T11:00:00Z";
    const ZERO: &str = "0001-01-01T00:00:00Z";

    fn read(state: Value) -> ContainerState {
        ContainerState::from_inspect(&json!({ "State": state, "RestartCount": 3 }))
    }

    fn at(text: &str) -> SystemTime {
        parse_rfc3339(text).expect(text)
    }

    #[test]
    fn the_engine_s_facts_are_kept() {
        let state = read(json!({
            "Status": "exited", "OOMKilled": true, "Pid": 0, "ExitCode": 137, "Error": "", "StartedAt": START,
            "FinishedAt": END, "Health": { "Status": "unhealthy", "Log": [{ "Output": "a" }, { "Output": "b" }] },
        }));
        let expected = ContainerState {
            status: ContainerStatus::Exited,
            health: Health::Unhealthy,
            health_output: Some("b".into()),
            exit_code: Some(137),
            oom_killed: true,
            has_survived_oom: false,
            pid: None,
            started_at: Some(at(START)),
            finished_at: Some(at(END)),
            error: None,
            restart_count: 3,
        };
        assert_eq!(state, expected);
    }

    #[test]
    fn an_exit_code_is_there_once_a_run_has_ended() {
        for (status, code, expected) in [
            ("exited", 0, Some(0)),
            ("running", 0, None),
            ("created", 0, None),
            ("created", 127, Some(127)),
            ("restarting", 0, Some(0)),
        ] {
            assert_eq!(read(json!({ "Status": status, "ExitCode": code })).exit_code, expected, "{status}");
        }
    }

    /// C23: a run begins in the log between the previous run's end and its own recorded start.
    #[test]
    fn a_run_begins_in_the_log_between_the_end_before_and_its_written_start() {
        let since = |status: &str, finished: &str, restarts: u64, ran_before| {
            let state = json!({ "Status": status, "StartedAt": START, "FinishedAt": finished });
            let inspect = json!({ "State": state, "RestartCount": restarts });
            ContainerState::from_inspect(&inspect).log_since(ran_before)
        };
        let before = "2024-02-29T10:00:00Z";
        assert_eq!(since("running", ZERO, 0, false), None, "its first run");
        assert_eq!(since("running", before, 0, false), Some(at("2024-02-29T10:00:00.25Z")));
        assert_eq!(since("exited", END, 0, false), None, "its first run, which is over");
        assert_eq!(since("exited", before, 0, false), None, "its first run, which was short");
        let early = Some(at("2024-02-29T10:00:00.45Z"));
        assert_eq!(since("exited", END, 0, true), early, "a later run, which is over");
        assert_eq!(since("exited", END, 1, false), early, "the engine started it again");
        assert_eq!(
            since("exited", before, 0, true),
            Some(at("2024-02-29T09:59:59.95Z")),
            "a short later run"
        );
        assert_eq!(read(json!({})).log_since(true), None, "it never ran");
    }

    /// S1: *pure*. An inspect answer of any shape yields a state.
    #[test]
    fn an_answer_of_any_shape_is_read() {
        for answer in
            [json!(null), json!([]), json!({}), json!({ "State": 1 }), json!({ "State": { "Pid": "x" } })]
        {
            assert!(!ContainerState::from_inspect(&answer).to_string().is_empty(), "{answer}");
        }
        assert_eq!(
            read(json!({ "Health": { "Status": "", "Log": null } })).health,
            Health::None,
            "Podman's none"
        );
        assert_eq!(read(json!({ "Healthcheck": { "Status": "healthy" } })).health, Health::Healthy);
        assert_eq!(read(json!({ "Health": { "Status": "Odd" } })).health, Health::Other("Odd".into()));
    }

    /// S3: *pure*. The text of a state is that of `docker ps`.
    #[test]
    fn the_text_is_that_of_docker_ps() {
        let health =
            |status: &str| json!({ "Status": "running", "StartedAt": START, "Health": { "Status": status } });
        let with = |status: &str| json!({ "Status": status, "StartedAt": START, "FinishedAt": END, "ExitCode": 137, "Health": { "Status": "healthy" } });
        for (state, text) in [
            (json!({ "Status": "running", "StartedAt": START }), "Up 3 hours"),
            (health("none"), "Up 3 hours"),
            (health("starting"), "Up 3 hours (health: starting)"),
            (health("healthy"), "Up 3 hours (healthy)"),
            (health("unhealthy"), "Up 3 hours (unhealthy)"),
            (health("odd"), "Up 3 hours (odd)"),
            (with("paused"), "Up 3 hours (Paused)"),
            (with("restarting"), "Restarting (137) 2 hours ago"),
            (with("exited"), "Exited (137) 2 hours ago"),
            (with("removing"), "Removal In Progress"),
            (with("dead"), "Dead"),
            (with("created"), "Created"),
            (with("frozen"), "frozen"),
            (
                json!({ "Status": "exited", "StartedAt": START, "FinishedAt": ZERO, "ExitCode": 0 }),
                "Exited (0)",
            ),
            (json!({ "Status": "running", "StartedAt": ZERO }), "Up"),
            (json!({ "Status": "running", "StartedAt": "2025-01-01T00:00:00Z" }), "Up Less than a second"),
            (json!(""), "unknown"),
        ] {
            assert_eq!(read(state.clone()).text_at(at("2024-02-29T13:00:00Z")), text, "{state}");
        }
    }

    fn words() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z]{0,10}", "created|running|paused|restarting|removing|exited|dead", ".{0,10}"]
    }

    fn times() -> impl Strategy<Value = Option<SystemTime>> {
        any::<Option<u32>>().prop_map(|time| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(time?.into())))
    }

    proptest! {
        #[test]
        fn every_state_prints_something(
            word in words(), health in words(), code: Option<i64>, from in times(), to in times(),
        ) {
            let state = ContainerState {
                status: ContainerStatus::from_word(&word),
                health: Health::from_word(&health),
                exit_code: code,
                started_at: from,
                finished_at: to,
                ..read(json!({}))
            };
            prop_assert!(!state.to_string().is_empty());
            prop_assert!(!state.status.to_string().is_empty());
        }

    }
}
