//! A naive model of the ledger's rules, and a comparison with it: one list of requests, one of members, both searched
//! from the start after each event.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::explore::{SIZE, World};
use super::waiter::Want;
use crate::accounting::Accounting;
use crate::event::{Client, Effect, Event, Nanos};
use crate::member_state::MemberState;

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Available,
    With(Client),
    Recycling,
    Poisoned,
    Replacing,
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct NaiveMember {
    at: At,
    used: bool,
    suspect: bool,
    poisoned: bool,
    /// The order in which members became available.
    since: i64,
}

struct Naive {
    recycles: bool,
    members: Vec<NaiveMember>,
    /// All requests that wait, in order of arrival.
    queue: Vec<(Client, Want)>,
    exclusive: Option<Client>,
    allowance: usize,
    closed: bool,
    newest: i64,
    oldest: i64,
    spent: HashMap<(usize, MemberState), u128>,
    queued: u128,
    grants: Vec<(Client, Option<usize>)>,
}

impl Naive {
    fn new(recycles: bool) -> Self {
        let member =
            |at| NaiveMember { at: At::Available, used: false, suspect: false, poisoned: false, since: at };
        Self {
            recycles,
            members: (0..SIZE as i64).map(member).collect(),
            queue: Vec::new(),
            exclusive: None,
            allowance: 0,
            closed: false,
            newest: SIZE as i64,
            oldest: 0,
            spent: HashMap::new(),
            queued: 0,
            grants: Vec::new(),
        }
    }

    fn pass(&mut self, time: Nanos) {
        if self.closed {
            return;
        }
        for member in 0..SIZE {
            *self.spent.entry((member, self.shown(member))).or_default() += u128::from(time);
        }
        self.queued += u128::from(time) * self.queue.len() as u128;
    }

    fn shown(&self, member: usize) -> MemberState {
        let one = self.members[member];
        let held =
            self.exclusive.is_some() || (self.exclusive_requests().next().is_some() && self.allowance == 0);
        match one.at {
            At::Available if held => MemberState::HeldBack,
            At::Available if one.used => MemberState::Idle,
            At::Available => MemberState::NeverUsed,
            At::With(client) if self.exclusive == Some(client) => MemberState::Exclusive,
            At::With(_) => MemberState::Reserved,
            At::Recycling => MemberState::Recycling,
            At::Poisoned => MemberState::Poisoned,
            At::Replacing => MemberState::Replacing,
            At::Gone => MemberState::Shutdown,
        }
    }

    fn exclusive_requests(&self) -> impl Iterator<Item = (Client, Want)> {
        self.queue.iter().copied().filter(|(_, want)| *want != Want::Shared)
    }

    fn apply(&mut self, event: Event) {
        self.grants.clear();
        match event {
            Event::Get(client) => self.join(client, Want::Shared),
            Event::TryGet(client) => {
                self.join(client, Want::Shared);
                self.grant_all();
                self.queue.retain(|(waiting, _)| *waiting != client);
            }
            Event::GetExclusive(client) => self.join(client, Want::Exclusive),
            Event::LockOut(client) => self.join(client, Want::LockOut),
            Event::Upgrade(client, member) if self.members[member].at != At::Gone => {
                self.join(client, Want::Upgrade(member));
            }
            Event::Upgrade(..) => {}
            Event::Cancel(client) => self.leave(client),
            Event::Release(client, member) => {
                self.members[member].used |= self.members[member].at != At::Gone;
                self.return_member(member, self.recycles);
                self.end_exclusive(client);
            }
            Event::GiveBack(client, member) => {
                let was_out = self.members[member].at != At::Gone;
                self.return_member(member, false);
                if was_out && self.members[member].at == At::Available {
                    self.oldest -= 1;
                    self.members[member].since = self.oldest;
                }
                self.end_exclusive(client);
            }
            Event::Discard(client, member) => {
                self.members[member].poisoned = true;
                self.members[member].used |= self.members[member].at != At::Gone;
                self.return_member(member, false);
                self.end_exclusive(client);
            }
            Event::Detach(client, member) => {
                self.members[member].at = At::Gone;
                self.end_exclusive(client);
            }
            Event::EndLockOut(client) => self.end_exclusive(client),
            Event::Poison(member) | Event::Suspect(member) => {
                let one = &mut self.members[member];
                match one.at {
                    At::Available => one.at = At::Poisoned,
                    At::With(_) if matches!(event, Event::Poison(_)) => one.poisoned = true,
                    At::With(_) => one.suspect = true,
                    _ => {}
                }
            }
            Event::Fit(member) => {
                self.members[member].suspect &= !matches!(self.members[member].at, At::With(_))
            }
            Event::Recycled(member) => self.return_member(member, false),
            Event::RecycleFailed(member) => {
                self.members[member].poisoned = true;
                self.return_member(member, false);
            }
            Event::ReplacementBegan(member) => self.move_to(member, At::Replacing),
            Event::Replaced(member) => {
                let one = &mut self.members[member];
                (one.used, one.suspect, one.poisoned) = (false, false, false);
                self.return_member(member, false);
            }
            Event::ReplacementFailed(member) => {
                self.move_to(member, if self.closed { At::Gone } else { At::Poisoned })
            }
            Event::Close => {
                self.closed = true;
                self.queue.clear();
                for one in &mut self.members {
                    if matches!(one.at, At::Available | At::Poisoned) {
                        one.at = At::Gone;
                    }
                }
            }
            Event::Abandon if self.closed => self.members.iter_mut().for_each(|one| one.at = At::Gone),
            Event::Abandon => {}
        }
        let unusable = |at: At| matches!(at, At::Poisoned | At::Replacing | At::Gone);
        let failed = matches!(event, Event::ReplacementFailed(_));
        let all_gone = self.members.iter().all(|one| one.at == At::Gone);
        if all_gone || (failed && self.members.iter().all(|one| unusable(one.at))) {
            self.queue.clear();
        }
        self.grant_all();
    }

    fn move_to(&mut self, member: usize, to: At) {
        if self.members[member].at != At::Gone {
            self.members[member].at = to;
        }
    }

    fn join(&mut self, client: Client, want: Want) {
        if !self.closed {
            self.queue.push((client, want));
        }
    }

    fn leave(&mut self, client: Client) {
        let shared = self.queue.iter().filter(|(_, want)| *want == Want::Shared);
        let ahead = shared.take_while(|(waiting, _)| *waiting != client).count();
        let Some(at) = self.queue.iter().position(|(waiting, _)| *waiting == client) else { return };
        let (_, want) = self.queue.remove(at);
        match want {
            Want::Shared => self.allowance -= usize::from(ahead < self.allowance),
            Want::Upgrade(member) => {
                self.members[member].used = true;
                self.return_member(member, self.recycles);
            }
            _ => {}
        }
    }

    fn return_member(&mut self, member: usize, recycles: bool) {
        let one = &mut self.members[member];
        one.at = match one.at {
            At::Gone => At::Gone,
            _ if self.closed => At::Gone,
            _ if one.poisoned || one.suspect => At::Poisoned,
            _ if recycles => At::Recycling,
            _ => {
                self.newest += 1;
                one.since = self.newest;
                At::Available
            }
        };
    }

    fn end_exclusive(&mut self, client: Client) {
        if self.exclusive == Some(client) {
            self.exclusive = None;
            let waiting = self.queue.iter().filter(|(_, want)| *want == Want::Shared).count();
            self.allowance = waiting.min(SIZE);
        }
    }

    fn grant_all(&mut self) {
        while self.grant_one() {}
        if self.exclusive_requests().next().is_none() {
            self.allowance = 0;
        }
    }

    fn grant_one(&mut self) -> bool {
        if self.closed || self.exclusive.is_some() {
            return false;
        }
        let longest_idle = (0..SIZE)
            .filter(|member| self.members[*member].at == At::Available)
            .min_by_key(|member| self.members[*member].since);
        let upgrades = |client| self.queue.iter().any(|(c, want)| *c == client && *want != Want::Shared);
        let busy = self.members.iter().any(|one| match one.at {
            At::With(client) => !upgrades(client),
            at => at == At::Recycling,
        });
        let head = self.exclusive_requests().next();
        if head.is_some() && longest_idle.is_none() && !busy {
            self.allowance = 0;
        }
        let Some((client, want)) = head.filter(|_| self.allowance == 0) else {
            let first = self.queue.iter().position(|(_, want)| *want == Want::Shared);
            let (Some(first), Some(member)) = (first, longest_idle) else { return false };
            let (client, _) = self.queue.remove(first);
            self.allowance = self.allowance.saturating_sub(1);
            return self.grant(client, Some(member));
        };
        if busy {
            return false;
        }
        let chosen = match (want, longest_idle) {
            (Want::Exclusive, None) => {
                self.exclusive_requests().find(|(_, want)| matches!(want, Want::Upgrade(_)))
            }
            _ => Some((client, want)),
        };
        let Some((client, want)) = chosen else { return false };
        self.queue.retain(|(waiting, _)| *waiting != client);
        self.exclusive = Some(client);
        self.grant(
            client,
            match want {
                Want::Upgrade(member) => Some(member),
                Want::LockOut => None,
                _ => longest_idle,
            },
        )
    }

    fn grant(&mut self, client: Client, member: Option<usize>) -> bool {
        self.grants.push((client, member));
        if let Some(member) = member {
            self.members[member].at = At::With(client);
        }
        true
    }
}

/// Returns the sum over time of the queue's length, from the accounting.
fn queued(accounting: &Accounting) -> u128 {
    let ends = accounting.queue.iter().skip(1).map(|change| change.at).chain([accounting.elapsed]);
    let parts = accounting.queue.iter().zip(ends);
    parts.map(|(change, end)| (end - change.at).as_nanos() * (change.shared + change.exclusive) as u128).sum()
}

fn check_accounting(accounting: &Accounting, naive: &Naive) {
    assert_eq!(accounting.times.sum(), accounting.elapsed * SIZE as u32);
    assert_eq!(queued(accounting), naive.queued, "the queue's length");
    assert!((0.0..=1.0).contains(&accounting.utilization));
    for (at, member) in accounting.members.iter().enumerate() {
        let mut by_intervals: HashMap<MemberState, u128> = HashMap::new();
        let mut last = Duration::ZERO;
        for interval in &member.intervals {
            assert_eq!(interval.from, last, "without gaps");
            last = interval.to;
            *by_intervals.entry(interval.state).or_default() += (interval.to - interval.from).as_nanos();
        }
        assert_eq!(last, accounting.elapsed);
        for state in MemberState::ALL {
            let expected = naive.spent.get(&(at, state)).copied().unwrap_or_default();
            let logged = by_intervals.get(&state).copied().unwrap_or_default();
            assert_eq!(logged, expected, "member {at}, {state}");
        }
        assert_eq!(member.times.sum(), accounting.elapsed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// P12, P10: over long random runs with times.
    #[test]
    fn the_ledger_behaves_as_the_naive_model(
        recycles: bool,
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0..1000_u64), 1..300),
        closes in 0..600_usize,
    ) {
        let mut world = World::new(recycles, 10_000);
        let mut naive = Naive::new(recycles);
        for (at, (choice, time)) in steps.iter().enumerate() {
            let ends = |event: &Event| matches!(event, Event::Close | Event::Abandon);
            let possible = world.possible();
            // The close comes once in a while, not with every tenth event.
            let possible: Vec<_> = possible.into_iter().filter(|event| at >= closes || !ends(event)).collect();
            let event = *choice.get(&possible);
            naive.pass(*time);
            naive.apply(event);
            let effects = world.step(event, *time);
            let grants: Vec<_> = effects.iter().filter_map(|effect| match effect {
                Effect::Grant(client, member) => Some((*client, Some(*member))),
                Effect::GrantLockOut(client) => Some((*client, None)),
                _ => None,
            }).collect();
            prop_assert_eq!(&grants, &naive.grants, "{:?}", event);
            for member in 0..SIZE {
                prop_assert_eq!(world.ledger.state(member), naive.shown(member), "{:?}, member {}", event, member);
            }
        }
        check_accounting(&world.ledger.accounting(0), &naive);
    }
}
