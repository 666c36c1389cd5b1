//! The log driver.

use seatrial::WaitFor;
use seatrial_test_support::own_session::{OwnSession, look_at};
use serde_json::json;

/// C6: by default, logs can be read back, drop no line and can't fill the disk.
#[tokio::test]
async fn logs_are_local_blocking_and_limited_unless_the_request_says_otherwise() {
    let session = OwnSession::begin("logs-default").await;
    let request = session.misbehave(&["print", "hello", "sleep", "forever"]);
    let container = request.wait_for(WaitFor::log("hello")).start().await.expect("it says so");
    let log = look_at(&container)["HostConfig"]["LogConfig"].clone();
    assert_eq!(
        log,
        json!({ "Type": "local", "Config": { "mode": "blocking", "max-size": "20m", "max-file": "5" } })
    );
    assert_eq!(container.logs().read().await.expect("they can be read").stdout_text(), "hello\n");
}

/// C6: a request can choose the log driver and its options.
#[tokio::test]
async fn a_log_driver_that_is_asked_for_is_used_with_its_options() {
    let session = OwnSession::begin("logs-asked").await;
    let request = session.idle().log_driver("json-file", [("max-size", "1m"), ("labels", "x")]);
    let container = request.start().await.expect("it starts");
    let log = look_at(&container)["HostConfig"]["LogConfig"].clone();
    // An engine may set options that the request left open.
    let options = [&log["Config"]["max-size"], &log["Config"]["labels"], &log["Config"]["mode"]];
    assert_eq!(log["Type"], "json-file");
    assert_eq!(options, [&json!("1m"), &json!("x"), &json!(null)]);
    let none = session.idle().log_driver("none", [("", ""); 0]).start().await.expect("it starts");
    assert_eq!(look_at(&none)["HostConfig"]["LogConfig"]["Type"], "none");
}
