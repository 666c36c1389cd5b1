//! A pull in a process of its own, whose environment says what a test wants.

use std::fmt::{self, Write};
use std::time::Duration;

use seatrial::{ContainerRequest, pull::Pull};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{Child, is_scenario, say};
use tracing::field::{Field, Visit};
use tracing::span;

const SOON: Duration = Duration::from_secs(60);

/// The output of a child about its pull: `pulled`, or the error; and all that it printed and logged.
pub(crate) struct Told {
    pub(crate) outcome: String,
    pub(crate) all: String,
}

/// Pulls an image in a child with these variables.
pub(crate) fn pull_in_child(image: &str, env: &[(&str, &str)]) -> Told {
    in_child(pulls, image, env)
}

/// Runs a container of an image in a child with these variables; the outcome is what the container printed.
pub(crate) fn run_in_child(image: &str, env: &[(&str, &str)]) -> Told {
    in_child(runs, image, env)
}

/// Runs a scenario in a child with this image and these variables.
pub(crate) fn in_child(scenario: impl Fn(), image: &str, env: &[(&str, &str)]) -> Told {
    let env = [&[("IMAGE", image), ("DOCKER_CONFIG", "/nonexistent")], env].concat();
    let mut child = Child::spawn(scenario, &env);
    let outcome = child.line("outcome: ", SOON).trim_start_matches("outcome: ").to_owned();
    assert!(child.wait(SOON).success(), "{:#?}", child.lines());
    Told { outcome, all: child.lines().join("\n") }
}

#[tokio::test]
#[ignore = "a scenario of other tests"]
async fn pulls() {
    if is_scenario() {
        tracing::subscriber::set_global_default(Printer).expect("the first");
        let session = OwnSession::begin("pull-child").await;
        match Pull::new(image()).session(&session).run().await {
            Ok(()) => say("outcome: pulled"),
            // On one line.
            Err(error) => say(&format!("outcome: {:?}", format!("{error:?}"))),
        }
    }
}

#[tokio::test]
#[ignore = "a scenario of other tests"]
async fn runs() {
    if is_scenario() {
        let session = OwnSession::begin("pull-child").await;
        let request = ContainerRequest::new(image()).cmd(["echo", "it runs"]).session(&session);
        match request.run().await {
            Ok(output) => say(&format!("outcome: {}", output.stdout_text().trim())),
            Err(error) => say(&format!("outcome: {:?}", format!("{error:?}"))),
        }
    }
}

pub(crate) fn image() -> String {
    std::env::var("IMAGE").expect("an image")
}

/// Prints all that is logged, at every level, with all of its fields.
struct Printer;

struct Fields(String);

impl tracing::Subscriber for Printer {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut fields = Fields(format!("span {}", attributes.metadata().name()));
        attributes.record(&mut fields);
        say(&fields.0);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, record: &span::Record<'_>) {
        let mut fields = Fields("record".to_owned());
        record.record(&mut fields);
        say(&fields.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(format!("event {}", event.metadata().target()));
        event.record(&mut fields);
        say(&fields.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string can't fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
