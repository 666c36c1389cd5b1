//! Determines whether a container was killed for lack of memory, since the engine's flag alone does not tell.
//!
//! Docker learns of a container's end and of the kernel's kill by two separate messages. Docker 20.10 sets the flag
//! only if the end arrives second, but sends an `oom` event in either order (`daemon/monitor.go`,
//! `libcontainerd/remote/client.go`). And the flag says only that the kernel killed one of the container's processes:
//! it is set, too, if that was a child, whose end the main process has survived.

use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, TryStreamExt};
use hyper::Method;
use serde_json::{Value, json};

use super::info::ContainerInfo;
use super::path::ApiPath;
use super::target::Target;
use super::version::EngineKind;
use crate::base::{background, timeout};
use crate::words::{KILLED, Result, engine_seconds};

/// The time that the engine may take after an end to report an `oom` event.
const TOLD_WITHIN: Duration = Duration::from_millis(250);
/// The time limit for reading the events before an end.
const READ_WITHIN: Duration = Duration::from_secs(2);
/// The longest time between the kernel's kill and the end of the process that it killed.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

impl Target {
    /// Inspects an ended container. If it was killed, and it ran out of memory or has a memory limit, the engine's events
    /// are asked for the reason. This takes up to 250 ms longer if the engine's flag is not set.
    pub(crate) async fn inspect_end(&self) -> Result<ContainerInfo> {
        let mut info = self.inspect().await?;
        if info.state.is_running() || info.state.exit_code != Some(KILLED) {
            return Ok(info);
        }
        let since = info.state.started_at.map(engine_seconds);
        let is_doubtful = !info.state.oom_killed && info.memory_limit.is_some();
        if is_doubtful && self.engine.version().kind == EngineKind::Docker {
            let told = self.clone().tells_of_oom(since.clone());
            // Without an answer in time, the container does not count as killed for lack of memory.
            let told = background().run(timeout(TOLD_WITHIN, told)).await;
            info.state.oom_killed = told.is_ok_and(|told| told);
        }
        if info.state.oom_killed
            && let Some(finished) = info.state.finished_at
        {
            let events = self.clone().events_before(since, finished);
            let events = background().run(timeout(READ_WITHIN, events)).await.unwrap_or_default();
            info.state.has_survived_oom = is_survived(&events, finished);
        }
        Ok(info)
    }

    /// Returns `true` once the engine reports an `oom` event since the container's last start.
    async fn tells_of_oom(self, since: Option<String>) -> bool {
        let filters = json!({ "type": ["container"], "container": [self.id.as_str()], "event": ["oom"] });
        let path = ApiPath::new("/events").with("filters", filters).with_some("since", since);
        let operation = self.operation("look for the reason of its end");
        let events = match self.engine.body(operation, Method::GET, path).await {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!("{error}");
                return false;
            }
        };
        // The filter passes only `oom` events, so any data is one.
        let mut told = events.try_filter(|piece| std::future::ready(!piece.is_empty()));
        matches!(told.next().await, Some(Ok(_)))
    }

    /// Returns the `oom` and `kill` events of the container's last run, in the engine's order; none if the engine does not
    /// answer.
    async fn events_before(self, since: Option<String>, end: SystemTime) -> Vec<Value> {
        let filters =
            json!({ "type": ["container"], "container": [self.id.as_str()], "event": ["oom", "kill"] });
        let path = ApiPath::new("/events")
            .with("filters", filters)
            .with_some("since", since)
            .with("until", engine_seconds(end));
        let operation = self.operation("look for the reason of its end");
        let mut text = Vec::new();
        match self.engine.body(operation, Method::GET, path).await {
            Ok(mut pieces) => {
                while let Some(Ok(piece)) = pieces.next().await {
                    text.extend_from_slice(&piece);
                }
            }
            Err(error) => tracing::debug!("{error}"),
        }
        serde_json::Deserializer::from_slice(&text).into_iter().map_while(serde_json::Result::ok).collect()
    }
}

/// Returns `true` if a killed container has survived the last time that it ran out of memory: somebody killed it
/// afterwards, or it ran on.
fn is_survived(events: &[Value], end: SystemTime) -> bool {
    let action = |event: &Value| {
        let action = event["Action"].as_str().or_else(|| event["status"].as_str());
        action.unwrap_or_default().to_owned()
    };
    let Some(last) = events.iter().rposition(|event| action(event) == "oom") else { return false };
    let is_kill = |event: &Value| {
        let signal = event["Actor"]["Attributes"]["signal"].as_str();
        action(event) == "kill" && matches!(signal, Some("9" | "KILL" | "SIGKILL"))
    };
    if events[last + 1..].iter().any(is_kill) {
        return true;
    }
    let at = events[last]["timeNano"].as_u64().map(Duration::from_nanos);
    let at = at.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    at.and_then(|at| end.duration_since(at).ok()).is_some_and(|lived_on| lived_on > ENDS_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C25: events tell whether a kill for lack of memory was what ended a container.
    #[test]
    fn a_kill_for_memory_is_survived_if_it_ran_on_or_was_killed_later() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let oom = |seconds: u64| json!({ "Action": "oom", "timeNano": seconds * 1_000_000_000 });
        let kill =
            |signal: &str| json!({ "Action": "kill", "Actor": { "Attributes": { "signal": signal } } });
        for (events, survived) in [
            (vec![], false),
            (vec![oom(99)], false),
            (vec![kill("9"), oom(99)], false),
            (vec![oom(99), kill("15")], false),
            (vec![oom(99), kill("9")], true),
            (vec![oom(99), kill("9"), oom(100)], false),
            (vec![oom(20)], true),
            (vec![oom(20), oom(99)], false),
            (vec![oom(101)], false),
            (vec![json!({ "status": "oom" })], false),
            (vec![json!({ "status": "oom" }), kill("KILL")], true),
        ] {
            assert_eq!(is_survived(&events, end), survived, "{events:?}");
        }
    }
}
