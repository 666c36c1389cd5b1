//! A run with a session of its own: its processes, its reaper, and what is left of it once all are gone.

use std::time::Duration;

use seatrial::{ContainerRequest, Network, Session, Volume};
use seatrial_core::labels;
use seatrial_test_support::observe::{LONG, block_until};
use seatrial_test_support::own_session::{BASIC, look_on, own_id};
use seatrial_tests::{Child, Engine, Leftovers, is_scenario, say};
use serde_json::{Value, json};

/// The reaper's times in these tests: short, and longer than a busy machine takes to connect again.
const TIMES: [(&str, &str); 2] = [("RYUK_RECONNECTION_TIMEOUT", "1s"), ("RYUK_CONNECTION_TIMEOUT", "20s")];

/// A session whose reaper is the tests' own; dropping it checks that neither anything of it nor its reaper is left.
pub(crate) struct Run {
    pub(crate) session: String,
    variables: Vec<(String, String)>,
    engine: Engine,
}

impl Run {
    pub(crate) fn new(topic: &str) -> Self {
        Self::on(Engine::from_env(), topic)
    }

    /// Makes a run on another engine than the one that the tests use.
    pub(crate) fn on(engine: Engine, topic: &str) -> Self {
        let socket = engine.socket().to_str().expect("unicode").to_owned();
        let run = Self { session: own_id(topic), variables: Vec::new(), engine };
        let run = run.with("SEATRIAL_REAPER", "sidecar").with("SEATRIAL_STARTUP_TIMEOUT", "40s");
        // The engine itself, for a reaper outlives a test's proxy.
        let run = run.with("DOCKER_HOST", &format!("unix://{socket}"));
        let run = run.with("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", &socket);
        TIMES.iter().fold(run, |run, (name, value)| run.with(name, value))
    }

    /// Sets one more variable for its processes.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the variables of its processes.
    pub(crate) fn variables(&self) -> Vec<(&str, &str)> {
        let all = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.chain([("SEATRIAL_SESSION_ID", self.session.as_str())]).collect()
    }

    /// Starts a process of it.
    #[track_caller]
    pub(crate) fn spawn(&self, scenario: impl Fn()) -> Child {
        self.spawn_with(scenario, &[])
    }

    /// Starts a process as [`spawn`](Self::spawn) does, with variables for this one alone.
    #[track_caller]
    pub(crate) fn spawn_with(&self, scenario: impl Fn(), more: &[(&str, &str)]) -> Child {
        Child::spawn(scenario, &[&self.variables(), more].concat())
    }

    /// Starts a process that has created one resource of each kind, and waits.
    #[track_caller]
    pub(crate) fn holder(&self) -> Child {
        let child = self.spawn(scenario_holds);
        child.line("holding ", LONG);
        child
    }

    pub(crate) fn reaper_name(&self) -> String {
        format!("reaper_{}", self.session)
    }

    /// Inspects the reaper; `None` if there is none.
    pub(crate) fn reaper(&self) -> Option<Value> {
        look_on(&self.engine, &self.reaper_name())
    }

    /// Returns the reaper's full id.
    #[track_caller]
    pub(crate) fn reaper_id(&self) -> String {
        self.reaper().expect("there is a reaper")["Id"].as_str().expect("an id").to_owned()
    }

    /// Counts this text in the reaper's log; 0 if there is no reaper.
    pub(crate) fn logged(&self, text: &str) -> usize {
        let target = format!("/containers/{}/logs?stdout=1", self.reaper_name());
        let log = self.engine.request("GET", &target, None).expect("the engine answers");
        if log.status == 200 { log.text().matches(text).count() } else { 0 }
    }

    /// Lists what is left of the session, its reaper aside.
    pub(crate) fn left(&self) -> Leftovers {
        Leftovers::of_session(&self.engine, &self.session).expect("the engine answers")
    }

    /// Waits until nothing of it is left.
    #[track_caller]
    pub(crate) fn assert_goes(&self) {
        Leftovers::assert_none(&self.engine, &self.session, LONG);
        block_until("the reaper is gone", || self.reaper().is_none());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_goes();
        }
    }
}

/// Sends a signal to a process and waits for its end.
#[track_caller]
pub(crate) fn kill(mut child: Child) {
    child.kill(libc::SIGKILL);
    assert!(!child.wait(Duration::from_secs(10)).success(), "it was killed");
}

/// Creates a container without the library; returns its id.
#[track_caller]
pub(crate) fn create_by_hand(name: &str, session: &str, image: &str, cmd: &[&str]) -> String {
    let body = json!({
        "Image": image, "Cmd": cmd, "HostConfig": { "NetworkMode": "none" },
        "Labels": { labels::SESSION: session, labels::RYUK: "true" },
    });
    let target = format!("/containers/create?name={name}");
    let answer = Engine::from_env().request("POST", &target, Some(&body)).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
    let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
    answer["Id"].as_str().expect("an id").to_owned()
}

/// Has the engine do something with a container.
#[track_caller]
pub(crate) fn post(container: &str, what: &str) {
    let target = format!("/containers/{container}/{what}");
    let answer = Engine::from_env().request("POST", &target, None).expect("an answer");
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Holds a process up until the test goes on.
pub(crate) struct Hold(tempfile::TempDir);

impl Hold {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Returns the variable by which the process knows.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (HOLD, self.0.path().to_str().expect("unicode"))
    }

    pub(crate) fn go_on(self) {
        self.0.close().expect("a folder");
    }
}

const HOLD: &str = "SESSION_LINK_HOLD";

/// Waits, in a process, until the test goes on; for ever if the test has not said that it will.
pub(crate) async fn until_told() -> &'static str {
    let Some(folder) = std::env::var_os(HOLD) else { return std::future::pending().await };
    while std::path::Path::new(&folder).exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    "going on"
}

#[tokio::test]
#[ignore = "a scenario"]
pub(super) async fn scenario_holds() {
    if is_scenario() {
        let request = ContainerRequest::new(BASIC).cmd(["sleep", "1000"]).anonymous_volume("/data");
        let (network, volume) = (Network::create().await.expect("a network"), Volume::create().await);
        let container = request.network(&network).start().await.expect("a container");
        let id = Session::current().await.expect("made").id().clone();
        say(&format!("holding {} of {id}", container.id()));
        let again = until_told().await;
        let second = Volume::create().await.expect("a volume");
        say(&format!("{again} with {second}"));
        // Until it is killed.
        std::future::pending::<()>().await;
        drop((network, volume, container, second));
    }
}

#[tokio::test]
#[ignore = "a scenario"]
pub(super) async fn scenario_creates() {
    if is_scenario() {
        match Volume::create().await {
            Ok(volume) => {
                say(&format!("created {}", volume.name()));
                std::future::pending::<()>().await;
            }
            Err(error) => {
                say(&format!("refused: is_reaper {}\n{error:?}\nthat is all", error.is_reaper()));
            }
        }
    }
}
