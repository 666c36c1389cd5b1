//! Tests of the order of attempts.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use super::book::{Book, Job};
use crate::rules::{Place, Rules};
use crate::durations::Durations;
use crate::list::CaseList;
use crate::lists::{ListKind, Lists};
use crate::plan::{Choice, Plan};
use crate::verdict::Outcome;

/// Returns a plan of `a` to `f`, of which `e` runs alone, `f` is expected to fail, and `d` is flaky.
fn plan() -> Plan {
    let mut lists = Lists::new();
    lists.add(ListKind::Alone, "e", "a test");
    lists.add(ListKind::ExpectedFailure, "f", "a test");
    lists.add(ListKind::Flaky, "d", "a test");
    let cases = CaseList::new(["a", "b", "c", "d", "e", "f"], "a test").expect("a list");
    let choice = Choice { lists, ..Choice::default() };
    Plan::new(cases, choice, &Durations::default()).expect("a plan")
}

/// Runs the plan. `outcome` gives the outcome of a case's n-th attempt. Returns the verdicts and all attempts.
fn run(rules: Rules, mut outcome: impl FnMut(&str, usize) -> Outcome) -> (Vec<String>, Vec<String>) {
    let plan = plan();
    let mut book = Book::new(&plan, rules);
    let (mut verdicts, mut attempts, mut under_way) = (Vec::new(), Vec::new(), VecDeque::new());
    let (mut times, mut failed) = ([0usize; 6], BTreeSet::new());
    while !book.is_over() {
        under_way.extend(std::iter::from_fn(|| book.next(2)));
        let alone = under_way.iter().any(|job: &Job| job.place == Place::Alone);
        assert!(under_way.len() <= 2 && !(alone && under_way.len() > 1), "{under_way:?}");
        let job: Job = under_way.pop_front().expect("it is not over, so something runs");
        let name = plan.name(job.case).to_string();
        let time = &mut times[job.case as usize];
        *time += 1;
        assert!(!job.is_retry || job.place == Place::Alone, "{job:?}");
        assert!(rules.repeat > 1 || job.is_retry == failed.contains(&job.case), "{job:?}");
        attempts.push(format!("{name}{}", if job.place == Place::Alone { "!" } else { "" }));
        let outcome = outcome(&name, *time);
        if outcome == Outcome::Fail {
            failed.insert(job.case);
        }
        if let Some(verdict) = book.ended(job, outcome, &plan) {
            verdicts.push(format!("{name} {verdict}"));
        }
        let settled = book.take_settled();
        verdicts.extend(settled.iter().map(|(case, verdict)| format!("{} {verdict}", plan.name(*case))));
    }
    while let Some((case, verdict)) = book.left(&plan) {
        verdicts.push(format!("{} {verdict}", plan.name(case)));
    }
    verdicts.extend(book.never_begun().map(|case| format!("{} never", plan.name(case))));
    (verdicts, attempts)
}

/// R5, R6: *pure*. Failed cases are retried, alone, when all others have run.
#[test]
fn failures_are_retried_alone_after_everything_else() {
    let (verdicts, attempts) = run(Rules::default(), |name, time| match (name, time) {
        ("a", _) | ("b", 1) | ("d", 1..4) | ("f", _) => Outcome::Fail,
        _ => Outcome::Pass,
    });
    assert_eq!(attempts, ["a", "b", "c", "d", "f", "a!", "b!", "d!", "d!", "d!", "e!"]);
    let expected = ["c passed", "f expected failure", "a failed", "b flaky", "d flaky", "e passed"];
    assert_eq!(verdicts, expected);
}

/// R6: *pure*. A case that passes in spite of its list is no plain pass.
#[test]
fn an_expected_failure_that_passes_is_told() {
    let (verdicts, _) = run(Rules::default(), |_, _| Outcome::Pass);
    assert!(verdicts.contains(&"f unexpected pass".to_owned()), "{verdicts:?}");
}

/// R15: *pure*. A case whose container fails gets three attempts.
#[test]
fn a_case_whose_container_failed_is_attempted_on_others_up_to_a_number() {
    let (verdicts, attempts) = run(Rules::default(), |name, time| match (name, time) {
        ("a", 1 | 2) | ("c" | "e", _) => Outcome::Infrastructure,
        _ => Outcome::Pass,
    });
    assert_eq!(attempts.iter().filter(|attempt| *attempt == "c").count(), 3);
    assert_eq!(attempts.iter().filter(|attempt| *attempt == "e!").count(), 3);
    assert!(verdicts.contains(&"a passed".to_owned()), "{verdicts:?}");
    assert!(verdicts.contains(&"c infrastructure error".to_owned()), "{verdicts:?}");
}

/// R14: *pure*. Fail-fast ends the run with the first failure.
#[test]
fn a_fail_fast_run_ends_with_the_first_failure() {
    let rules = Rules { fail_fast: true, ..Rules::default() };
    let (verdicts, attempts) = run(rules, |name, _| match name {
        "b" => Outcome::Fail,
        _ => Outcome::Pass,
    });
    assert_eq!(attempts, ["a", "b", "c", "b!"], "retried at once");
    assert_eq!(verdicts, ["a passed", "c passed", "b failed", "d never", "f never", "e never"]);
}

/// R13: *pure*. Repeats find the cases that fail at times.
#[test]
fn repeats_go_round_and_find_flaky_cases() {
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
    assert_eq!(
        attempts.last().map(String::as_str),
        Some("c"),
        "the attempt that is under way ends: {attempts:?}"
    );
}

/// R5: *pure*. When more cases fail than may be retried, none is.
#[test]
fn too_many_failures_are_not_retried() {
    let all_fail = |max_retries| {
        let rules = Rules { max_retries: Some(max_retries), ..Rules::default() };
        run(rules, |_, _| Outcome::Fail)
    };
    let (verdicts, attempts) = all_fail(3);
    assert_eq!(attempts, ["a", "b", "c", "d", "f", "e!"], "no case is retried");
    let expected = ["d failed", "a failed", "b failed", "c failed", "f expected failure", "e failed"];
    assert_eq!(verdicts, expected);
    let (_, attempts) = all_fail(5);
    assert_eq!(attempts, ["a", "b", "c", "d", "f", "a!", "b!", "c!", "d!", "d!", "d!", "e!", "e!"]);
    let (_, attempts) = all_fail(0);
    assert_eq!(attempts.len(), 6, "none may be retried: {attempts:?}");
    let (verdicts, _) =
        run(Rules { max_retries: Some(1), ..Rules::default() }, |name, time| match (name, time) {
            ("b", 1) => Outcome::Fail,
            _ => Outcome::Pass,
        });
    assert!(verdicts.contains(&"b flaky".to_owned()), "one may be retried: {verdicts:?}");
}

proptest! {
    #[test]
    fn every_case_has_one_verdict_whatever_happens(
        script in proptest::collection::vec(0u8..5, 1..60),
        retries in 0u32..4,
        max_retries in proptest::option::of(0u32..4),
        repeat in 1u32..4,
        fail_fast: bool,
    ) {
        let mut script = script.into_iter().cycle();
        let rules = Rules { retries, max_retries, repeat, fail_fast, ..Rules::default() };
        let (verdicts, made) = run(rules, |_, _| match script.next() {
            Some(0) => Outcome::Fail,
            Some(1) => Outcome::Infrastructure,
            Some(2) => Outcome::Cancelled,
            Some(3) => Outcome::Skip,
            _ => Outcome::Pass,
        });
        let mut names: Vec<_> = verdicts.iter().map(|verdict| &verdict[..1]).collect();
        names.sort_unstable();
        prop_assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
        prop_assert!(made.len() <= 6 * (3 + 3 + 3));
    }
}
