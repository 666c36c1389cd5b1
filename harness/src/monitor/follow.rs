//! Updates a board while a monitor reads it: the state by the engine's events, and the resource usage by its samples.
//! All of it runs on the background thread.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join, select};
use tokio::sync::watch;

use super::rates::Meter;
use super::samples::each_sample;
use super::snapshot::Board;
use crate::base::Backoff;
use crate::container::Subject;
use crate::life::follow_states;
use crate::words::ContainerState;

type States = watch::Receiver<Option<ContainerState>>;
type Boards = watch::Sender<Board>;

/// Follows a container until its last state, until it is gone, or until no monitor is left.
pub(super) async fn follow(subject: Subject, boards: Boards) {
    let (sender, states) = watch::channel(None);
    let tracking = follow_states(subject.target.clone(), sender);
    let measuring = pin!(join(tracking, measure(&subject, states.clone(), &boards)));
    // The state decides about the end; measuring never ends by itself.
    let telling = pin!(tell(&subject, states, &boards));
    select(select(telling, measuring), pin!(boards.closed())).await;
}

/// Writes each state and each change of the plan to the board, until the last state.
async fn tell(subject: &Subject, mut states: States, boards: &Boards) {
    let mut plans = subject.course.subscribe();
    loop {
        let state = states.borrow_and_update().clone();
        let plan = plans.borrow_and_update().clone();
        let is_last = state.as_ref().is_some_and(|state| plan.is_last(state));
        if state.is_some() {
            boards.send_modify(|board| board.observe(state, plan));
        }
        if is_last {
            return;
        }
        match select(pin!(states.changed()), pin!(plans.changed())).await {
            Either::Left((Ok(()), _)) | Either::Right(_) => {}
            // The container is gone.
            Either::Left((Err(_), _)) => return,
        }
    }
}

/// Writes the resource usage to the board, run after run.
async fn measure(subject: &Subject, mut states: States, boards: &Boards) {
    let mut pauses = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    while wait_until_running(&mut states, true).await {
        let mut end = states.clone();
        let run = pin!(measure_run(subject, boards));
        select(run, pin!(wait_until_running(&mut end, false))).await;
        // The samples may also break off during a run.
        crate::base::sleep(pauses.next()).await;
    }
    pending().await
}

/// Waits until the container runs or does not run, as requested. Returns `false` if that will never be the case.
async fn wait_until_running(states: &mut States, is_running: bool) -> bool {
    let is_so =
        |state: &Option<ContainerState>| state.as_ref().is_some_and(ContainerState::is_running) == is_running;
    states.wait_for(is_so).await.is_ok()
}

async fn measure_run(subject: &Subject, boards: &Boards) {
    let mut meter = Meter::default();
    let tell = |stats| {
        boards.send_modify(|board| {
            board.rates = meter.push(&stats);
            board.stats = Some(stats);
        });
    };
    each_sample(subject, tell).await;
}
