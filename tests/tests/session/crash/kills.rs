//! The kills: at random moments, in several lanes side by side.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::chance::Chance;
use seatrial_test_support::own_session::{OwnSession, look, own_id};
use seatrial_test_support::registry::{Published, Registry};
use seatrial_tests::{Child, Engine, Leftovers};

/// Kills in all.
const KILLS: usize = 104;
/// Children at once.
const LANES: usize = 4;
/// From the begin of a stage to the kill, at most: as long as the longer ones take, so that some are over by then.
const LONGEST: Duration = Duration::from_millis(300);
/// The longest time that a child may take to reach a stage, on a busy machine.
const REACHED_WITHIN: Duration = Duration::from_secs(60);
/// The longest time that a reaper may take to remove everything, on a busy machine.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// The number of kills by the stage that the child was in.
type Moments = BTreeMap<String, usize>;

/// One child that was killed.
struct Killed {
    session: String,
    /// The stage that it was in.
    at: String,
}

/// X6: after SIGKILL at any moment, the reaper removes all that the session had.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_at_any_moment_leaves_nothing() {
    let session = OwnSession::begin("crash").await;
    let registry = Registry::start(&session).await;
    let seed = Chance::seed();
    println!("SEATRIAL_CRASH_SEED={seed}");
    let lanes = (0..LANES).map(|lane| {
        let published = registry.publish_basic(&format!("crash-{lane}"));
        // Each lane blocks a thread, since it waits for processes.
        tokio::task::spawn_blocking(move || {
            let mut chance = Chance::new(seed.wrapping_add(lane as u64));
            (0..KILLS / LANES).map(|_| kill_once(&mut chance, &published)).collect::<Vec<_>>()
        })
    });
    let (mut moments, mut sessions) = (Moments::new(), Vec::new());
    for lane in futures_util::future::join_all(lanes).await {
        for Killed { session, at } in lane.expect("a lane found something left") {
            *moments.entry(at).or_default() += 1;
            sessions.push(session);
        }
    }
    println!("killed at: {moments:#?}");
    assert_eq!(moments.values().sum::<usize>(), KILLS);
    assert_no_reaper_is_left();
    // Once more for all: the engine may finish a creation that began before a kill after the first look.
    for session in &sessions {
        Leftovers::assert_none(&Engine::from_env(), session, GONE_WITHIN);
    }
}

/// Starts a child, kills it, and sees that nothing of it is left.
fn kill_once(chance: &mut Chance, published: &Published) -> Killed {
    let id = own_id("crash");
    published.forget();
    let (stage, moment) = (chance.below(super::scenario::STAGES.len()), chance.up_to(LONGEST));
    let variables = [
        ("SEATRIAL_SESSION_ID", id.as_str()),
        ("SEATRIAL_REAPER", "sidecar"),
        ("RYUK_RECONNECTION_TIMEOUT", "500ms"),
        ("RYUK_CONNECTION_TIMEOUT", "3s"),
        ("CRASH_IMAGE", &published.tagged()),
        ("CRASH_STAGE", &stage.to_string()),
    ];
    let mut child = Child::spawn(super::scenario::scenario_works, &variables);
    if stage > 0 {
        child.line(&super::scenario::line(stage), REACHED_WITHIN);
    }
    // This is not a wait for something: the moment of the kill is random.
    std::thread::sleep(moment);
    child.kill(libc::SIGKILL);
    let status = child.wait(Duration::from_secs(30));
    assert!(!status.success(), "it ended before its kill: {:#?}", child.lines());
    let lines = child.lines();
    let mut stages = lines.iter().filter_map(|line| line.strip_prefix(super::scenario::AT));
    let stage = stages.next_back().unwrap_or("its own start").to_owned();
    Leftovers::assert_none(&Engine::from_env(), &id, GONE_WITHIN);
    assert_reaper_goes(&id, moment);
    Killed { session: id, at: stage }
}

/// Waits for the reaper's end. One that was created and not started when its only process was killed has no end: it
/// is for whoever makes a reaper next.
fn assert_reaper_goes(session: &str, moment: Duration) {
    let start = Instant::now();
    let name = format!("reaper_{session}");
    while let Some(reaper) = look(&name) {
        if reaper["State"]["Status"] == "created" && start.elapsed() > Duration::from_secs(5) {
            return println!("killed after {moment:?}, between the reaper's creation and its start");
        }
        assert!(
            start.elapsed() < GONE_WITHIN,
            "`{name}` is there still, of a process killed after {moment:?}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Makes one more reaper, and sees that none is left of all that were killed.
fn assert_no_reaper_is_left() {
    let id = own_id("crash");
    let variables = [
        ("SEATRIAL_SESSION_ID", id.as_str()),
        ("SEATRIAL_REAPER", "sidecar"),
        ("RYUK_RECONNECTION_TIMEOUT", "500ms"),
    ];
    let mut child = Child::spawn(super::scenario::scenario_creates_once, &variables);
    assert!(child.wait(GONE_WITHIN).success(), "{:#?}", child.lines());
    let start = Instant::now();
    let name = format!("/reaper_crash-{}-", std::process::id());
    let left = || {
        let list = Engine::from_env().get("/containers/json?all=1").expect("the engine lists containers");
        let names = list.as_array().into_iter().flatten().filter_map(|item| item["Names"][0].as_str());
        names.filter(|found| found.starts_with(&name)).map(str::to_owned).collect::<Vec<_>>()
    };
    while !left().is_empty() {
        assert!(start.elapsed() < GONE_WITHIN, "left: {:?}", left());
        std::thread::sleep(Duration::from_millis(100));
    }
}
