//! Who is next: a pure state machine over a plan, fed with what came of each attempt. It knows no clock and no container.

use std::collections::{BTreeMap, VecDeque};

use crate::plan::Plan;
use crate::verdict::{Outcome, Verdict};

/// How often a case is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many times a case that failed is tried again alone. Default: 1.
    pub attempts: u32,
    /// The same for cases on a flaky list. Default: 3.
    pub flaky_attempts: u32,
    /// How many times in all a case is tried whose container fails under it. Default: 3.
    pub infrastructure_attempts: u32,
    /// How many times each case is run. With more than one, failures are not tried again. Default: 1.
    pub repeat: u32,
    /// Whether the first failure ends the run. It is tried again at once then. Default: not.
    pub fail_fast: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { attempts: 1, flaky_attempts: 3, infrastructure_attempts: 3, repeat: 1, fail_fast: false }
    }
}

/// Beside whom a case runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Beside others, in other containers.
    Shared,
    /// While nothing else does.
    Alone,
}

/// One attempt that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    /// The case, by its place in the list.
    pub case: u32,
    /// Beside whom.
    pub place: Place,
}

/// Cases in their order, round by round.
#[derive(Debug)]
struct Rounds {
    order: Vec<u32>,
    next: usize,
    rounds: u32,
    left: u32,
}

/// What is known of a case between its first attempt and its verdict.
#[derive(Debug, Default)]
struct Progress {
    outcomes: Vec<Outcome>,
    /// Attempts that are to be made, or under way.
    open: u32,
    infrastructure: u32,
    tried_alone: u32,
}

/// The state of a run.
#[derive(Debug)]
pub(super) struct Book {
    rules: Rules,
    shared: Rounds,
    alone: Rounds,
    /// Attempts that a container has failed.
    again: VecDeque<Job>,
    /// Failures that are tried alone.
    failures: VecDeque<u32>,
    in_progress: BTreeMap<u32, Progress>,
    running_shared: usize,
    running_alone: usize,
    stopped: bool,
}

impl Book {
    /// A run of a plan that has not begun.
    #[must_use]
    pub(super) fn new(plan: &Plan, rules: Rules) -> Self {
        Self {
            rules,
            shared: Rounds::new(plan.shared(), rules.repeat),
            alone: Rounds::new(plan.alone(), rules.repeat),
            again: VecDeque::new(),
            failures: VecDeque::new(),
            in_progress: BTreeMap::new(),
            running_shared: 0,
            running_alone: 0,
            stopped: false,
        }
    }

    /// An attempt to be made now, beside those under way, in a pool of so many containers; none if one has to end
    /// first, or if nothing is left.
    pub(super) fn next(&mut self, width: usize) -> Option<Job> {
        if self.stopped || self.running_alone > 0 || self.running_shared >= width {
            return None;
        }
        let failure_first = self.rules.fail_fast && !self.failures.is_empty();
        let job = if failure_first { None } else { self.next_shared() };
        let job = match job {
            Some(job) => job,
            None if self.running_shared > 0 => return None,
            None => self.next_alone()?,
        };
        match job.place {
            Place::Shared => self.running_shared += 1,
            Place::Alone => self.running_alone += 1,
        }
        Some(job)
    }

    /// Whether nothing runs, and nothing will.
    #[must_use]
    pub(super) fn is_over(&self) -> bool {
        let idle = self.running_shared == 0 && self.running_alone == 0;
        let done = self.shared.is_over() && self.alone.is_over() && self.again.is_empty();
        idle && (self.stopped || (done && self.failures.is_empty()))
    }

    /// Whether no attempt beside others is left: the pool is not needed as a whole any more.
    #[must_use]
    pub(super) fn is_shared_part_over(&self) -> bool {
        let again = self.again.iter().any(|job| job.place == Place::Shared);
        self.running_shared == 0 && self.shared.is_over() && !again
    }

    /// Takes note of what came of an attempt; gives the verdict if it was the case's last.
    ///
    /// # Panics
    /// If no such attempt is under way.
    pub(super) fn ended(&mut self, job: Job, outcome: Outcome, plan: &Plan) -> Option<Verdict> {
        match job.place {
            Place::Shared => self.running_shared -= 1,
            Place::Alone => self.running_alone -= 1,
        }
        let (mark, rules) = (plan.mark(job.case), self.rules);
        let is_failure = outcome == Outcome::Fail && !mark.is_expected_to_fail;
        if is_failure && rules.fail_fast && rules.repeat > 1 {
            self.stopped = true;
        }
        let progress = self.in_progress.get_mut(&job.case).expect("it was begun");
        progress.open -= 1;
        progress.outcomes.push(outcome);
        let tried_in_all =
            if mark.is_flaky { rules.flaky_attempts.max(rules.attempts) } else { rules.attempts };
        match outcome {
            Outcome::Infrastructure if !self.stopped => {
                progress.infrastructure += 1;
                if progress.infrastructure < rules.infrastructure_attempts {
                    progress.open += 1;
                    self.again.push_back(job);
                }
            }
            Outcome::Fail
                if is_failure
                    && rules.repeat == 1
                    && !self.stopped
                    && progress.tried_alone < tried_in_all =>
            {
                progress.tried_alone += 1;
                progress.open += 1;
                self.failures.push_back(job.case);
            }
            _ => {}
        }
        if progress.open > 0 {
            return None;
        }
        let verdict = self.settle(job.case, plan);
        if self.rules.fail_fast && verdict.is_failure() {
            self.stopped = true;
        }
        Some(verdict)
    }

    /// Begins nothing any more.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Gives the verdict on a case that was begun and will not be tried again, since the run is over.
    pub(super) fn left(&mut self, plan: &Plan) -> Option<(u32, Verdict)> {
        let case = *self.in_progress.first_key_value()?.0;
        Some((case, self.settle(case, plan)))
    }

    /// The cases that were never begun.
    pub(super) fn never_begun(&self) -> impl Iterator<Item = u32> {
        self.shared.never_begun().chain(self.alone.never_begun())
    }

    fn settle(&mut self, case: u32, plan: &Plan) -> Verdict {
        let progress = self.in_progress.remove(&case).unwrap_or_default();
        Verdict::of(&progress.outcomes, plan.mark(case))
    }

    fn next_shared(&mut self) -> Option<Job> {
        if let Some(at) = self.again.iter().position(|job| job.place == Place::Shared) {
            return self.again.remove(at);
        }
        let repeat = self.rules.repeat;
        let case = self.shared.next()?;
        self.in_progress.entry(case).or_insert_with(|| Progress { open: repeat, ..Progress::default() });
        Some(Job { case, place: Place::Shared })
    }

    fn next_alone(&mut self) -> Option<Job> {
        if let Some(job) = self.again.pop_front() {
            return Some(job);
        }
        if let Some(case) = self.failures.pop_front() {
            return Some(Job { case, place: Place::Alone });
        }
        let repeat = self.rules.repeat;
        let case = self.alone.next()?;
        self.in_progress.entry(case).or_insert_with(|| Progress { open: repeat, ..Progress::default() });
        Some(Job { case, place: Place::Alone })
    }
}

impl Rounds {
    fn new(order: &[u32], rounds: u32) -> Self {
        let rounds = if order.is_empty() { 0 } else { rounds };
        Self { order: order.to_vec(), next: 0, rounds, left: rounds }
    }

    fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            return None;
        }
        let case = self.order[self.next];
        self.next += 1;
        if self.next == self.order.len() {
            self.next = 0;
            self.left -= 1;
        }
        Some(case)
    }

    fn is_over(&self) -> bool {
        self.left == 0
    }

    /// What the first round has not come to.
    fn never_begun(&self) -> impl Iterator<Item = u32> {
        let begun = if self.left == self.rounds { self.next } else { self.order.len() };
        self.order.iter().skip(begun).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::durations::Durations;
    use crate::list::CaseList;
    use crate::lists::{ListKind, Lists};
    use crate::plan::Choice;

    /// A plan of `a` to `f`, of which `e` is exclusive, `f` expected to fail, and `d` flaky.
    fn plan() -> Plan {
        let mut lists = Lists::new();
        lists.add(ListKind::Exclusive, "e", "a test");
        lists.add(ListKind::ExpectedFailure, "f", "a test");
        lists.add(ListKind::Flaky, "d", "a test");
        let cases = CaseList::new(["a", "b", "c", "d", "e", "f"], "a test").expect("a list");
        let choice = Choice { lists, ..Choice::default() };
        Plan::new(cases, choice, &Durations::default()).expect("a plan")
    }

    /// What a run of the plan says, when `outcome` tells what comes of a case's n-th attempt; and all attempts.
    fn run(rules: Rules, mut outcome: impl FnMut(&str, usize) -> Outcome) -> (Vec<String>, Vec<String>) {
        let plan = plan();
        let mut book = Book::new(&plan, rules);
        let (mut verdicts, mut attempts, mut under_way) = (Vec::new(), Vec::new(), VecDeque::new());
        let mut times = [0usize; 6];
        while !book.is_over() {
            under_way.extend(std::iter::from_fn(|| book.next(2)));
            let alone = under_way.iter().any(|job: &Job| job.place == Place::Alone);
            assert!(under_way.len() <= 2 && !(alone && under_way.len() > 1), "{under_way:?}");
            let job: Job = under_way.pop_front().expect("it is not over, so something runs");
            let name = plan.name(job.case).to_string();
            let time = &mut times[job.case as usize];
            *time += 1;
            attempts.push(format!("{name}{}", if job.place == Place::Alone { "!" } else { "" }));
            if let Some(verdict) = book.ended(job, outcome(&name, *time), &plan) {
                verdicts.push(format!("{name} {verdict}"));
            }
        }
        while let Some((case, verdict)) = book.left(&plan) {
            verdicts.push(format!("{} {verdict}", plan.name(case)));
        }
        verdicts.extend(book.never_begun().map(|case| format!("{} never", plan.name(case))));
        (verdicts, attempts)
    }

    /// R5, R6: *pure*.
    #[test]
    fn failures_are_tried_again_alone_after_everything_else() {
        let (verdicts, attempts) = run(Rules::default(), |name, time| match (name, time) {
            ("a", _) | ("b", 1) | ("d", 1..4) | ("f", _) => Outcome::Fail,
            _ => Outcome::Pass,
        });
        assert_eq!(attempts, ["a", "b", "c", "d", "f", "a!", "b!", "d!", "d!", "d!", "e!"]);
        let expected = ["c passed", "f expected failure", "a failed", "b flaky", "d flaky", "e passed"];
        assert_eq!(verdicts, expected);
    }

    /// R6: *pure*.
    #[test]
    fn an_expected_failure_that_passes_is_told() {
        let (verdicts, _) = run(Rules::default(), |_, _| Outcome::Pass);
        assert!(verdicts.contains(&"f unexpected pass".to_owned()), "{verdicts:?}");
    }

    /// R15: *pure*.
    #[test]
    fn what_a_container_failed_is_tried_on_others_up_to_a_number() {
        let (verdicts, attempts) = run(Rules::default(), |name, time| match (name, time) {
            ("a", 1 | 2) | ("c" | "e", _) => Outcome::Infrastructure,
            _ => Outcome::Pass,
        });
        assert_eq!(attempts.iter().filter(|attempt| *attempt == "c").count(), 3);
        assert_eq!(attempts.iter().filter(|attempt| *attempt == "e!").count(), 3);
        assert!(verdicts.contains(&"a passed".to_owned()), "{verdicts:?}");
        assert!(verdicts.contains(&"c infrastructure error".to_owned()), "{verdicts:?}");
    }

    /// R14: *pure*.
    #[test]
    fn the_first_failure_ends_the_run_if_that_is_wanted() {
        let rules = Rules { fail_fast: true, ..Rules::default() };
        let (verdicts, attempts) = run(rules, |name, _| match name {
            "b" => Outcome::Fail,
            _ => Outcome::Pass,
        });
        assert_eq!(attempts, ["a", "b", "c", "b!"], "tried again at once");
        assert_eq!(verdicts, ["a passed", "c passed", "b failed", "d never", "f never", "e never"]);
    }

    /// R13: *pure*.
    #[test]
    fn repeats_go_round_and_find_what_is_flaky() {
        let rules = Rules { repeat: 3, ..Rules::default() };
        let (verdicts, attempts) = run(rules, |name, time| match (name, time) {
            ("b", 2) | ("c" | "f", _) => Outcome::Fail,
            _ => Outcome::Pass,
        });
        assert_eq!(attempts.len(), 18);
        assert_eq!(attempts[..6], ["a", "b", "c", "d", "f", "a"]);
        assert!(verdicts.contains(&"b flaky".to_owned()) && verdicts.contains(&"c failed".to_owned()));
        let rules = Rules { fail_fast: true, ..rules };
        let (_, attempts) = run(rules, |name, time| match (name, time) {
            ("b", 2) => Outcome::Fail,
            _ => Outcome::Pass,
        });
        assert_eq!(attempts.last().map(String::as_str), Some("c"), "what was under way ends: {attempts:?}");
    }

    proptest! {
        #[test]
        fn every_case_has_one_verdict_whatever_happens(
            script in proptest::collection::vec(0u8..4, 1..60),
            attempts in 0u32..4,
            repeat in 1u32..4,
            fail_fast: bool,
        ) {
            let mut script = script.into_iter().cycle();
            let rules = Rules { attempts, repeat, fail_fast, ..Rules::default() };
            let (verdicts, made) = run(rules, |_, _| match script.next() {
                Some(0) => Outcome::Fail,
                Some(1) => Outcome::Infrastructure,
                Some(2) => Outcome::Cancelled,
                _ => Outcome::Pass,
            });
            let mut names: Vec<_> = verdicts.iter().map(|verdict| &verdict[..1]).collect();
            names.sort_unstable();
            prop_assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
            prop_assert!(made.len() <= 6 * (3 + 3 + 3));
        }
    }
}
