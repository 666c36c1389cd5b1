use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use seatrial_core::case::Buffer;
use seatrial_core::case::end::{End, How};
use seatrial_core::case::frame::{Kind, credit, header};
use tokio::sync::Semaphore;

use super::super::super::commands::{Commands, UnderWay};
use super::super::case::Case;
use super::super::drain::pipe;
use super::super::output::CaseEnd;
use super::super::plan::{Parts, Writers};
use super::super::streams::Streams;
use super::cases::PATIENCE;
use super::*;
use crate::words::{Error, Kind as ErrorKind, Result};

/// Returns a value with one active case, its admission, and the frame that starts it.
fn one(case: Case) -> (ActiveCases, Admission, Vec<u8>, Arc<Commands>) {
    let commands = Arc::<Commands>::default();
    let plan = Parts::of(case).unwrap_or_else(|error| panic!("{error}")).plan;
    let streams = Streams::new(plan.limit, pipe(Writers::default()).0, [false; 2]);
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("there is one");
    let (mut cases, mut bytes) = (ActiveCases::default(), Vec::new());
    let added =
        cases.add(plan, streams, UnderWay::new(&commands), permit, &mut bytes).expect("it is not lost");
    (cases, added, bytes, commands)
}

fn frame(kind: Kind, CaseId { slot, number }: CaseId, payload: &[u8]) -> Vec<u8> {
    [&header(kind, slot, number, payload.len())[..], payload].concat()
}

/// Passes on bytes of the agent's. Returns the cases that have finished, and the frames that answer.
fn give(cases: &mut ActiveCases, bytes: &[u8]) -> Result<(Vec<FinishedCase>, Vec<u8>)> {
    let (mut buffer, mut finished, mut answer) = (Buffer::default(), Vec::new(), Vec::new());
    buffer.push(bytes);
    cases.take(&mut buffer, &mut finished, &mut answer)?;
    Ok((finished, answer))
}

fn end(how: How, left: u32) -> [u8; seatrial_core::case::end::END] {
    End { how, elapsed: 5, cpu_user: 6, cpu_system: 7, max_rss: 8, ended: 1, left, truncated: false }
        .to_bytes()
}

#[test]
fn output_and_an_end_frame_make_an_outcome() {
    let (mut cases, mut added, sent, commands) = one(Case::new(["true"]));
    assert!(!sent.is_empty() && !commands.are_over());
    let came = [
        frame(Kind::Stdout, added.id, b"out"),
        frame(Kind::Stderr, added.id, b"err"),
        frame(Kind::End, added.id, &end(How::Exited(3), 0)),
    ];
    let (finished, answer) = give(&mut cases, &came.concat()).expect("it is agreed on");
    assert!(answer.is_empty(), "short output costs no answer");
    assert!(finished.iter().all(|case| case.poison.is_none()));
    finished.into_iter().for_each(|finished| drop(finished.tell()));
    let output = added.outcome.try_recv().expect("it is told").expect("it is an outcome");
    assert_eq!((output.end.clone(), output.left_behind), (CaseEnd::Exited(3), Some(1)));
    assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("out", "err"));
    assert_eq!((output.elapsed, output.max_rss), (Duration::from_nanos(5), Some(8 * 1024)));
    assert!(commands.are_over() && added.window.is_closed());
}

#[test]
fn a_process_that_can_t_be_ended_and_a_lost_case_poison_the_container() {
    let (mut cases, added, _, _) = one(Case::new(["sleep", "9"]));
    let (finished, _) =
        give(&mut cases, &frame(Kind::End, added.id, &end(How::Exited(0), 2))).expect("agreed");
    let reason = finished[0].poison.as_deref().expect("two are left");
    assert!(reason.contains("`sleep 9`") && reason.contains('2'), "{reason}");
    let (mut cases, mut added, _, _) = one(Case::new(["sleep", "9"]));
    let (finished, _) = give(&mut cases, &frame(Kind::Lost, added.id, &[0; 4])).expect("agreed");
    assert!(finished[0].poison.is_some());
    finished.into_iter().for_each(|finished| drop(finished.tell()));
    assert!(added.outcome.try_recv().expect("it is told").is_err());
}

#[test]
fn a_lost_agent_fails_all_cases_and_takes_no_more() {
    let (mut cases, mut added, _, commands) = one(Case::new(["true"]));
    let finished = cases.lose(&Error::new(ErrorKind::Exec, "it is gone"));
    finished.into_iter().for_each(|finished| drop(finished.tell()));
    assert!(added.outcome.try_recv().expect("it is told").expect_err("it is lost").is_exec());
    assert!(cases.is_lost() && commands.are_over());
    let (finished, _) =
        give(&mut cases, &frame(Kind::End, added.id, &end(How::Exited(0), 0))).expect("agreed");
    assert!(finished.is_empty(), "nobody waits any more");
}

#[test]
fn a_cancelled_case_is_waited_for_and_not_for_ever() {
    let (mut cases, added, _, _) = one(Case::new(["true"]));
    let far = Instant::now() + PATIENCE * 2;
    assert!(!cases.has_late(far), "one without a time is never late");
    let mut bytes = Vec::new();
    cases.cancel(CaseId { number: 99, ..added.id }, &mut bytes);
    assert!(bytes.is_empty(), "another's");
    cases.cancel(added.id, &mut bytes);
    assert!(!bytes.is_empty() && cases.has_late(far) && added.window.is_closed());
}

#[test]
fn output_that_is_kept_is_credited_by_half_a_window() {
    let (mut cases, added, _, _) = one(Case::new(["true"]));
    let piece = frame(Kind::Stdout, added.id, &[b'x'; 4000]);
    let answers: Vec<u8> =
        (0..33).flat_map(|_| give(&mut cases, &piece).expect("it is agreed on").1).collect();
    let expected = frame(Kind::Credit, added.id, &credit(Kind::Stdout, 33 * 4000));
    assert_eq!(answers, expected);
}

proptest! {
    /// A11: a frame that the agent must not send is an error, or is ignored.
    #[test]
    fn any_frame_is_taken_or_refused_without_a_panic(
        kind in 1..=10_u8, slot in 0..3_u8, number in 0..3_u32,
        payload in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let (mut cases, _, _, _) = one(Case::new(["true"]));
        let kind = Kind::of(kind).expect("it is one");
        if let Ok((finished, _)) = give(&mut cases, &frame(kind, CaseId { slot, number }, &payload)) {
            finished.into_iter().for_each(|finished| drop(finished.tell()));
        }
    }
}
