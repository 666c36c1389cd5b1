//! The progress that a caller is told while a pull goes on.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use seatrial::{
    ContainerRequest,
    monitor::Phase,
    pull::{Pull, PullProgress},
};
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::registry::Registry;
use seatrial_tests::{Fault, Gate, Matcher};
use tokio::sync::mpsc;

/// C31: progress is reported per layer and in total, and is complete with the last layer only.
#[tokio::test]
async fn progress_reaches_a_hundred_percent_with_the_last_layer() {
    let session = OwnSession::begin("progress").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_noise("progress", 2, 300_000);
    let gate = Gate::new();
    // The configuration passes, and one layer; the other one waits.
    registry.faulty.on(image.config(), Fault::Pass);
    registry.faulty.on(Matcher::blobs().nth(2), Fault::Hold(gate.clone()));
    let (told, mut snapshots) = mpsc::unbounded_channel();
    let pull = Pull::new(image.tagged()).session(&session).on_progress(move |progress| {
        told.send(progress.clone()).expect("the test listens");
    });
    let pull = tokio::spawn(pull.run());
    gate.reached().await;
    loop {
        let snapshot = snapshots.recv().await.expect("the pull goes on");
        assert_ne!(snapshot.percent(), Some(100.0), "{snapshot:?}");
        if snapshot.layers.iter().any(|layer| layer.total > 0 && layer.current == layer.total) {
            assert_eq!((snapshot.percent(), snapshot.layers.len()), (Some(50.0), 2), "{snapshot:?}");
            break;
        }
    }
    gate.release();
    pull.await.expect("no panic").expect("it can be had");
    let rest: Vec<PullProgress> = std::iter::from_fn(|| snapshots.recv().now_or_never().flatten()).collect();
    assert!(
        rest.iter().any(|snapshot| snapshot.percent().is_some_and(|percent| percent < 100.0)),
        "{rest:?}"
    );
    let last = rest.last().expect("there was more");
    assert_eq!(last.percent(), Some(100.0));
    assert_eq!(last.layers.len(), 2);
    for layer in &last.layers {
        assert_eq!((layer.current, layer.status.as_str()), (layer.total, "Pull complete"), "{last:?}");
    }
    assert!(last.status.contains("Downloaded newer image"), "{last:?}");
}

/// C31: a caller that joins a pull, and one whose layers are all there, gets the progress as well.
#[tokio::test]
async fn progress_of_what_is_here_already_is_a_hundred_percent() {
    let session = OwnSession::begin("progress-here").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("here");
    for layers in ["found here", "and the image too"] {
        let last = Arc::new(Mutex::new(None));
        let told = Arc::clone(&last);
        let pull = Pull::new(image.tagged()).session(&session).on_progress(move |progress| {
            *told.lock().expect("unharmed") = progress.percent();
        });
        pull.run().await.expect("it can be had");
        assert_eq!(*last.lock().expect("unharmed"), Some(100.0), "{layers}");
    }
}

/// M1: a start's monitor reports the pull, and then the container.
#[tokio::test]
async fn a_start_s_monitor_begins_with_the_pull() {
    let session = OwnSession::begin("progress-start").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_noise("progress-start", 2, 300_000);
    let gate = Gate::new();
    // The configuration passes, and one layer; the other one waits.
    registry.faulty.on(image.config(), Fault::Pass);
    registry.faulty.on(Matcher::blobs().nth(2), Fault::Hold(gate.clone()));
    let request = ContainerRequest::new(image.tagged()).cmd(["/none"]).session(&session);
    let (starting, mut monitor) = request.start_monitored();
    let starting = tokio::spawn(starting);
    gate.reached().await;
    loop {
        let snapshot = monitor.next().await.expect("the pull goes on");
        assert_eq!((&snapshot.id, snapshot.name.is_empty()), (&None, false), "{snapshot:?}");
        if snapshot.phase == Phase::Pulling(Some(50.0)) {
            break;
        }
        assert!(matches!(snapshot.phase, Phase::Pulling(percent) if percent != Some(100.0)), "{snapshot:?}");
    }
    gate.release();
    let error = starting.await.expect("no panic").expect_err("it holds nothing that could run");
    let mut last = None;
    while let Some(snapshot) = monitor.next().await {
        last = Some(snapshot);
    }
    let last = last.expect("it was created");
    assert!(last.phase == Phase::Created && last.id.is_some(), "{last:?}");
    assert_eq!(last.error, Some(error.to_string()));
}
