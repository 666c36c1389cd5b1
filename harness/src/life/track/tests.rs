//! Tests of single events in a table, and of random sequences.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::json;

use super::track::*;
use crate::engine::EventKind;
use crate::words::{ContainerState, ContainerStatus, Health};

fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(second)
}

/// Returns an inspection of a container with a health check.
fn look(status: &str, started: Option<u64>, finished: Option<u64>) -> Look {
    let time =
        |second: Option<u64>| second.map_or(json!(null), |s| json!(format!("1970-01-01T00:00:{s:02}Z")));
    let health = json!({ "Status": "healthy" });
    let state = json!({
        "Status": status, "Pid": 7, "StartedAt": time(started), "FinishedAt": time(finished), "Health": health,
    });
    Look { state: ContainerState::from_inspect(&json!({ "State": state })), restarts: false }
}

/// Returns a track with one inspection and no events.
fn tracking(look: Look) -> Track {
    let mut track = Track::default();
    track.looked(track.mark(), look);
    track
}

fn after(look: Look, events: &[(u64, EventKind)]) -> ContainerState {
    let mut track = tracking(look);
    for (second, kind) in events {
        track.apply(at(*second), kind.clone());
    }
    track.state().expect("it has looked")
}

/// S2, S5: each event has a defined effect on each state.
#[test]
fn each_event_has_its_effect_on_each_state() {
    use ContainerStatus::{Created, Dead, Exited, Paused, Removing, Restarting, Running};
    let of = |word: &str| ContainerStatus::from_word(word);
    for (word, start, die, pause, unpause) in [
        ("created", Running, Exited, Created, Created),
        ("running", Running, Exited, Paused, Running),
        ("paused", Paused, Exited, Paused, Running),
        ("restarting", Running, Restarting, Restarting, Restarting),
        ("exited", Running, Exited, Exited, Exited),
        ("removing", Running, Removing, Removing, Removing),
        ("dead", Running, Dead, Dead, Dead),
        ("odd", Running, Exited, of("odd"), of("odd")),
    ] {
        for (kind, expected) in [
            (EventKind::Start, start),
            (EventKind::Die(Some(3)), die),
            (EventKind::Pause, pause),
            (EventKind::Unpause, unpause),
            (EventKind::Oom, of(word)),
            (EventKind::Restart, of(word)),
            (EventKind::Health(Health::Unhealthy), of(word)),
        ] {
            let state = after(look(word, Some(1), Some(2)), &[(10, kind.clone())]);
            assert_eq!(state.status, expected, "{kind:?} on `{word}`");
        }
    }
}

/// S5: an end sets every field that it concerns, and the next run begins without them.
#[test]
fn a_run_ends_with_its_code_and_the_next_begins_without() {
    let events = [(10, EventKind::Oom), (11, EventKind::Die(Some(137)))];
    let ended = after(look("running", Some(5), None), &events);
    assert_eq!((ended.exit_code, ended.pid, ended.oom_killed), (Some(137), None, true));
    assert_eq!((ended.started_at, ended.finished_at), (Some(at(5)), Some(at(11))));
    let again = [&events[..], &[(12, EventKind::Start)]].concat();
    let again = after(look("running", Some(5), None), &again);
    assert_eq!((again.exit_code, again.oom_killed, &again.health), (None, false, &Health::Starting));
    assert_eq!((again.started_at, again.status), (Some(at(12)), ContainerStatus::Running));
}

/// S5: a reported kill for lack of memory is kept, even if the engine never sets its flag.
#[test]
fn a_kill_for_want_of_memory_stays_until_the_next_run_whatever_a_look_says() {
    let mut track = tracking(look("running", Some(5), None));
    track.apply(at(11), EventKind::Die(Some(137)));
    track.apply(at(12), EventKind::Oom);
    track.looked(track.mark(), look("exited", Some(5), Some(11)));
    assert!(track.state().expect("a state").oom_killed);
    track.looked(track.mark(), look("running", Some(13), Some(11)));
    assert!(!track.state().expect("a state").oom_killed, "the next run");
}

/// S5: an event whose effect the inspection includes changes nothing when it arrives later.
#[test]
fn a_late_event_changes_nothing() {
    let running = look("running", Some(5), Some(3));
    for event in [(5, EventKind::Start), (6, EventKind::Start), (3, EventKind::Die(Some(1)))] {
        assert_eq!(after(running.clone(), std::slice::from_ref(&event)), running.state, "{event:?}");
    }
    let exited = look("exited", Some(5), Some(9));
    assert_eq!(
        after(exited.clone(), &[(6, EventKind::Start)]),
        exited.state,
        "the start of the run that ended"
    );
    let died = after(exited.clone(), &[(10, EventKind::Die(Some(4)))]);
    assert_eq!(died.finished_at, exited.state.finished_at, "the same end");

    let mut track = tracking(look("exited", Some(5), Some(9)));
    track.apply(at(20), EventKind::Start);
    track.looked(track.mark(), look("paused", Some(20), Some(9)));
    track.apply(at(20), EventKind::Start);
    track.apply(at(19), EventKind::Die(Some(1)));
    assert_eq!(track.state(), Some(look("paused", Some(20), Some(9)).state));
}

/// S5: an event during an inspection is not lost when the inspection's result arrives.
#[test]
fn an_event_that_comes_during_a_look_stays() {
    let mut track = tracking(look("running", Some(5), None));
    let mark = track.mark();
    track.apply(at(11), EventKind::Die(Some(2)));
    track.looked(mark, look("running", Some(5), None));
    assert_eq!(track.state().expect("a state").exit_code, Some(2));

    let mark = track.mark();
    track.doubt();
    track.looked(mark, look("exited", Some(5), Some(11)));
    assert!(track.wants_look(), "the doubt came after the look was asked for");
    let older = mark;
    track.looked(track.mark(), look("exited", Some(5), Some(11)));
    assert!(!track.wants_look());
    track.looked(older, look("running", Some(5), None));
    assert_eq!(track.state().expect("a state").status, ContainerStatus::Exited, "an older look");
}

/// S5: a possible restart after an end requires an inspection.
#[test]
fn what_events_leave_open_wants_a_look() {
    let mut track = Track::default();
    assert!(track.wants_look() && track.state().is_none(), "nothing is known");
    track.looked(track.mark(), Look { restarts: true, ..look("running", Some(5), None) });
    assert!(!track.wants_look());
    track.apply(at(6), EventKind::Health(Health::Unhealthy));
    assert!(!track.wants_look());
    track.apply(at(7), EventKind::Die(Some(1)));
    assert!(track.wants_look());
    track.apply(at(8), EventKind::Destroy);
    assert!(!track.wants_look() && track.is_gone());

    let mut track = tracking(look("running", Some(5), None));
    track.apply(at(7), EventKind::Die(Some(1)));
    assert!(!track.wants_look(), "nobody starts it again");
    track.apply(at(8), EventKind::Start);
    assert!(track.wants_look());
}

fn kinds() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        Just(EventKind::Start),
        (0_i64..256).prop_map(|code| EventKind::Die(Some(code))),
        Just(EventKind::Pause),
        Just(EventKind::Unpause),
        Just(EventKind::Oom),
        Just(EventKind::Restart),
        "healthy|unhealthy|starting|odd".prop_map(|word| EventKind::Health(Health::from_word(&word))),
    ]
}

/// Generates a container's life as an engine reports it: only sequences of events that are possible.
fn life() -> impl Strategy<Value = (Vec<(u64, EventKind)>, ContainerStatus)> {
    proptest::collection::vec(kinds(), 0..30).prop_map(|wanted| {
        let mut status = ContainerStatus::Exited;
        let mut events = Vec::new();
        for kind in wanted {
            let next = match (&kind, &status) {
                (EventKind::Start, ContainerStatus::Exited) => ContainerStatus::Running,
                (EventKind::Die(_), ContainerStatus::Running | ContainerStatus::Paused) => {
                    ContainerStatus::Exited
                }
                (EventKind::Pause, ContainerStatus::Running) => ContainerStatus::Paused,
                (EventKind::Unpause, ContainerStatus::Paused) => ContainerStatus::Running,
                (EventKind::Oom | EventKind::Restart | EventKind::Health(_), status) => (*status).clone(),
                _ => continue,
            };
            status = next;
            events.push((10 + events.len() as u64, kind));
        }
        (events, status)
    })
}

proptest! {
    /// S5: the order and repetition of events make no difference.
    #[test]
    fn any_order_and_repetition_ends_in_the_same_state(
        (events, status) in life(), picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let look = look("exited", Some(1), Some(2));
        let in_order = after(look.clone(), &events);
        prop_assert_eq!(&in_order.status, &status);
        if let Some((_, EventKind::Die(code))) =
            events.iter().rev().find(|(_, kind)| matches!(kind, EventKind::Start | EventKind::Die(_)))
        {
            prop_assert_eq!(in_order.exit_code, *code);
        }
        let mut shuffled: Vec<_> =
            picks.iter().filter(|_| !events.is_empty()).map(|pick| pick.get(&events).clone()).collect();
        shuffled.extend(events.iter().rev().cloned());
        prop_assert_eq!(after(look, &shuffled), in_order);
    }

    /// S5: an inspection at any point, with or without the effect of later events, leads to the same final status.
    #[test]
    fn a_look_in_between_changes_nothing((events, status) in life(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(events.len() + 1);
        let mut track = tracking(look("exited", Some(1), Some(2)));
        for (second, kind) in &events[..cut] {
            track.apply(at(*second), kind.clone());
        }
        let seen = track.state().expect("a state");
        track.looked(track.mark(), Look { state: seen, restarts: false });
        for (second, kind) in events.iter().rev() {
            track.apply(at(*second), kind.clone());
        }
        prop_assert_eq!(track.state().expect("a state").status, status);
    }

    /// S1, S5: any events on any state yield a state.
    #[test]
    fn any_events_on_any_state_give_a_state(
        word in "[a-z]{0,8}|created|running|paused|restarting|removing|exited|dead",
        events in proptest::collection::vec((0_u64..20, kinds()), 0..40),
    ) {
        let state = after(look(&word, Some(5), Some(4)), &events);
        prop_assert!(!state.to_string().is_empty());
    }
}
