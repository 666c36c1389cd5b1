//! The order in which the processes of a command are ended. What touches processes is behind a trait.

use super::table::{Asker, Table};

/// Rounds of stopping at most: who forks faster than that is killed running.
const STOP_ROUNDS: usize = 200;
/// Looks at what is left at most; with the pauses between them, about 4 s.
const KILL_ROUNDS: u32 = 90;
/// The longest pause between two looks, in milliseconds.
const LONGEST_PAUSE: u32 = 50;

/// What has to be done to processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Stop,
    Kill,
}

/// The processes of the container.
pub(crate) trait World {
    /// Fills the table with all processes, and marks those that are wanted. An error is for the user.
    fn look(&mut self, table: &mut Table) -> Result<(), &'static str>;
    /// Sends a signal; whether it may be sent.
    fn signal(&mut self, pid: i32, signal: Signal) -> bool;
    fn pause(&mut self, milliseconds: u32);
    fn asker(&self) -> Asker;
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Processes that were killed.
    pub(crate) ended: u32,
    /// Those that run all the same.
    pub(crate) left: u32,
    /// Those that have ended, and whose parent does not ask for their exit code.
    pub(crate) unreaped: u32,
    /// Others whose environment may not be read: who they belong to is known by their parents and sessions alone.
    pub(crate) unseen: u32,
}

/// Ends all that is wanted, and looks that it is gone.
///
/// First all are stopped, until no more turn up: one that is stopped makes no child and loses no parent, by which its
/// children are found. Then all are killed.
pub(crate) fn end(
    world: &mut impl World,
    now: &mut Table,
    before: &mut Table,
) -> Result<Outcome, &'static str> {
    let asker = world.asker();
    before.clear();
    for _ in 0..STOP_ROUNDS {
        look(world, now, asker)?;
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
    kill(world, now, asker)
}

fn kill(world: &mut impl World, table: &mut Table, asker: Asker) -> Result<Outcome, &'static str> {
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
        // Those that may not be killed don't go away by being waited for.
        if outcome.left == 0 || !may_kill {
            break;
        }
        world.pause((1 << round.min(6)).min(LONGEST_PAUSE));
        look(world, table, asker)?;
    }
    outcome.ended = highest - outcome.left;
    outcome.unseen = table.unseen() as u32;
    Ok(outcome)
}

fn look(world: &mut impl World, table: &mut Table, asker: Asker) -> Result<(), &'static str> {
    table.clear();
    world.look(table)?;
    table.choose(asker);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::table::Process;
    use super::*;

    /// Processes that go on between two looks.
    #[derive(Default)]
    struct Fake {
        processes: Vec<Process>,
        stopped: Vec<i32>,
        immortal: Vec<i32>,
        /// Somebody else's.
        forbidden: Vec<i32>,
        /// Which still fork, and how often.
        forks: u32,
        looks: u32,
    }

    impl World for Fake {
        fn look(&mut self, table: &mut Table) -> Result<(), &'static str> {
            self.looks += 1;
            for process in &self.processes {
                assert!(table.add(*process));
            }
            // Right after the look, each that runs and is marked makes a child, and its parent is lost.
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
                    killed.expect("only what is there is killed").is_zombie = true;
                }
            }
            true
        }

        fn pause(&mut self, _: u32) {}

        fn asker(&self) -> Asker {
            Asker { pid: 999, session: 999 }
        }
    }

    fn run(world: &mut Fake) -> Outcome {
        let (mut now, mut before) = (Box::new(Table::new()), Box::new(Table::new()));
        end(world, &mut now, &mut before).expect("the fake can be looked at")
    }

    fn process(pid: i32, parent: i32, is_marked: bool) -> Process {
        Process { pid, parent, session: if is_marked { 5 } else { 1 }, is_marked, ..Process::default() }
    }

    #[test]
    fn nothing_to_end_is_no_work() {
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
    fn one_that_can_t_be_killed_is_counted_as_left() {
        let processes = vec![process(1, 0, false), process(5, 0, true), process(6, 5, true)];
        let mut world = Fake { processes, immortal: vec![6], ..Fake::default() };
        assert_eq!(run(&mut world), Outcome { ended: 1, left: 1, unreaped: 1, unseen: 0 });
    }

    #[test]
    fn those_that_may_not_be_killed_are_not_waited_for() {
        let processes = vec![process(1, 0, false), process(5, 0, true), process(6, 5, true)];
        let mut world = Fake { processes, forbidden: vec![5, 6], ..Fake::default() };
        assert_eq!(run(&mut world), Outcome { ended: 0, left: 2, unreaped: 0, unseen: 0 });
        assert!(world.looks < 5, "{} looks", world.looks);
    }

    proptest! {
        #[test]
        fn who_forks_meanwhile_is_ended_with_all_children(forks in 0_u32..190) {
            let processes = vec![process(1, 0, false), process(5, 0, true)];
            let mut world = Fake { processes, forks, ..Fake::default() };
            let outcome = run(&mut world);
            prop_assert_eq!(outcome.left, 0);
            prop_assert!(world.processes.iter().all(|process| process.is_zombie == process.is_marked));
        }
    }
}
