//! Kills the processes of a command in an order that lets none escape. Access to processes is behind a trait.

use super::table::{AgentIds, Table};

/// The most rounds of stopping processes; those that fork faster are killed without being stopped.
const STOP_ROUNDS: usize = 200;
/// The most rounds of killing processes; with the pauses between them, about 4 s.
const KILL_ROUNDS: u32 = 90;
/// The longest pause between two rounds, in milliseconds.
const LONGEST_PAUSE: u32 = 50;

/// A signal for a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Stop,
    Kill,
}

/// The processes of the container.
pub(crate) trait World {
    /// Fills the table with all processes, and marks those to be killed. An error is a message for the user.
    fn look(&mut self, table: &mut Table) -> Result<(), &'static str>;
    /// Sends a signal. Returns `true` if that is permitted.
    fn signal(&mut self, pid: i32, signal: Signal) -> bool;
    fn pause(&mut self, milliseconds: u32);
    fn agent_ids(&self) -> AgentIds;
}

/// The numbers of processes after the kill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Processes that were killed.
    pub(crate) ended: u32,
    /// Processes that still run.
    pub(crate) left: u32,
    /// Zombies: processes that have ended, but were not reaped by their parent.
    pub(crate) unreaped: u32,
    /// Other processes whose environment may not be read: only their parents and sessions could be checked.
    pub(crate) unseen: u32,
}

/// Kills the marked processes and those that belong to them, and checks that they have ended.
///
/// First all are stopped, until a round finds no more: a stopped process does not fork, and does not exit, so that its
/// children can still be found by their parent. Then all are killed.
pub(crate) fn end(
    world: &mut impl World,
    now: &mut Table,
    before: &mut Table,
) -> Result<Outcome, &'static str> {
    let agent = world.agent_ids();
    before.clear();
    for _ in 0..STOP_ROUNDS {
        look(world, now, agent)?;
        let mut newcomers = 0;
        for process in now.chosen().filter(|process| !process.is_zombie) {
            if !before.has_chosen(process.pid) {
                newcomers += 1;
                world.signal(process.pid, Signal::Stop);
            }
        }
        if newcomers == 0 {
            break;
        }
        core::mem::swap(now, before);
    }
    kill(world, now, agent)
}

fn kill(world: &mut impl World, table: &mut Table, agent: AgentIds) -> Result<Outcome, &'static str> {
    let mut outcome = Outcome::default();
    let mut highest = 0;
    for round in 0..KILL_ROUNDS {
        let running = table.chosen().filter(|process| !process.is_zombie);
        outcome.left = 0;
        let mut may_kill = false;
        for process in running {
            outcome.left += 1;
            may_kill |= world.signal(process.pid, Signal::Kill);
        }
        highest = highest.max(outcome.left);
        outcome.unreaped = table.chosen().filter(|process| process.is_zombie).count() as u32;
        // Processes that may not be killed would be waited for in vain.
        if outcome.left == 0 || !may_kill {
            break;
        }
        world.pause((1 << round.min(6)).min(LONGEST_PAUSE));
        look(world, table, agent)?;
    }
    outcome.ended = highest - outcome.left;
    outcome.unseen = table.unseen() as u32;
    Ok(outcome)
}

fn look(world: &mut impl World, table: &mut Table, agent: AgentIds) -> Result<(), &'static str> {
    table.clear();
    world.look(table)?;
    table.choose(agent);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::table::Process;
    use super::*;

    /// Processes that keep running between two looks.
    #[derive(Default)]
    struct Fake {
        processes: Vec<Process>,
        stopped: Vec<i32>,
        immortal: Vec<i32>,
        /// Processes of another user.
        forbidden: Vec<i32>,
        /// The number of forks that are still to come.
        forks: u32,
        looks: u32,
    }

    impl World for Fake {
        fn look(&mut self, table: &mut Table) -> Result<(), &'static str> {
            self.looks += 1;
            for process in &self.processes {
                assert!(table.add(*process));
            }
            // Right after the look, each marked process that runs makes a child.
            let running = |process: &&Process| {
                process.is_marked && !process.is_zombie && !self.stopped.contains(&process.pid)
            };
            let parents: Vec<_> = self.processes.iter().filter(running).copied().collect();
            for parent in parents {
                if self.forks > 0 {
                    self.forks -= 1;
                    let pid = 1000 + i32::try_from(self.processes.len()).unwrap();
                    self.processes.push(Process { pid, parent: parent.pid, ..parent });
                }
            }
            Ok(())
        }

        fn signal(&mut self, pid: i32, signal: Signal) -> bool {
            if self.forbidden.contains(&pid) {
                return false;
            }
            match signal {
                Signal::Stop => self.stopped.push(pid),
                Signal::Kill if self.immortal.contains(&pid) => {}
                Signal::Kill => {
                    let killed = self.processes.iter_mut().find(|process| process.pid == pid);
                    killed.expect("a process of the fake").is_zombie = true;
                }
            }
            true
        }

        fn pause(&mut self, _: u32) {}

        fn agent_ids(&self) -> AgentIds {
            AgentIds { pid: 999, session: 999 }
        }
    }

    fn run(world: &mut Fake) -> Outcome {
        let (mut now, mut before) = (Box::new(Table::new()), Box::new(Table::new()));
        end(world, &mut now, &mut before).expect("the fake can be read")
    }

    fn process(pid: i32, parent: i32, is_marked: bool) -> Process {
        Process { pid, parent, session: if is_marked { 5 } else { 1 }, is_marked, ..Process::default() }
    }

    #[test]
    fn one_look_is_enough_if_there_is_nothing_to_kill() {
        let mut world = Fake { processes: vec![process(1, 0, false)], ..Fake::default() };
        assert_eq!(run(&mut world), Outcome::default());
        assert_eq!(world.looks, 1);
    }

    #[test]
    fn all_are_stopped_before_any_is_killed() {
        let processes = vec![process(1, 0, false), process(5, 0, true), process(6, 5, false)];
        let mut world = Fake { processes, ..Fake::default() };
        assert_eq!(run(&mut world), Outcome { ended: 2, left: 0, unreaped: 2, unseen: 0 });
        assert_eq!(world.stopped, [5, 6]);
        assert!(!world.processes[0].is_zombie);
    }

    #[test]
    fn a_process_that_survives_is_counted_as_left() {
        let processes = vec![process(1, 0, false), process(5, 0, true), process(6, 5, true)];
        let mut world = Fake { processes, immortal: vec![6], ..Fake::default() };
        assert_eq!(run(&mut world), Outcome { ended: 1, left: 1, unreaped: 1, unseen: 0 });
    }

    #[test]
    fn processes_that_may_not_be_killed_are_not_waited_for() {
        let processes = vec![process(1, 0, false), process(5, 0, true), process(6, 5, true)];
        let mut world = Fake { processes, forbidden: vec![5, 6], ..Fake::default() };
        assert_eq!(run(&mut world), Outcome { ended: 0, left: 2, unreaped: 0, unseen: 0 });
        assert!(world.looks < 5, "{} looks", world.looks);
    }

    proptest! {
        #[test]
        fn processes_that_fork_meanwhile_are_killed_with_all_children(forks in 0_u32..190) {
            let processes = vec![process(1, 0, false), process(5, 0, true)];
            let mut world = Fake { processes, forks, ..Fake::default() };
            let outcome = run(&mut world);
            prop_assert_eq!(outcome.left, 0);
            prop_assert!(world.processes.iter().all(|process| process.is_zombie == process.is_marked));
        }
    }
}
