//! A container's state, tracked by inspections and by the engine's events, in whatever order they arrive.
//!
//! It is pure: it uses no engine and no clock. It keeps the last inspected state and the newest later event of each
//! kind, and applies these events in the order of their times. So repeated, late and reordered events change nothing.

use std::mem::discriminant;
use std::time::SystemTime;

use crate::engine::EventKind;
use crate::words::{ContainerState, ContainerStatus, Health};

/// The tracked state of one container, which is empty at first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    seen: Option<Look>,
    /// The time of the newest event whose effect the inspection includes.
    known: Option<SystemTime>,
    /// The time of the newest `oom` event. No inspection resets it, since the engine's own flag may never be set.
    oom: Option<SystemTime>,
    /// Later events, at most one of each kind, sorted by time.
    since: Vec<(SystemTime, EventKind)>,
    /// The number of times that events may have been missed.
    doubts: u64,
    /// The value of `doubts` when the last inspection was requested.
    cleared: u64,
    is_gone: bool,
}

/// The result of an inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) state: ContainerState,
    /// `true` if the engine may restart the container by itself.
    pub(crate) restarts: bool,
}

/// The knowledge at the time when an inspection was requested, which puts its result in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    newest: Option<SystemTime>,
    doubts: u64,
}

impl Track {
    /// Applies an event. One that is known, outdated, or about a removed container has no effect.
    pub(crate) fn apply(&mut self, at: SystemTime, kind: EventKind) {
        if kind == EventKind::Destroy {
            // Nothing follows a removal, since ids are never reused.
            self.is_gone = true;
            return;
        }
        if kind == EventKind::Oom {
            self.oom = self.oom.max(Some(at));
        }
        if self.known.is_some_and(|known| at <= known) {
            return;
        }
        let same = self.since.iter().position(|(_, other)| discriminant(other) == discriminant(&kind));
        match same {
            Some(index) if self.since[index].0 >= at => return,
            Some(index) => drop(self.since.remove(index)),
            None => {}
        }
        self.since.push((at, kind));
        self.since.sort_by_key(|(at, kind)| (*at, rank(kind)));
    }

    /// Records that events may have been missed, so that only an inspection yields the state.
    pub(crate) fn doubt(&mut self) {
        self.doubts += 1;
    }

    /// Returns a mark to request an inspection with. It is passed to [`looked`](Self::looked) with the result.
    pub(crate) fn mark(&self) -> Mark {
        let newest = self.since.last().map(|(at, _)| *at).max(self.known);
        Mark { newest, doubts: self.doubts }
    }

    /// Applies the result of an inspection. It includes the effect of all events known at the mark, and perhaps of
    /// later ones.
    pub(crate) fn looked(&mut self, mark: Mark, look: Look) {
        if mark.newest < self.known || mark.doubts < self.cleared {
            return;
        }
        self.known = mark.newest;
        self.cleared = mark.doubts;
        self.since.retain(|(at, _)| Some(*at) > mark.newest);
        self.seen = Some(look);
    }

    /// Records that the engine does not know the container any more.
    pub(crate) fn gone(&mut self) {
        self.is_gone = true;
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Returns `true` if an inspection is needed, because the events leave open whether the container is restarted
    /// after an end, or which details a start brought.
    pub(crate) fn wants_look(&self) -> bool {
        let opens = |kind: &EventKind| match kind {
            EventKind::Start => true,
            EventKind::Die(_) => self.seen.as_ref().is_some_and(|look| look.restarts),
            _ => false,
        };
        let is_open = self.seen.is_none()
            || self.doubts > self.cleared
            || self.since.iter().any(|(_, kind)| opens(kind));
        is_open && !self.is_gone
    }

    /// Returns the state, or `None` before the first inspection.
    pub(crate) fn state(&self) -> Option<ContainerState> {
        let mut state = self.seen.as_ref()?.state.clone();
        // Applies only to the run that the inspection saw.
        state.oom_killed |= self.oom.is_some() && self.oom >= state.started_at;
        for (at, kind) in &self.since {
            step(&mut state, *at, kind);
        }
        Some(state)
    }
}

/// Returns the rank by which events of the same time are ordered.
fn rank(kind: &EventKind) -> u8 {
    match kind {
        EventKind::Start => 0,
        EventKind::Health(_) => 1,
        EventKind::Pause => 2,
        EventKind::Unpause => 3,
        EventKind::Oom => 4,
        EventKind::Die(_) => 5,
        EventKind::Restart => 6,
        EventKind::Destroy => 7,
    }
}

/// Applies one event to a state. The effect may be included already, in which case nothing changes.
fn step(state: &mut ContainerState, at: SystemTime, kind: &EventKind) {
    match kind {
        EventKind::Start => start(state, at),
        EventKind::Die(code) => die(state, at, *code),
        EventKind::Pause if state.status == ContainerStatus::Running => {
            state.status = ContainerStatus::Paused
        }
        EventKind::Unpause if state.status == ContainerStatus::Paused => {
            state.status = ContainerStatus::Running;
        }
        // A container that does not run is not paused either.
        EventKind::Pause | EventKind::Unpause => {}
        EventKind::Oom => state.oom_killed = true,
        EventKind::Health(health) => state.health = health.clone(),
        // A restart has events for its end and start, too, and a removed container has no state.
        EventKind::Restart | EventKind::Destroy => {}
    }
}

fn start(state: &mut ContainerState, at: SystemTime) {
    // The engine sends the event after recording the start, so a run with a later recorded end began with this start.
    let is_over = state.status.has_ended() && state.finished_at.is_some_and(|finished| at <= finished);
    if state.is_running() || is_over {
        return;
    }
    state.status = ContainerStatus::Running;
    state.started_at = Some(at);
    (state.exit_code, state.pid, state.error) = (None, None, None);
    state.oom_killed = false;
    if state.health != Health::None {
        state.health = Health::Starting;
    }
}

fn die(state: &mut ContainerState, at: SystemTime, code: Option<i64>) {
    if state.started_at.is_some_and(|started| at < started) {
        // This is the end of an earlier run.
        return;
    }
    state.pid = None;
    state.exit_code = code.or(state.exit_code);
    match state.status {
        // The inspection saw the same end, with more details.
        ContainerStatus::Exited | ContainerStatus::Dead | ContainerStatus::Restarting => {}
        // The end is part of the removal.
        ContainerStatus::Removing => state.finished_at = Some(at),
        ContainerStatus::Created
        | ContainerStatus::Running
        | ContainerStatus::Paused
        | ContainerStatus::Other(_) => {
            state.status = ContainerStatus::Exited;
            state.finished_at = Some(at);
        }
    }
}
