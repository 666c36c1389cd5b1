//! The profiler's hook.

use std::error::Error;
use std::path::Path;

use seatrial::{
    TestContainer,
    monitor::{ProfileHook, ProfileTarget},
};
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::{OwnSession, look_at};
use seatrial_tests::Engine;

use super::profiler::Profiler;

/// M6: a profiler is called at the begin of each run, and before the run's end is reported; `perf` attaches if it is
/// installed.
#[tokio::test]
async fn a_profiler_sees_each_run_from_its_beginning_to_before_its_end() {
    let session = OwnSession::begin("profile").await;
    let profiler = Profiler::default();
    let request = session.shell("while :; do :; done").profile_with(profiler.clone());
    let container = request.start().await.expect("it starts");
    let pid = look_at(&container)["State"]["Pid"].as_u64();
    let id = container.id().clone();
    until_it_has_worked(&container).await;
    container.restart().await.expect("it is restarted");
    assert_eq!((profiler.profiles.lock().expect("no panic").len(), container.profile_error()), (1, None));
    until_it_has_worked(&container).await;
    assert_eq!(container.profile_error(), None);
    drop(container);
    until("it has ended", || profiler.profiles.lock().expect("no panic").len() == 2).await;

    let profiles = profiler.profiles.lock().expect("no panic");
    assert_eq!(Some(u64::from(profiles[0].target.pid)), pid);
    assert_ne!(profiles[0].target.pid, profiles[1].target.pid);
    for profile in profiles.iter() {
        assert_eq!((&profile.target.id, profile.was_alive), (&id, true), "{profile:?}");
        assert!(profile.samples > 0, "it was at work: {profile:?}");
    }
    // Where the engine is this machine's, the runtime's directory can be seen.
    if let Some(root) = &profiles[0].target.runtime_root
        && Engine::from_env().socket() == Path::new("/var/run/docker.sock")
    {
        assert!(root.is_dir(), "{}", root.display());
    }
}

/// Waits until it has had half a second of CPU time since now.
async fn until_it_has_worked(container: &TestContainer) {
    let used = async || container.stats().await.expect("it runs").cpu_nanos.expect("a counter");
    let before = used().await;
    while used().await < before + 500_000_000 {}
}

struct Failing {
    begins: bool,
}

impl ProfileHook for Failing {
    fn begin(&self, _: &ProfileTarget) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.begins { Ok(()) } else { Err("there is no profiler".into()) }
    }

    fn end(&self, target: &ProfileTarget) -> Result<(), Box<dyn Error + Send + Sync>> {
        assert!(self.begins, "what has not begun does not end");
        panic!("no end of {}", target.name)
    }
}

/// M6: a profiler's failure is in the snapshot, and changes nothing else.
#[tokio::test]
async fn a_profiler_that_fails_is_told_and_not_fatal() {
    let session = OwnSession::begin("profile-fails").await;
    let container =
        session.idle().profile_with(Failing { begins: false }).start().await.expect("it starts all the same");
    let error = container.profile_error().expect("what went wrong");
    assert!(error.ends_with("failed to begin: there is no profiler"), "{error}");
    let snapshot = container.monitor().next().await.expect("a snapshot");
    assert_eq!(snapshot.profile_error, Some(error));
    container.remove().await.expect("it is removed");

    let container = session.idle().profile_with(Failing { begins: true }).start().await.expect("it starts");
    assert_eq!(container.profile_error(), None);
    container.stop_timeout(std::time::Duration::ZERO).await.expect("it stops");
    let error = container.profile_error().expect("what went wrong");
    assert!(error.contains("failed to end: it panicked: no end of"), "{error}");
    container.remove().await.expect("it is removed");
}
