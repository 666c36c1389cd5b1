//! The state of a container, read from the engine's answer to an inspect, and printed as `docker ps` prints it.
//!
//! It is one look: what changes a state, and waiting for it, is elsewhere.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::container::age::in_words;

/// What a container is doing, or how it ended, when the engine was asked.
///
/// `Display` prints the words of `docker ps`: `Up 2 minutes (healthy)`, `Exited (137) 2 hours ago`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerState {
    /// What it is doing.
    pub status: ContainerStatus,
    /// What its health check says.
    pub health: Health,
    /// What the last probe of the health check printed, if one has ended.
    pub health_output: Option<String>,
    /// The code that its last run ended with; none if it has not ended.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for want of memory, as far as the engine noticed.
    pub oom_killed: bool,
    /// The process id of its first process, as the host numbers it; none if it does not run.
    pub pid: Option<u32>,
    /// When its last run began; none if it never ran.
    pub started_at: Option<SystemTime>,
    /// When its last run ended; none if it never did.
    pub finished_at: Option<SystemTime>,
    /// Why it could not be started, in the engine's words.
    pub error: Option<String>,
    /// How many times the engine has restarted it by its restart policy.
    pub restart_count: u64,
}

/// What a container is doing, in the engine's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContainerStatus {
    /// It was created and never ran.
    Created,
    /// Its first process runs.
    Running,
    /// It runs and is frozen.
    Paused,
    /// It ended, and its restart policy is about to run it again.
    Restarting,
    /// It is being removed.
    Removing,
    /// It ran and ended.
    Exited,
    /// Its removal failed half-way.
    Dead,
    /// A word that no version of Docker has, as the engine said it.
    Other(String),
}

/// What a container's health check says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Health {
    /// There is no health check.
    #[default]
    None,
    /// It has not decided yet.
    Starting,
    /// It passes.
    Healthy,
    /// It fails.
    Unhealthy,
    /// A word that no version of Docker has, as the engine said it.
    Other(String),
}

impl ContainerState {
    /// Reads the engine's answer to an inspect, or the part of it that is called `State`.
    ///
    /// What is missing, or is not what it should be, counts as not said: an unusual engine is no reason to fail.
    pub(crate) fn from_inspect(inspect: &Value) -> Self {
        let state = inspect.get("State").unwrap_or(inspect);
        let started_at = timestamp(&state["StartedAt"]);
        let status = status(state, started_at.is_some());
        // Podman's older versions have the other name.
        let health = if state["Health"].is_object() { &state["Health"] } else { &state["Healthcheck"] };
        let code = state["ExitCode"].as_i64();
        let last_probe = health["Log"].as_array().and_then(|log| log.last());
        Self {
            health: Health::from_word(health["Status"].as_str().unwrap_or_default()),
            health_output: last_probe.and_then(|probe| text(&probe["Output"])),
            // The engine says 0 of what has not ended yet.
            exit_code: code.filter(|code| *code != 0 || status.has_ended()),
            oom_killed: flag(state, "OOMKilled"),
            pid: state["Pid"].as_u64().and_then(|pid| pid.try_into().ok()).filter(|pid| *pid != 0),
            started_at,
            finished_at: timestamp(&state["FinishedAt"]),
            error: text(&state["Error"]),
            restart_count: inspect["RestartCount"].as_u64().unwrap_or_default(),
            status,
        }
    }

    /// What `docker ps` would print at this time.
    fn text_at(&self, now: SystemTime) -> String {
        // A clock that differs from the engine's may put the past into the future.
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

impl ContainerStatus {
    /// Docker's words, and Podman's for the same; what neither has is kept.
    fn from_word(word: &str) -> Self {
        match word {
            "created" | "configured" | "initialized" => Self::Created,
            "running" | "stopping" => Self::Running,
            "paused" => Self::Paused,
            "restarting" => Self::Restarting,
            "removing" => Self::Removing,
            "exited" | "stopped" => Self::Exited,
            "dead" => Self::Dead,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether its last run is over.
    fn has_ended(&self) -> bool {
        match self {
            Self::Restarting | Self::Exited | Self::Dead => true,
            Self::Created | Self::Running | Self::Paused | Self::Removing | Self::Other(_) => false,
        }
    }
}

/// Running goes first, and in it paused before restarting; of what does not run, removing before dead, and what never
/// started was only created.
fn status(state: &Value, started: bool) -> ContainerStatus {
    let word = state["Status"].as_str().or(state.as_str()).unwrap_or_default();
    let word = ContainerStatus::from_word(&word.to_ascii_lowercase());
    // Podman does not call running what is paused.
    if flag(state, "Paused") {
        return ContainerStatus::Paused;
    }
    if flag(state, "Restarting") {
        return ContainerStatus::Restarting;
    }
    if flag(state, "Running") {
        return ContainerStatus::Running;
    }
    match word {
        // There is no flag for it.
        ContainerStatus::Removing => word,
        _ if flag(state, "Dead") => ContainerStatus::Dead,
        ContainerStatus::Other(ref unknown) if unknown.is_empty() && state.is_object() => match started {
            true => ContainerStatus::Exited,
            false => ContainerStatus::Created,
        },
        word => word,
    }
}

fn flag(state: &Value, key: &str) -> bool {
    state[key].as_bool().unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A time as engines write it; their zero, in the year 1, is none, and so is what lies before 1970.
fn timestamp(value: &Value) -> Option<SystemTime> {
    let text = value.as_str()?;
    let (date, clock) = text.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-')?;
    let clock = clock.strip_prefix(['T', 't', ' '])?;
    let zone = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':')?;
    let [ahead_hours, ahead_minutes] = match zone {
        "Z" | "z" => [0, 0],
        zone => numbers(&zone[1..], ':')?,
    };
    let in_range =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    // Digits beyond a nanosecond's are cut off.
    let nanos = format!("{fraction:0<9}").get(..9).filter(|_| in_range)?.parse::<u32>().ok()?;
    let ahead = (ahead_hours * 60 + ahead_minutes) * if zone.starts_with('-') { -60 } else { 60 };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - ahead;
    let since_1970 = Duration::new(u64::try_from(seconds).ok()?, nanos);
    SystemTime::UNIX_EPOCH.checked_add(since_1970)
}

/// Exactly this many numbers, of digits alone and at most four of them.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let number = |part: &str| {
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    text.split(separator).map(number).collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// Days from 1970 to a date of the Gregorian calendar. Years are counted from March, so that the leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // What the same sum gives for the first of January 1970.
    const EPOCH: i64 = 719_468;
    year * 365 + leap_days + day_of_year - EPOCH
}

impl Health {
    fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "" | "none" => Self::None,
            "starting" => Self::Starting,
            "healthy" => Self::Healthy,
            "unhealthy" => Self::Unhealthy,
            _ => Self::Other(word.to_owned()),
        }
    }
}

impl fmt::Display for ContainerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text_at(SystemTime::now()))
    }
}

impl fmt::Display for ContainerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Other(word) if word.is_empty() => "unknown",
            Self::Other(word) => word,
        })
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Other(word) if word.is_empty() => "unknown",
            Self::Other(word) => word,
        })
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
        timestamp(&json!(text)).expect(text)
    }

    #[test]
    fn the_first_flag_in_order_decides() {
        let flags = ["Running", "Paused", "Restarting", "Dead"];
        for bits in 0_u8..1 << flags.len() {
            let [running, paused, restarting, dead] = [0, 1, 2, 3].map(|bit| bits >> bit & 1 == 1);
            for (removing, started) in [(false, false), (false, true), (true, false), (true, true)] {
                let mut state = json!({ "StartedAt": if started { START } else { ZERO } });
                for (flag, value) in flags.iter().zip([running, paused, restarting, dead]) {
                    state[*flag] = value.into();
                }
                if removing {
                    state["Status"] = "removing".into();
                }
                let expected = match () {
                    () if paused => ContainerStatus::Paused,
                    () if restarting => ContainerStatus::Restarting,
                    () if running => ContainerStatus::Running,
                    () if removing => ContainerStatus::Removing,
                    () if dead => ContainerStatus::Dead,
                    () if !started => ContainerStatus::Created,
                    () => ContainerStatus::Exited,
                };
                assert_eq!(read(state.clone()).status, expected, "{state}");
            }
        }
    }

    #[test]
    fn words_of_other_engines_are_mapped_or_kept() {
        for (word, status) in [
            ("stopped", ContainerStatus::Exited),
            ("configured", ContainerStatus::Created),
            ("initialized", ContainerStatus::Created),
            ("stopping", ContainerStatus::Running),
            ("Running", ContainerStatus::Running),
            ("frozen", ContainerStatus::Other("frozen".into())),
        ] {
            assert_eq!(read(json!({ "Status": word })).status, status);
            assert_eq!(
                ContainerState::from_inspect(&json!({ "State": word })).status,
                status,
                "as in a list"
            );
        }
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

    #[test]
    fn times_are_read_with_fractions_and_zones() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2000-03-01T00:00:00Z", 951_868_800, 0),
            ("2024-02-29T23:59:59.123456789Z", 1_709_251_199, 123_456_789),
            ("2024-02-29T23:59:59.1234567899Z", 1_709_251_199, 123_456_789),
            ("2024-03-01T01:59:59.5+02:00", 1_709_251_199, 500_000_000),
            ("2024-02-29T18:29:59-05:30", 1_709_251_199, 0),
        ] {
            assert_eq!(at(text), SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos), "{text}");
        }
        for text in
            ["", ZERO, "2024-02-29", "2024-02-29T10:00:00", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z"]
        {
            assert_eq!(timestamp(&json!(text)), None, "{text}");
        }
        for text in
            ["2024-0ü-29T10:00:00Z", "2024-01-01T00:00:00.xZ", "2024-01-01T00:00Z", "2024-+1-01T00:00:00Z"]
        {
            assert_eq!(timestamp(&json!(text)), None, "{text}");
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
        fn every_state_prints_something(word in words(), health in words(), code: Option<i64>, from in times(), to in times()) {
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

        #[test]
        fn no_time_panics(text in "[0-9]{0,5}-?[0-9]{0,3}-?[0-9TZ:.+-]{0,20}|.{0,30}") {
            let _ = timestamp(&json!(text));
        }
    }
}
