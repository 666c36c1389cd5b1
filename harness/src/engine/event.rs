//! One of the engine's events about a container, read from its JSON; what it changes is elsewhere.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::words::Health;

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContainerEvent {
    /// The container's full id.
    pub(crate) id: String,
    /// When, by the engine's clock; none from an engine that tells it in whole seconds only, since two events of one
    /// second could then not be put in order.
    pub(crate) at: Option<SystemTime>,
    pub(crate) kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Start,
    /// A run ended, with this code as far as the engine tells.
    Die(Option<i64>),
    Pause,
    Unpause,
    /// The kernel killed a process of it for want of memory.
    Oom,
    /// It was stopped and started, which other events tell of too.
    Restart,
    Health(Health),
    /// It is gone.
    Destroy,
}

impl ContainerEvent {
    /// Reads an event; none if it is of another kind, or of something else than a container.
    pub(crate) fn read(event: &Value) -> Option<Self> {
        if event["Type"].as_str().is_some_and(|of| of != "container") {
            return None;
        }
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let attributes = &event["Actor"]["Attributes"];
        let id = text(&event["Actor"]["ID"]).or_else(|| text(&event["id"]))?;
        let action = text(&event["Action"]).or_else(|| text(&event["status"]))?;
        // The word of a health check stands behind a colon with Docker, and among the attributes with Podman.
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

    /// S5.
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

    /// S5, S1 in that an unknown word of a health check is kept.
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

    /// S5: what can't be put in order has no time.
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
