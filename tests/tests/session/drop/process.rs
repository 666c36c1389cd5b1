//! Scenarios in processes of their own, and what is left when they have ended.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use seatrial_test_support::own_session::{own_id, remove_by_hand};
use seatrial_tests::{Child, Engine, EngineProxy, Leftovers};

/// The longest time until a scenario is about to end.
const LONG: Duration = Duration::from_secs(60);
/// Said by a scenario when it is about to end.
pub(crate) const ENDING: &str = "ending";

/// A scenario's process with a session of its own.
pub(crate) struct Scenario {
    child: Child,
    pub(crate) session: String,
}

/// The end of a scenario's process.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// From when it was about to end.
    pub(crate) took: Duration,
    pub(crate) lines: Vec<String>,
    /// The resources that the engine had of its session at that moment.
    pub(crate) left: Leftovers,
}

impl Scenario {
    /// Starts a scenario with the engine that the tests use.
    #[track_caller]
    pub(crate) fn begin<T>(scenario: impl Fn() -> T) -> Self {
        Self::with(scenario, &[])
    }

    /// Starts a scenario with an engine behind a proxy.
    #[track_caller]
    pub(crate) fn behind(proxy: &EngineProxy, scenario: impl Fn()) -> Self {
        Self::with(scenario, &[("DOCKER_HOST", &proxy.docker_host())])
    }

    #[track_caller]
    fn with<T>(scenario: impl Fn() -> T, variables: &[(&str, &str)]) -> Self {
        let session = own_id("drop");
        let variables = [variables, &[("SEATRIAL_SESSION_ID", &session)]].concat();
        Self { child: Child::spawn(scenario, &variables), session }
    }

    /// Waits until it is about to end.
    #[track_caller]
    pub(crate) fn until_ending(&self) -> Instant {
        self.child.line(ENDING, LONG);
        Instant::now()
    }

    /// Waits for the process's end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let began = self.until_ending();
        let status = self.child.wait(LONG);
        let took = began.elapsed();
        let left = Leftovers::of_session(&Engine::from_env(), &self.session).expect("the engine lists it");
        Ended { status, took, lines: self.child.lines(), left }
    }
}

impl Ended {
    /// Sees that nothing is left, and that nothing was complained about.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        assert!(self.left.is_empty(), "left right after the end:\n{}\n{}", self.left, self.lines.join("\n"));
        let is_complaint = |line: &str| line.contains("seatrial:") && !line.contains("the reaper is off");
        let complaint = self.lines.iter().find(|line| is_complaint(line));
        assert_eq!(complaint, None);
    }

    /// Sees that some line of the output holds all of these texts.
    #[track_caller]
    pub(crate) fn assert_said(&self, texts: &[&str]) {
        let said = self.lines.iter().any(|line| texts.iter().all(|text| line.contains(text)));
        assert!(said, "{texts:?} was not said, but:\n{}", self.lines.join("\n"));
    }

    /// Removes what is left, as a test does that is about what is left.
    pub(crate) fn tidy(&self) {
        for container in &self.left.containers {
            remove_by_hand(container.split(' ').next().expect("a name"));
        }
        let engine = Engine::from_env();
        for network in &self.left.networks {
            let name = network.split(' ').next().expect("a name");
            engine.request("DELETE", &format!("/networks/{name}"), None).expect("the engine answers");
        }
    }
}
