//! An error at every request of a start, of every kind that an engine or a broken connection can make.

use seatrial::Network;
use seatrial_tests::{EngineProxy, Fault};

use crate::own_session::OwnSession;
use crate::stages::{Stage, end, eventful, with_volume};

/// C8.
#[tokio::test]
async fn a_start_whose_nth_request_is_answered_500_leaves_nothing() {
    fail_every_stage("fail-500", &Fault::error(500, "no luck")).await;
}

/// C8.
#[tokio::test]
async fn a_start_whose_nth_request_is_cut_leaves_nothing() {
    fail_every_stage("fail-cut", &Fault::cut()).await;
}

/// C8.
#[tokio::test]
async fn a_start_whose_nth_request_is_answered_with_half_a_head_leaves_nothing() {
    fail_every_stage("fail-half", &Fault::half_head()).await;
}

/// C8.
#[tokio::test]
async fn a_start_whose_nth_request_is_answered_with_garbage_leaves_nothing() {
    fail_every_stage("fail-garbage", &Fault::garbage()).await;
}

/// C8: the engine carries out what it is asked, and the connection breaks before it says so.
#[tokio::test]
async fn a_start_whose_nth_answer_is_lost_leaves_nothing() {
    fail_every_stage("fail-lost", &Fault::swallow_and_cut()).await;
}

/// C8, C13.
#[tokio::test]
async fn a_run_with_an_error_at_any_request_leaves_nothing() {
    for fault in [Fault::error(500, "no luck"), Fault::swallow_and_cut()] {
        for stage in [Stage::Create, Stage::Attach, Stage::Start, Stage::Inspect] {
            let proxy = EngineProxy::start_default();
            let session = OwnSession::behind(&proxy, "fail-run").await;
            let request = with_volume(&session, session.misbehave(&["print", "done"]));
            // The reader of the output inspects too, and tries again.
            let which = if stage == Stage::Inspect { stage.matcher() } else { stage.matcher().nth(1) };
            proxy.on(which, fault.clone());
            let error = request.run().await.expect_err("one request failed");
            assert!(error.to_string().contains("container `"), "{stage:?}: {error}");
            end(session).await;
        }
    }
}

async fn fail_every_stage(topic: &str, fault: &Fault) {
    let networks = OwnSession::begin(topic).await;
    let first = Network::create_in(&networks).await.expect("a network");
    let second = Network::create_in(&networks).await.expect("a network");
    for stage in Stage::ALL {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, topic).await;
        let name = session.id().to_string();
        proxy.on(stage.matcher().nth(1), fault.clone());
        let started = eventful(&session, &first, &second).name(&name).start().await;
        if stage == Stage::Exec {
            // A command that a wait runs is tried again; all else is fatal.
            started.expect("a container").remove().await.expect("it is removed");
        } else {
            let error = started.expect_err("one request failed").to_string();
            let network = format!("network `{}`", second.name());
            let named = if stage == Stage::Connect { &network } else { &name };
            assert!(error.contains(named.as_str()), "{stage:?}: {error}");
        }
        end(session).await;
    }
}
