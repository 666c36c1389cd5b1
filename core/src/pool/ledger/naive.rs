//! The ledger against a model of the same rules that is as plain as can be: one list of requests, one of members, and
//! everything looked for again after each event.

use std::collections::HashMap;

use proptest::prelude::*;

use super::explore::{SIZE, World};
use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Rest,
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
    /// Ailing, poisoned.
    ailing: bool,
    poisoned: bool,
    /// When it came to rest, as a number that grows.
    rested: i64,
}

struct Naive {
    recycles: bool,
    members: Vec<NaiveMember>,
    /// All requests that wait, in the order of their arrival.
    line: Vec<(Client, Want)>,
    alone: Option<Client>,
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
            |at| NaiveMember { at: At::Rest, used: false, ailing: false, poisoned: false, rested: at };
        Self {
            recycles,
            members: (0..SIZE as i64).map(member).collect(),
            line: Vec::new(),
            alone: None,
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
        self.queued += u128::from(time) * self.line.len() as u128;
    }

    fn shown(&self, member: usize) -> MemberState {
        let one = self.members[member];
        let held = self.alone.is_some() || (self.wants_alone().next().is_some() && self.allowance == 0);
        match one.at {
            At::Rest if held => MemberState::HeldBack,
            At::Rest if one.used => MemberState::Idle,
            At::Rest => MemberState::NeverUsed,
            At::With(client) if self.alone == Some(client) => MemberState::Exclusive,
            At::With(_) => MemberState::Reserved,
            At::Recycling => MemberState::Recycling,
            At::Poisoned => MemberState::Poisoned,
            At::Replacing => MemberState::Replacing,
            At::Gone => MemberState::Shutdown,
        }
    }

    fn wants_alone(&self) -> impl Iterator<Item = (Client, Want)> {
        self.line.iter().copied().filter(|(_, want)| *want != Want::Shared)
    }

    fn happens(&mut self, event: Event) {
        self.grants.clear();
        match event {
            Event::Get(client) => self.joins(client, Want::Shared),
            Event::TryGet(client) => {
                self.joins(client, Want::Shared);
                self.grant_all();
                self.line.retain(|(waiting, _)| *waiting != client);
            }
            Event::GetExclusive(client) => self.joins(client, Want::Exclusive),
            Event::LockOut(client) => self.joins(client, Want::LockOut),
            Event::Upgrade(client, member) if self.members[member].at != At::Gone => {
                self.joins(client, Want::Upgrade(member));
            }
            Event::Upgrade(..) => {}
            Event::Cancel(client) => self.leaves(client),
            Event::Release(client, member) => {
                self.members[member].used |= self.members[member].at != At::Gone;
                self.comes_back(member, self.recycles);
                self.ends_alone(client);
            }
            Event::GiveBack(client, member) => {
                let was_out = self.members[member].at != At::Gone;
                self.comes_back(member, false);
                if was_out && self.members[member].at == At::Rest {
                    self.oldest -= 1;
                    self.members[member].rested = self.oldest;
                }
                self.ends_alone(client);
            }
            Event::Discard(client, member) => {
                self.members[member].poisoned = true;
                self.members[member].used |= self.members[member].at != At::Gone;
                self.comes_back(member, false);
                self.ends_alone(client);
            }
            Event::Detach(client, member) => {
                self.members[member].at = At::Gone;
                self.ends_alone(client);
            }
            Event::EndLockOut(client) => self.ends_alone(client),
            Event::Poison(member) | Event::Ailing(member) => {
                let one = &mut self.members[member];
                match one.at {
                    At::Rest => one.at = At::Poisoned,
                    At::With(_) if matches!(event, Event::Poison(_)) => one.poisoned = true,
                    At::With(_) => one.ailing = true,
                    _ => {}
                }
            }
            Event::Well(member) => {
                self.members[member].ailing &= !matches!(self.members[member].at, At::With(_))
            }
            Event::Recycled(member) => self.comes_back(member, false),
            Event::RecycleFailed(member) => {
                self.members[member].poisoned = true;
                self.comes_back(member, false);
            }
            Event::ReplacementBegan(member) => self.moves(member, At::Replacing),
            Event::Replaced(member) => {
                let one = &mut self.members[member];
                (one.used, one.ailing, one.poisoned) = (false, false, false);
                self.comes_back(member, false);
            }
            Event::ReplacementFailed(member) => {
                self.moves(member, if self.closed { At::Gone } else { At::Poisoned })
            }
            Event::Close => {
                self.closed = true;
                self.line.clear();
                for one in &mut self.members {
                    if matches!(one.at, At::Rest | At::Poisoned) {
                        one.at = At::Gone;
                    }
                }
            }
            Event::Abandon if self.closed => self.members.iter_mut().for_each(|one| one.at = At::Gone),
            Event::Abandon => {}
        }
        let none_lives = |at: At| matches!(at, At::Poisoned | At::Replacing | At::Gone);
        let failed = matches!(event, Event::ReplacementFailed(_));
        let all_gone = self.members.iter().all(|one| one.at == At::Gone);
        if all_gone || (failed && self.members.iter().all(|one| none_lives(one.at))) {
            self.line.clear();
        }
        self.grant_all();
    }

    fn moves(&mut self, member: usize, to: At) {
        if self.members[member].at != At::Gone {
            self.members[member].at = to;
        }
    }

    fn joins(&mut self, client: Client, want: Want) {
        if !self.closed {
            self.line.push((client, want));
        }
    }

    fn leaves(&mut self, client: Client) {
        let shared = self.line.iter().filter(|(_, want)| *want == Want::Shared);
        let ahead = shared.take_while(|(waiting, _)| *waiting != client).count();
        let Some(at) = self.line.iter().position(|(waiting, _)| *waiting == client) else { return };
        let (_, want) = self.line.remove(at);
        match want {
            Want::Shared => self.allowance -= usize::from(ahead < self.allowance),
            Want::Upgrade(member) => {
                self.members[member].used = true;
                self.comes_back(member, self.recycles);
            }
            _ => {}
        }
    }

    fn comes_back(&mut self, member: usize, recycles: bool) {
        let one = &mut self.members[member];
        one.at = match one.at {
            At::Gone => At::Gone,
            _ if self.closed => At::Gone,
            _ if one.poisoned || one.ailing => At::Poisoned,
            _ if recycles => At::Recycling,
            _ => {
                self.newest += 1;
                one.rested = self.newest;
                At::Rest
            }
        };
    }

    fn ends_alone(&mut self, client: Client) {
        if self.alone == Some(client) {
            self.alone = None;
            let waiting = self.line.iter().filter(|(_, want)| *want == Want::Shared).count();
            self.allowance = waiting.min(SIZE);
        }
    }

    fn grant_all(&mut self) {
        while self.grant_one() {}
        if self.wants_alone().next().is_none() {
            self.allowance = 0;
        }
    }

    fn grant_one(&mut self) -> bool {
        if self.closed || self.alone.is_some() {
            return false;
        }
        let rested = (0..SIZE)
            .filter(|member| self.members[*member].at == At::Rest)
            .min_by_key(|member| self.members[*member].rested);
        let upgrades = |client| self.line.iter().any(|(c, want)| *c == client && *want != Want::Shared);
        let busy = self.members.iter().any(|one| match one.at {
            At::With(client) => !upgrades(client),
            at => at == At::Recycling,
        });
        let head = self.wants_alone().next();
        if head.is_some() && rested.is_none() && !busy {
            self.allowance = 0;
        }
        let Some((client, want)) = head.filter(|_| self.allowance == 0) else {
            let first = self.line.iter().position(|(_, want)| *want == Want::Shared);
            let (Some(first), Some(member)) = (first, rested) else { return false };
            let (client, _) = self.line.remove(first);
            self.allowance = self.allowance.saturating_sub(1);
            return self.grant(client, Some(member));
        };
        if busy {
            return false;
        }
        let chosen = match (want, rested) {
            (Want::Exclusive, None) => self.wants_alone().find(|(_, want)| matches!(want, Want::Upgrade(_))),
            _ => Some((client, want)),
        };
        let Some((client, want)) = chosen else { return false };
        self.line.retain(|(waiting, _)| *waiting != client);
        self.alone = Some(client);
        self.grant(
            client,
            match want {
                Want::Upgrade(member) => Some(member),
                Want::LockOut => None,
                _ => rested,
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

/// The queue's length over time, from what was written down.
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
            let told = by_intervals.get(&state).copied().unwrap_or_default();
            assert_eq!(told, expected, "member {at}, {state}");
        }
        assert_eq!(member.times.sum(), accounting.elapsed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// P12, P10.
    #[test]
    fn the_ledger_does_as_the_naive_model(
        recycles: bool,
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0..1000_u64), 1..300),
        closes in 0..600_usize,
    ) {
        let mut world = World::new(recycles, 10_000);
        let mut naive = Naive::new(recycles);
        for (at, (choice, time)) in steps.iter().enumerate() {
            let ends = |event: &Event| matches!(event, Event::Close | Event::Abandon);
            let possible = world.possible();
            // The end comes once in a while, and not with every tenth event.
            let possible: Vec<_> = possible.into_iter().filter(|event| at >= closes || !ends(event)).collect();
            let event = *choice.get(&possible);
            naive.pass(*time);
            naive.happens(event);
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
