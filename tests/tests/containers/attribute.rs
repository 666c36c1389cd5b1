//! The attribute `#[seatrial::test]`: runtimes, names, failures that keep containers, and other attributes beside it.

use std::time::Duration;

use rstest::rstest;
use seatrial::{ContainerRequest, Error, Network, Result, TestContainer};
use seatrial_test_support::own_session::MISBEHAVE;
use seatrial_tests::{is_scenario, say};
use serial_test::serial;

use crate::keep::Ended;

const ON_FAILURE: &[(&str, &str)] = &[("SEATRIAL_KEEP", "on-failure")];

async fn idle() -> TestContainer {
    ContainerRequest::new(MISBEHAVE).start().await.expect("it starts")
}

fn failure() -> Error {
    "not an image:".parse::<seatrial::ImageRef>().expect_err("it is none")
}

/// C12: an error that a test returns keeps what the test has dropped on its way out.
#[test]
fn a_test_that_returns_an_error_keeps_its_container() {
    let ended = Ended::run(scenario_returns_an_error, ON_FAILURE);
    assert!(!ended.succeeded);
    ended.assert_kept();
}

#[seatrial::test]
#[ignore = "a scenario"]
async fn scenario_returns_an_error() -> Result<()> {
    if is_scenario() {
        let _container = idle().await;
        Err(failure())?;
    }
    Ok(())
}

/// C12: the same with threads of a runtime, where a container is made and dropped by a task.
#[test]
fn an_error_keeps_the_container_of_a_task_on_another_thread() {
    let ended = Ended::run(scenario_returns_an_error_after_a_task, ON_FAILURE);
    assert!(!ended.succeeded);
    ended.assert_kept();
    assert!(ended.says("after_a_task-"), "{:#?}", ended.lines);
}

#[seatrial::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a scenario"]
async fn scenario_returns_an_error_after_a_task() -> std::result::Result<(), Error> {
    if is_scenario() {
        tokio::spawn(async { drop(idle().await) }).await.expect("no panic");
        return Err(failure());
    }
    Ok(())
}

/// C12: a sync test is seen to fail as well.
#[test]
fn a_sync_test_that_returns_an_error_keeps_its_container() {
    let ended = Ended::run(scenario_sync_returns_an_error, ON_FAILURE);
    assert!(!ended.succeeded);
    ended.assert_kept();
}

#[seatrial::test]
#[ignore = "a scenario"]
fn scenario_sync_returns_an_error() -> std::result::Result<(), String> {
    if is_scenario() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let _container = runtime.block_on(idle());
        return Err("a reason".to_owned());
    }
    Ok(())
}

/// C12: a panic is a failure as before.
#[test]
fn a_test_that_panics_keeps_its_container() {
    let ended = Ended::run(scenario_panics, ON_FAILURE);
    assert!(!ended.succeeded);
    ended.assert_kept();
}

#[seatrial::test]
#[ignore = "a scenario"]
async fn scenario_panics() {
    if is_scenario() {
        let _container = idle().await;
        panic!("as a test that fails does");
    }
}

/// C12: what a test drops is removed at its end if it succeeds, with `Ok`, with `()`, and with the panic that it should
/// have.
#[rstest]
#[case::ok(Ended::run(scenario_returns_ok, ON_FAILURE))]
#[case::unit(Ended::run(scenario_returns_nothing, ON_FAILURE))]
#[case::panic(Ended::run(scenario_should_panic, ON_FAILURE))]
fn a_test_that_succeeds_keeps_nothing(#[case] ended: Ended) {
    assert!(ended.succeeded, "{:#?}", ended.lines);
    ended.assert_removed();
    assert!(!ended.says("only a panic is seen"), "{:#?}", ended.lines);
}

#[seatrial::test]
#[ignore = "a scenario"]
async fn scenario_returns_ok() -> Result<()> {
    if is_scenario() {
        let network = Network::create().await?;
        drop(ContainerRequest::new(MISBEHAVE).network(&network).start().await?);
    }
    Ok(())
}

#[seatrial::test]
#[ignore = "a scenario"]
async fn scenario_returns_nothing() {
    if is_scenario() {
        drop(idle().await);
    }
}

#[seatrial::test]
#[should_panic(expected = "as it should")]
#[ignore = "a scenario"]
async fn scenario_should_panic() {
    let _container = if is_scenario() { Some(idle().await) } else { None };
    panic!("as it should");
}

/// C12: a test that should panic and does not has failed.
#[test]
fn a_test_without_the_panic_that_it_should_have_keeps_its_container() {
    let ended = Ended::run(scenario_does_not_panic, ON_FAILURE);
    assert!(!ended.succeeded);
    ended.assert_kept();
}

#[seatrial::test]
#[should_panic]
#[ignore = "a scenario"]
async fn scenario_does_not_panic() {
    if is_scenario() {
        drop(idle().await);
    } else {
        panic!("it is no scenario");
    }
}

/// C12: a test without the attribute is told, once, that its errors are not seen.
#[test]
fn a_test_without_the_attribute_is_told_of_it() {
    let ended = Ended::run(scenario_without_the_attribute, ON_FAILURE);
    ended.assert_removed();
    let told = ended.lines.iter().filter(|line| line.contains("only a panic is seen")).count();
    assert_eq!(told, 1, "{:#?}", ended.lines);
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_without_the_attribute() -> Result<()> {
    if is_scenario() {
        drop(idle().await);
        drop(idle().await);
        Err(failure())?;
    }
    Ok(())
}

/// C2: a container is named after its test on every thread.
#[seatrial::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_are_named_after_the_test() -> Result<()> {
    let name = "attribute-containers_are_named_after_the_test-";
    let here = idle().await;
    let there = tokio::spawn(idle()).await.expect("no panic");
    for container in [&here, &there] {
        assert!(container.name().starts_with(name), "{container}");
    }
    Ok(())
}

#[rstest::fixture]
fn seconds() -> u64 {
    3
}

/// C2: `rstest` gives arguments, and each case has its name.
#[rstest]
#[case::one(1)]
#[case::two(2)]
#[seatrial::test]
async fn rstest_gives_arguments(#[case] number: u64, seconds: u64) -> Result<()> {
    let container = idle().await;
    let case = if number == 1 { "case_1_one" } else { "case_2_two" };
    assert!(container.name().contains(case), "{container}");
    assert_eq!(seconds, 3);
    Ok(())
}

/// Another attribute for tests that is passed on.
#[seatrial::test]
#[serial(attribute)]
async fn a_serial_test_has_a_runtime_with_timers() {
    tokio::time::timeout(Duration::from_secs(60), tokio::task::yield_now()).await.expect("in time");
    say("it runs");
}

#[seatrial::test]
#[cfg(any())]
async fn a_test_that_is_configured_out() {
    compile_error!("it is not compiled");
}
