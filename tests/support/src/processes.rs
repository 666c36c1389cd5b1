//! Looks at the processes of a container, and commands that leave many of them running.

use seatrial::TestContainer;
use seatrial_tests::Engine;

use crate::observe::LONG;

/// A shell line that leaves a child, a grandchild without a parent, one in a session of its own, and two without the
/// environment; prints `ready` when they run, and waits.
pub const FAMILY: &str = "sleep 1001 & (sleep 1002 &); setsid sleep 1003 & env -i sleep 1004 & \
     (env -i sleep 1005 &); echo ready; echo grumble >&2; wait";

/// Lists the states and command lines of all processes of a container by its own `ps`, including `ps` itself. The
/// engine does not see into a sandbox.
pub async fn listed(container: &TestContainer) -> Vec<String> {
    let listed = container.exec(["ps", "-o", "stat,args"]).await.expect("`ps` runs").stdout_text();
    listed.lines().map(|line| line.trim().to_owned()).collect()
}

/// Lists the `sleep` and `flood` processes of a container that have not ended, without its first process.
pub async fn sleepers(container: &TestContainer) -> Vec<String> {
    let is_sleeper = |line: &String| {
        (line.contains(" sleep 1") || line.contains("flood"))
            && !line.starts_with('Z')
            && !line.contains("sleep 100000")
    };
    listed(container).await.into_iter().filter(is_sleeper).collect()
}

/// Waits until nothing runs any more of what was to be ended in the background.
pub async fn until_none_sleeps(container: &TestContainer, when: &str) {
    let mut left = Vec::new();
    let ended = async {
        loop {
            left = sleepers(container).await;
            if left.is_empty() {
                return;
            }
        }
    };
    let ended = tokio::time::timeout(LONG, ended).await;
    assert!(ended.is_ok(), "{when}: {left:#?} {:?}", container.poison());
}

/// Waits as [`until_none_sleeps`] does, and checks that the container is not poisoned.
pub async fn until_ended_without_poison(container: &TestContainer, when: &str) {
    until_none_sleeps(container, when).await;
    assert_eq!(container.poison(), None, "{when}");
}

/// Lists the states and command lines of all processes of a container by the engine's word, in any image.
#[track_caller]
pub fn all(container: &TestContainer) -> Vec<String> {
    let target = format!("/containers/{}/top?ps_args=-eo%20pid,stat,args", container.id());
    let top = Engine::from_env().get(&target).expect("the engine lists processes");
    let rows = top["Processes"].as_array().into_iter().flatten();
    rows.map(|row| format!("{} {}", row[1].as_str().unwrap_or("?"), row[2].as_str().unwrap_or("?"))).collect()
}
