//! The way of the block to a reader: the test runner prints the error that a test returned.

use seatrial::{ContainerRequest, Result, Session, WaitFor};
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::own_id;
use seatrial_tests::{Child, assert_nothing_left, is_scenario};

/// A user's test whose container has something wrong.
#[tokio::test]
#[ignore = "a scenario of the test below"]
async fn a_test_of_a_user() -> Result<()> {
    if !is_scenario() {
        return Ok(());
    }
    let id = std::env::var("SHOWN_SESSION").expect("the parent sets it");
    let session = Session::builder().id(id).build().await?;
    let steps = ["to", "stderr", "print", "no such database", "exit", "2"];
    let request = ContainerRequest::new("seatrial/misbehave:dev").cmd(steps).session(&session);
    let _container = request.wait_for(WaitFor::log("ready")).start().await?;
    Ok(())
}

/// C26, C8: a test that returns the error prints the block, and its container is removed.
#[test]
fn a_test_that_returns_the_error_shows_the_block() {
    let session = own_id("shown");
    let mut child = Child::spawn(a_test_of_a_user, &[("SHOWN_SESSION", &session)]);
    assert_eq!(child.wait(LONG).code(), Some(101));
    let lines = child.lines();
    let begin = lines.iter().position(|line| line.starts_with("Error: container `shown-a_test_of_a_user-"));
    let begin = begin.unwrap_or_else(|| panic!("{lines:#?}"));
    let block = &lines[begin..];
    assert!(
        block[0].ends_with("ms") && block[0].contains("exited with code 2 before it was ready"),
        "{block:#?}"
    );
    assert_eq!(block[1], "  waiting for: log `ready`; 0 of 1 seen");
    assert!(block.iter().any(|line| line == "    no such database"), "{block:#?}");
    assert!(block.iter().any(|line| line.starts_with("hint: ")), "{block:#?}");
    assert_nothing_left(&session);
}
