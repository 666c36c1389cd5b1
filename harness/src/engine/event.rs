//! A container event of the engine, parsed from its JSON. Its effects are handled elsewhere.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::words::Health;

/// A container event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContainerEvent {
    /// The container's full id.
    pub(crate) id: String,
    /// The time by the engine's clock. `None` if the engine reports whole seconds only, since the order of two events
    /// within one second would be unknown.
    pub(crate) at: Option<SystemTime>,
    pub(crate) kind: EventKind,
}

/// The type of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Start,
    /// A run ended, with its exit code if the engine reports one.
    Die(Option<i64>),
    Pause,
    Unpause,
    /// The kernel killed one of its processes for lack of memory.
    Oom,
    /// The container was stopped and started. Both have events of their own, too.
    Restart,
    Health(Health),
    /// The container was removed.
    Destroy,
}

impl ContainerEvent {
    /// Parses an event. Returns `None` for an unknown type, and for an event that is not about a container.
    pub(crate) fn read(event: &Value) -> Option<Self> {
        if event["Type"].as_str().is_some_and(|of| of != "container") {
            return None;
        }
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let attributes = &event["Actor"]["Attributes"];
        let id = text(&event["Actor"]["ID"]).or_else(|| text(&event["id"]))?;
        let action = text(&event["Action"]).or_else(|| text(&event["status"]))?;
        // Docker appends the health status to the action after a colon; Podman puts it beside the action.
        let (action, detail) = action.split_once(':').unwrap_or((&action, ""));
        let number = |key: &str| attributes[key].as_str().and_then(|code| code.parse().ok());
        let kind = match action.trim() {
            "start" => EventKind::Start,
            "die" | "died" => EventKind::Die(number("exitCode").or_else(|| number("containerExitCode"))),
            "pause" => EventKind::Pause,
            "unpause" => EventKind::Unpause,
            "oom" => EventKind::Oom,
            "restart" => EventKind::Restart,
            "health_status" => {
                let word = Some(detail.trim()).filter(|word| !word.is_empty());
                let word = word.or_else(|| attributes["health_status"].as_str());
                let word = word.or_else(|| event["HealthStatus"].as_str());
                EventKind::Health(Health::from_word(word?))
            }
            "destroy" | "remove" => EventKind::Destroy,
            _ => return None,
        };
        let at = event["timeNano"].as_u64().filter(|nanos| nanos % 1_000_000_000 != 0);
        let at = at.and_then(|nanos| SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(nanos)));
        Some(Self { id, at, kind })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn kind(event: Value) -> Option<EventKind> {
        ContainerEvent::read(&event).map(|event| event.kind)
    }

    /// S5: the state after an event of Docker is known from the event.
    #[test]
    fn an_event_of_docker_s_is_read() {
        let event = json!({
            "status": "die", "id": "d0", "from": "busybox", "Type": "container", "Action": "die",
            "Actor": { "ID": "d0", "Attributes": { "exitCode": "3", "name": "x" } },
            "scope": "local", "time": 1_795_235_789, "timeNano": 1_795_235_789_690_791_025_u64,
        });
        let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_795_235_789_690_791_025);
        let expected = ContainerEvent { id: "d0".into(), at: Some(at), kind: EventKind::Die(Some(3)) };
        assert_eq!(ContainerEvent::read(&event), Some(expected));
    }

    /// S5, S1: the spellings of all engines are known, an unknown health status is kept, and other events are skipped.
    #[test]
    fn the_words_of_engines_are_read_and_others_passed_over() {
        let of = |action: &str, attributes: Value| {
            kind(
                json!({ "Type": "container", "Action": action, "Actor": { "ID": "a", "Attributes": attributes } }),
            )
        };
        for (action, attributes, expected) in [
            ("start", json!({}), Some(EventKind::Start)),
            ("die", json!({}), Some(EventKind::Die(None))),
            ("died", json!({ "containerExitCode": "137" }), Some(EventKind::Die(Some(137)))),
            ("health_status: healthy", json!({}), Some(EventKind::Health(Health::Healthy))),
            (
                "health_status",
                json!({ "health_status": "unhealthy" }),
                Some(EventKind::Health(Health::Unhealthy)),
            ),
            ("health_status: odd", json!({}), Some(EventKind::Health(Health::Other("odd".into())))),
            ("health_status", json!({}), None),
            ("remove", json!(null), Some(EventKind::Destroy)),
            ("exec_start: sh -c true", json!({}), None),
            ("", json!({}), None),
        ] {
            assert_eq!(of(action, attributes), expected, "{action}");
        }
        assert_eq!(kind(json!({ "Type": "network", "Action": "destroy", "Actor": { "ID": "a" } })), None);
        assert_eq!(
            kind(json!({ "id": "a", "status": "oom" })),
            Some(EventKind::Oom),
            "as old engines had it"
        );
    }

    /// S5: an event has no time if the engine reports whole seconds only, since these give no order.
    #[test]
    fn whole_seconds_are_no_time() {
        for event in [
            json!({ "id": "a", "status": "start", "time": 5 }),
            json!({ "id": "a", "status": "start", "timeNano": 5_000_000_000_u64 }),
        ] {
            assert_eq!(ContainerEvent::read(&event).expect("an event").at, None, "{event}");
        }
    }

    proptest! {
        #[test]
        fn an_event_of_any_words_is_read_or_passed_over(action in ".{0,20}", id in ".{0,5}", nanos: u64) {
            let event = json!({ "Action": action, "Actor": { "ID": id }, "timeNano": nanos });
            let _ = ContainerEvent::read(&event);
        }
    }
}
