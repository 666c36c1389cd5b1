use proptest::prelude::*;
use seatrial_core::case::frame::{credit, header};

use super::super::super::commands::Commands;
use super::super::case::Case;
use super::super::plan::Parts;
use super::*;

/// A board with one case, and who waits for it.
fn one(case: Case) -> (Board, Added, Vec<u8>, Arc<Commands>) {
    let commands = Arc::<Commands>::default();
    let plan = Parts::of(case).unwrap_or_else(|error| panic!("{error}")).plan;
    let newcomer = Newcomer {
        sink: Sink::new(plan.limit, None, |_| false),
        plan,
        under_way: UnderWay::new(&commands),
        permit: Arc::new(Semaphore::new(1)).try_acquire_owned().expect("there is one"),
    };
    let (mut board, mut bytes) = (Board::default(), Vec::new());
    let added = board.add(newcomer, &mut bytes).expect("it is not lost");
    (board, added, bytes, commands)
}

fn frame(kind: Kind, Place { slot, number }: Place, payload: &[u8]) -> Vec<u8> {
    [&header(kind, slot, number, payload.len())[..], payload].concat()
}

/// Gives the board what came; the cases that are over, and what it answers.
fn give(board: &mut Board, bytes: &[u8]) -> Result<(Vec<Over>, Vec<u8>)> {
    let (mut buffer, mut over, mut answer) = (Buffer::default(), Vec::new(), Vec::new());
    buffer.push(bytes);
    board.take(&mut buffer, &mut over, &mut answer)?;
    Ok((over, answer))
}

fn end(how: How, left: u32) -> [u8; seatrial_core::case::end::END] {
    End { how, elapsed: 5, cpu_user: 6, cpu_system: 7, max_rss: 8, ended: 1, left, truncated: false }
        .to_bytes()
}

#[test]
fn output_and_end_make_an_outcome() {
    let (mut board, mut added, sent, commands) = one(Case::new(["true"]));
    assert!(!sent.is_empty() && !commands.are_over());
    let came = [
        frame(Kind::Stdout, added.place, b"out"),
        frame(Kind::Stderr, added.place, b"err"),
        frame(Kind::End, added.place, &end(How::Exited(3), 0)),
    ];
    let (over, answer) = give(&mut board, &came.concat()).expect("it is agreed on");
    assert!(answer.is_empty(), "short output costs no answer");
    assert_eq!(over.iter().filter_map(Over::poison).count(), 0);
    over.into_iter().for_each(|over| drop(over.tell()));
    let output = added.outcome.try_recv().expect("it is told").expect("it is an outcome");
    assert_eq!((output.end.clone(), output.left_behind), (CaseEnd::Exited(3), Some(1)));
    assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("out", "err"));
    assert_eq!((output.elapsed, output.max_rss), (Duration::from_nanos(5), Some(8 * 1024)));
    assert!(commands.are_over() && added.window.is_closed());
}

#[test]
fn what_can_t_be_ended_and_what_is_lost_poisons() {
    let (mut board, added, _, _) = one(Case::new(["sleep", "9"]));
    let (over, _) =
        give(&mut board, &frame(Kind::End, added.place, &end(How::Exited(0), 2))).expect("agreed");
    let reason = over[0].poison().expect("two are left");
    assert!(reason.contains("`sleep 9`") && reason.contains('2'), "{reason}");
    let (mut board, mut added, _, _) = one(Case::new(["sleep", "9"]));
    let (over, _) = give(&mut board, &frame(Kind::Lost, added.place, &[0; 4])).expect("agreed");
    assert!(over[0].poison().is_some());
    over.into_iter().for_each(|over| drop(over.tell()));
    assert!(added.outcome.try_recv().expect("it is told").is_err());
}

#[test]
fn a_lost_agent_fails_all_and_takes_no_more() {
    let (mut board, mut added, _, commands) = one(Case::new(["true"]));
    let over = board.lose(&Error::new(ErrorKind::Exec, "it is gone"));
    over.into_iter().for_each(|over| drop(over.tell()));
    assert!(added.outcome.try_recv().expect("it is told").expect_err("it is lost").is_exec());
    assert!(board.is_lost() && commands.are_over());
    let (over, _) =
        give(&mut board, &frame(Kind::End, added.place, &end(How::Exited(0), 0))).expect("agreed");
    assert!(over.is_empty(), "nobody waits any more");
}

#[test]
fn a_cancelled_case_is_waited_for_and_not_for_ever() {
    let (mut board, added, _, _) = one(Case::new(["true"]));
    let far = Instant::now() + PATIENCE * 2;
    assert!(!board.has_late(far), "one without a time is never late");
    let mut bytes = Vec::new();
    board.cancel(Place { number: 99, ..added.place }, &mut bytes);
    assert!(bytes.is_empty(), "another's");
    board.cancel(added.place, &mut bytes);
    assert!(!bytes.is_empty() && board.has_late(far) && added.window.is_closed());
}

#[test]
fn output_that_is_kept_is_credited_by_half_a_window() {
    let (mut board, added, _, _) = one(Case::new(["true"]));
    let piece = frame(Kind::Stdout, added.place, &[b'x'; 4000]);
    let answers: Vec<u8> =
        (0..33).flat_map(|_| give(&mut board, &piece).expect("it is agreed on").1).collect();
    let expected = frame(Kind::Credit, added.place, &credit(Kind::Stdout, 33 * 4000));
    assert_eq!(answers, expected);
}

proptest! {
    /// A11: what is not agreed on is an error or nothing.
    #[test]
    fn nonsense_does_not_panic(
        kind in 1..=10_u8, slot in 0..3_u8, number in 0..3_u32,
        payload in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let (mut board, _, _, _) = one(Case::new(["true"]));
        let kind = Kind::of(kind).expect("it is one");
        if let Ok((over, _)) = give(&mut board, &frame(kind, Place { slot, number }, &payload)) {
            over.into_iter().for_each(|over| drop(over.tell()));
        }
    }
}
