//! The runtime below the engine: a request's own, the engine's native one, or that of the whole process.

use std::time::Duration;

use seatrial::{ContainerRequest, TestContainer};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession, look_at, own_id};
use seatrial_tests::{Child, assert_nothing_left, is_scenario, say};

const SOON: Duration = Duration::from_secs(60);

/// Returns the runtime that the engine uses for a container.
fn runtime(container: &TestContainer) -> String {
    look_at(container)["HostConfig"]["Runtime"].as_str().expect("a name").to_owned()
}

/// C5: a request can name a runtime, or ask for the engine's native one.
#[tokio::test]
async fn a_runtime_that_is_named_and_the_native_one_are_used() {
    let session = OwnSession::begin("runtime").await;
    for request in [session.idle().runtime("runc"), session.idle().runtime("other").native_runtime()] {
        assert_eq!(runtime(&request.start().await.expect("it starts")), "runc");
    }
}

#[tokio::test]
#[ignore = "a scenario of the tests below"]
async fn scenario_starts_with_each_choice() {
    if !is_scenario() {
        return;
    }
    let request = || ContainerRequest::new(MISBEHAVE);
    for (choice, request) in [
        ("default", request()),
        ("named", request().runtime("runc")),
        ("native", request().native_runtime().runtime_suffix("-d")),
        ("variant", request().runtime_suffix("nc")),
    ] {
        match request.start().await {
            Ok(container) => {
                say(&format!("{choice}: {}", runtime(&container)));
                container.remove().await.expect("it goes");
            }
            // The hint is on the line that is read, too.
            Err(error) => say(&format!("{choice}: {}", error.to_string().replace('\n', " "))),
        }
    }
    say("done");
}

/// Returns the runtimes that the scenario prints: by default, by name, native, and the variant with `nc` at its end.
fn with(variables: &[(&str, &str)]) -> [String; 4] {
    let session = own_id("runtime-process");
    let variables = [variables, &[("SEATRIAL_SESSION_ID", session.as_str())]].concat();
    let mut child = Child::spawn(scenario_starts_with_each_choice, &variables);
    child.line("done", SOON);
    assert!(child.wait(SOON).success(), "{:?}", child.lines());
    assert_nothing_left(&session);
    ["default: ", "named: ", "native: ", "variant: "]
        .map(|choice| child.line(choice, SOON).replacen(choice, "", 1))
}

/// C5: `SEATRIAL_RUNTIME` applies to requests without a runtime. The engine refuses this one, which tells it from the
/// default.
#[test]
fn the_process_s_runtime_is_that_of_requests_that_choose_none() {
    let [default, named, native, variant] = with(&[("SEATRIAL_RUNTIME", "not-there")]);
    assert!(variant.contains("not-therenc") && variant.contains("runtimes are `"), "{variant}");
    assert!(default.contains("not-there"), "{default}");
    assert_eq!([named.as_str(), native.as_str()], ["runc", "runc"]);
}

/// C5: `SEATRIAL_RUNTIME` can name the engine's native runtime.
#[test]
fn the_native_runtime_can_be_named_by_a_variable() {
    let [default, named, native, _] =
        with(&[("SEATRIAL_RUNTIME", "runc"), ("SEATRIAL_NATIVE_RUNTIME", "not-there")]);
    assert!(native.contains("not-there"), "{native}");
    assert_eq!([default.as_str(), named.as_str()], ["runc", "runc"]);
}

/// C5: a suffix selects a variant of the runtime of the request, of the process, or of the native one.
#[test]
fn a_suffix_asks_for_a_variant_of_the_runtime_in_force() {
    let [.., native, variant] = with(&[("SEATRIAL_RUNTIME", "ru")]);
    assert_eq!([native.as_str(), variant.as_str()], ["runc", "runc"]);
    let [.., variant] = with(&[]);
    assert!(variant.contains("runcnc") && variant.contains("runtimes are `"), "{variant}");
}
