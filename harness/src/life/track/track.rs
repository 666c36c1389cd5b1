//! What is known of one container's state, from looks at it and from the engine's events, in whatever order they come.
//!
//! It is pure: it asks no engine and no clock. Of each kind of event the newest one since the last look is kept, and the
//! state is what the look saw, changed by these in the order of their times. So an event that comes twice, late, or
//! before one that was earlier makes no difference.

use std::mem::discriminant;
use std::time::SystemTime;

use crate::engine::EventKind;
use crate::words::{ContainerState, ContainerStatus, Health};

/// The tracked state of one container; it begins without any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    seen: Option<Look>,
    /// The time of the newest event that the look has seen the effect of.
    known: Option<SystemTime>,
    /// The newest kill for want of memory. The engine's flag may lack it for good, and no look takes it back.
    oom: Option<SystemTime>,
    /// At most one of each kind, all newer than `known`, in the order of their times.
    since: Vec<(SystemTime, EventKind)>,
    /// How often somebody said that events may be missing.
    doubts: u64,
    /// How many of these doubts were there when the last look was asked for.
    cleared: u64,
    is_gone: bool,
}

/// What a look at the container gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) state: ContainerState,
    /// Whether the engine may start it again by itself.
    pub(crate) restarts: bool,
}

/// What was known when a look was asked for, so that its answer can be put in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    newest: Option<SystemTime>,
    doubts: u64,
}

impl Track {
    /// Takes an event in. One that is known, older than what is known, or of a container that is gone changes nothing.
    pub(crate) fn apply(&mut self, at: SystemTime, kind: EventKind) {
        if kind == EventKind::Destroy {
            // Nothing comes after it: ids are not used again.
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

    /// Events may be missing: only a look tells.
    pub(crate) fn doubt(&mut self) {
        self.doubts += 1;
    }

    /// To be called when a look is asked for, and handed back with its answer.
    pub(crate) fn mark(&self) -> Mark {
        let newest = self.since.last().map(|(at, _)| *at).max(self.known);
        Mark { newest, doubts: self.doubts }
    }

    /// Takes in what a look saw, which has the effect of all events that were known when it was asked for; of later
    /// ones it may or may not.
    pub(crate) fn looked(&mut self, mark: Mark, look: Look) {
        if mark.newest < self.known || mark.doubts < self.cleared {
            return;
        }
        self.known = mark.newest;
        self.cleared = mark.doubts;
        self.since.retain(|(at, _)| Some(*at) > mark.newest);
        self.seen = Some(look);
    }

    /// The engine does not know it any more.
    pub(crate) fn gone(&mut self) {
        self.is_gone = true;
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Whether the events leave something open that a look would tell: whether it is started again after an end, and
    /// what a start brought.
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

    /// The state, once there was a look.
    pub(crate) fn state(&self) -> Option<ContainerState> {
        let mut state = self.seen.as_ref()?.state.clone();
        // Of the run that the look saw, and not of one before.
        state.oom_killed |= self.oom.is_some() && self.oom >= state.started_at;
        for (at, kind) in &self.since {
            step(&mut state, *at, kind);
        }
        Some(state)
    }
}

/// The order of what the engine says to have happened at the same time.
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

/// Has one event happen. The look may have seen its effect already, and then it changes nothing.
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
        // What does not run is not frozen.
        EventKind::Pause | EventKind::Unpause => {}
        EventKind::Oom => state.oom_killed = true,
        EventKind::Health(health) => state.health = health.clone(),
        // A start and an end tell of a restart, and a container that is gone has no state.
        EventKind::Restart | EventKind::Destroy => {}
    }
}

fn start(state: &mut ContainerState, at: SystemTime) {
    // The engine tells of a start after it has written it down, so a run that ended later than this began with it.
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
        // The end of an earlier run.
        return;
    }
    state.pid = None;
    state.exit_code = code.or(state.exit_code);
    match state.status {
        // The look saw the same end, and knows more of it.
        ContainerStatus::Exited | ContainerStatus::Dead | ContainerStatus::Restarting => {}
        // Its end is a part of its removal.
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
