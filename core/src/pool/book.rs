//! The bookkeeping of time: what each member does since when, who waits, who had the pool for itself.
//!
//! Sums are exact and for ever. What happened one by one is kept up to a number of entries, the newest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::accounting::{Interval, MemberAccount, QueueChange, Times, WaitKind, Window};
use super::event::Nanos;
use super::state::MemberState;
use super::waits::{LongestWaits, WaitLog};

/// The newest of what happened, and how many older ones were forgotten.
#[derive(Clone, Debug)]
pub(super) struct Newest<T> {
    limit: usize,
    kept: VecDeque<T>,
    forgotten: u64,
}

impl<T> Newest<T> {
    fn up_to(limit: usize) -> Self {
        Self { limit, kept: VecDeque::new(), forgotten: 0 }
    }

    fn push(&mut self, one: T) {
        if self.kept.len() >= self.limit {
            self.forgotten += 1;
            if self.kept.pop_front().is_none() {
                return;
            }
        }
        self.kept.push_back(one);
    }
}

/// One member's time. The order of the fields is that of `ledger::Member`'s cache lines.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Lane {
    since: Nanos,
    state: MemberState,
    /// Boxed, since it is there seldom and looked at always.
    label: Option<Box<Arc<str>>>,
    past: Newest<Past>,
    /// By state, without the time since the last change.
    spent: [Nanos; MemberState::ALL.len()],
    names: Vec<(Nanos, Arc<str>)>,
}

/// An interval that is over; it ended when the next one began. Small, since every lease writes two of them.
#[derive(Clone, Debug)]
struct Past {
    from: Nanos,
    state: MemberState,
    /// Boxed, since most intervals have none.
    label: Option<Box<Arc<str>>>,
}

impl Lane {
    pub(super) fn new(history: usize) -> Self {
        Self {
            state: MemberState::NeverUsed,
            since: 0,
            label: None,
            spent: [0; _],
            past: Newest::up_to(history),
            names: Vec::new(),
        }
    }

    pub(super) fn state(&self) -> MemberState {
        self.state
    }

    pub(super) fn label(&self) -> Option<&Arc<str>> {
        self.label.as_deref()
    }

    /// From now on the member does this; a label ends with its lease.
    #[inline]
    pub(super) fn turn_to(&mut self, state: MemberState, now: Nanos) {
        if state == self.state {
            return;
        }
        let stays = matches!(state, MemberState::Reserved | MemberState::Exclusive);
        let label = self.label.take();
        let next = label.as_ref().filter(|_| stays).cloned();
        self.close(label, now);
        self.state = state;
        self.label = next;
    }

    /// From now on the member's lease says that it does this.
    pub(super) fn set_label(&mut self, label: Option<Arc<str>>, now: Nanos) {
        let before = std::mem::replace(&mut self.label, label.map(Box::new));
        if before != self.label {
            self.close(before, now);
        }
    }

    pub(super) fn set_name(&mut self, name: Arc<str>, now: Nanos) {
        self.names.push((now, name));
    }

    #[inline]
    fn close(&mut self, label: Option<Box<Arc<str>>>, now: Nanos) {
        self.spent[self.state as usize] += now - self.since;
        // What took no time can't be seen, and would be most of what is kept of a member that is released at once.
        if now > self.since {
            self.past.push(Past { from: self.since, state: self.state, label });
        }
        self.since = now;
    }

    pub(super) fn times(&self, now: Nanos) -> Times {
        let mut times = Times::default();
        for state in MemberState::ALL {
            times.add(state, Duration::from_nanos(self.spent[state as usize]));
        }
        times.add(self.state, Duration::from_nanos(now - self.since));
        times
    }

    pub(super) fn account(&self, now: Nanos) -> MemberAccount {
        let current = Past { from: self.since, state: self.state, label: self.label.clone() };
        let all: Vec<_> = self.past.kept.iter().chain([&current]).collect();
        let ends = all.iter().skip(1).map(|next| next.from).chain([now]);
        let intervals = all.iter().zip(ends).map(|(past, end)| Interval {
            from: Duration::from_nanos(past.from),
            to: Duration::from_nanos(end),
            state: past.state,
            label: past.label.as_ref().map(|label| label.as_ref().as_ref().to_owned()),
        });
        MemberAccount {
            names: self.names.iter().map(|(at, name)| (*at, name.as_ref().to_owned())).collect(),
            times: self.times(now),
            intervals: intervals.collect(),
            intervals_forgotten: self.past.forgotten,
        }
    }
}

/// What is written down of the pool as a whole.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) shared: WaitLog,
    pub(super) exclusive: WaitLog,
    pub(super) longest: LongestWaits,
    pub(super) recycles: (u64, u64),
    pub(super) replacements: (u64, u64),
    queue: Newest<QueueChange>,
    queued: (usize, usize),
    windows: Newest<Window>,
    window: Option<Window>,
}

impl Book {
    pub(super) fn new(history: usize) -> Self {
        Self {
            shared: WaitLog::new(),
            exclusive: WaitLog::new(),
            longest: LongestWaits::default(),
            recycles: (0, 0),
            replacements: (0, 0),
            queue: Newest::up_to(history),
            queued: (0, 0),
            windows: Newest::up_to(history),
            window: None,
        }
    }

    /// Somebody who waited was served.
    pub(super) fn served(&mut self, kind: WaitKind, asked: Nanos, now: Nanos, member: Option<usize>) {
        let log = if kind == WaitKind::Shared { &mut self.shared } else { &mut self.exclusive };
        log.served(now - asked);
        if now > asked {
            self.longest.served(kind, asked, now, member);
        }
        if kind != WaitKind::Shared {
            let [asked, from] = [asked, now].map(Duration::from_nanos);
            self.window = Some(Window { kind, asked, from, to: None, member });
        }
    }

    /// The pool is everybody's again.
    pub(super) fn window_ended(&mut self, now: Nanos) {
        if let Some(window) = self.window.take() {
            self.windows.push(Window { to: Some(Duration::from_nanos(now)), ..window });
        }
    }

    pub(super) fn queued(&mut self, shared: usize, exclusive: usize, now: Nanos) {
        if self.queued == (shared, exclusive) {
            return;
        }
        self.queued = (shared, exclusive);
        let change = QueueChange { at: Duration::from_nanos(now), shared, exclusive };
        match self.queue.kept.back_mut() {
            // Of what happened in one moment, the end counts.
            Some(last) if last.at == change.at => *last = change,
            _ => self.queue.push(change),
        }
    }

    pub(super) fn queue(&self) -> (Vec<QueueChange>, u64) {
        (self.queue.kept.iter().copied().collect(), self.queue.forgotten)
    }

    pub(super) fn windows(&self) -> (Vec<Window>, u64) {
        (self.windows.kept.iter().chain(&self.window).cloned().collect(), self.windows.forgotten)
    }
}
