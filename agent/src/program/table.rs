//! A snapshot of all processes, and the choice of those that belong to a command. Makes no system calls.

/// The most processes that a table holds; more are an error.
pub(crate) const CAPACITY: usize = 16 * 1024;

/// One process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) session: i32,
    /// `true` if it has ended and its parent has not reaped it.
    pub(crate) is_zombie: bool,
    /// `true` if it has the mark or is the command's main process.
    pub(crate) is_marked: bool,
    /// `true` if its environment may not be read.
    pub(crate) is_unseen: bool,
    pub(crate) is_chosen: bool,
}

/// All processes, sorted by their ids.
pub(crate) struct Table {
    processes: [Process; CAPACITY],
    length: usize,
}

/// The agent's own process and session, which are never chosen.
#[derive(Clone, Copy)]
pub(crate) struct AgentIds {
    pub(crate) pid: i32,
    pub(crate) session: i32,
}

impl Table {
    pub(crate) const fn new() -> Self {
        let none = Process {
            pid: 0,
            parent: 0,
            session: 0,
            is_zombie: false,
            is_marked: false,
            is_unseen: false,
            is_chosen: false,
        };
        Self { processes: [none; CAPACITY], length: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    /// Adds a process. Returns `false` if the table is full.
    pub(crate) fn add(&mut self, process: Process) -> bool {
        let Some(place) = self.processes.get_mut(self.length) else { return false };
        *place = process;
        self.length += 1;
        true
    }

    pub(crate) fn chosen(&self) -> impl Iterator<Item = &Process> {
        self.processes[..self.length].iter().filter(|process| process.is_chosen)
    }

    /// Returns the number of processes that were not chosen and whose environment may not be read.
    pub(crate) fn unseen(&self) -> usize {
        let is_unseen = |process: &&Process| {
            process.is_unseen && !process.is_chosen && !process.is_zombie && process.pid != 1
        };
        self.processes[..self.length].iter().filter(is_unseen).count()
    }

    pub(crate) fn has_chosen(&self, pid: i32) -> bool {
        self.find(pid).is_some_and(|at| self.processes[at].is_chosen)
    }

    /// Finds a process's index. The table must be sorted.
    fn find(&self, pid: i32) -> Option<usize> {
        self.processes[..self.length].binary_search_by_key(&pid, |process| process.pid).ok()
    }

    /// Chooses the marked processes, their descendants, and all processes that share a session with one of these: only
    /// the creator of a session and its descendants can be in it. The container's main process, its session and the
    /// agent itself are never chosen.
    pub(crate) fn choose(&mut self, agent: AgentIds) {
        self.processes[..self.length].sort_unstable_by_key(|process| process.pid);
        let first_session = self.find(1).map_or(0, |first| self.processes[first].session);
        let is_theirs = |session| session != 0 && session != first_session && session != agent.session;
        let is_spared = |process: &Process| process.pid == 1 || process.pid == agent.pid;
        for at in 0..self.length {
            let process = &mut self.processes[at];
            process.is_chosen = process.is_marked && !is_spared(process);
        }
        // Each round follows parents and sessions one step further.
        loop {
            let mut has_grown = false;
            for at in 0..self.length {
                let process = self.processes[at];
                if process.is_chosen || is_spared(&process) {
                    continue;
                }
                let belongs = self.has_chosen(process.parent)
                    || is_theirs(process.session)
                        && self.chosen().any(|chosen| chosen.session == process.session);
                self.processes[at].is_chosen = belongs;
                has_grown |= belongs;
            }
            if !has_grown {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AGENT: AgentIds = AgentIds { pid: 99, session: 99 };

    fn chosen(processes: &[Process]) -> Vec<i32> {
        let mut table = Box::new(Table::new());
        assert!(processes.iter().all(|process| table.add(*process)));
        table.choose(AGENT);
        table.chosen().map(|process| process.pid).collect()
    }

    fn process(pid: i32, parent: i32, session: i32) -> Process {
        Process { pid, parent, session, ..Process::default() }
    }

    fn marked(pid: i32, parent: i32, session: i32) -> Process {
        Process { is_marked: true, ..process(pid, parent, session) }
    }

    #[test]
    fn children_that_cleared_their_environment_are_found_by_their_parents() {
        let all = [process(1, 0, 1), process(7, 5, 7), marked(4, 0, 4), process(5, 4, 5), process(8, 1, 1)];
        assert_eq!(chosen(&all), [4, 5, 7]);
    }

    #[test]
    fn an_orphan_without_a_mark_is_found_by_its_session() {
        // 5 was a child of a process that is gone.
        assert_eq!(chosen(&[process(1, 0, 1), marked(4, 0, 4), process(5, 1, 4)]), [4, 5]);
    }

    #[test]
    fn the_main_process_its_session_and_the_agent_are_spared() {
        let all = [marked(1, 0, 1), marked(99, 0, 99), process(3, 1, 1), process(6, 0, 99)];
        assert_eq!(chosen(&all), []);
        // A marked process in the main process's session does not have the others chosen.
        assert_eq!(chosen(&[process(1, 0, 1), process(3, 1, 1), marked(4, 1, 1)]), [4]);
    }

    #[test]
    fn a_session_outside_of_the_namespace_connects_nothing() {
        assert_eq!(chosen(&[process(1, 0, 0), marked(4, 0, 0), process(5, 0, 0)]), [4]);
    }

    #[test]
    fn unreadable_environments_are_counted_unless_the_process_was_chosen() {
        let unseen = |process: Process| Process { is_unseen: true, ..process };
        let zombie = Process { is_zombie: true, ..process(9, 1, 9) };
        let all = [process(1, 0, 1), marked(4, 0, 4), process(5, 4, 5), process(7, 1, 7), zombie].map(unseen);
        let mut table = Box::new(Table::new());
        assert!(all.into_iter().all(|process| table.add(process)));
        table.choose(AGENT);
        assert_eq!(table.unseen(), 1);
    }

    #[test]
    fn a_full_table_refuses_a_process() {
        let mut table = Box::new(Table::new());
        assert!((0..CAPACITY).all(|pid| table.add(process(i32::try_from(pid).unwrap(), 0, 0))));
        assert!(!table.add(process(1, 0, 0)));
    }

    fn world() -> impl Strategy<Value = Vec<Process>> {
        let one = (0..20_i32, 0..20_i32, any::<bool>());
        proptest::collection::vec(one, 1..20).prop_map(|all| {
            let with_pid = |(index, (parent, session, mark)): (usize, (i32, i32, bool))| {
                let pid = i32::try_from(index).unwrap() + 1;
                Process { is_marked: mark && pid % 5 == 0, ..process(pid, parent, session) }
            };
            all.into_iter().enumerate().map(with_pid).collect()
        })
    }

    /// Chooses by following the relations from each marked process.
    fn naive(all: &[Process]) -> Vec<i32> {
        let first_session = all[0].session;
        let is_spared = |process: &&Process| process.pid == 1 || process.pid == AGENT.pid;
        let mut found: Vec<&Process> =
            all.iter().filter(|process| process.is_marked && !is_spared(process)).collect();
        let mut at = 0;
        while let Some(from) = found.get(at).copied() {
            at += 1;
            for to in all.iter().filter(|process| !is_spared(process)) {
                let shares =
                    to.session == from.session && ![0, first_session, AGENT.session].contains(&to.session);
                if (to.parent == from.pid || shares) && !found.contains(&to) {
                    found.push(to);
                }
            }
        }
        let mut pids: Vec<_> = found.iter().map(|process| process.pid).collect();
        pids.sort_unstable();
        pids
    }

    proptest! {
        #[test]
        fn the_choice_is_that_of_a_naive_search_in_any_order(all in world(), seed in any::<u64>()) {
            let expected = naive(&all);
            let mut shuffled = all;
            shuffled.sort_by_key(|process| u64::from(process.pid.cast_unsigned()).wrapping_mul(seed | 1));
            prop_assert_eq!(chosen(&shuffled), expected);
        }
    }
}
