//! The raw modifiers: they run last, and what they set stays.

use seatrial_core::labels;
use seatrial_test_support::own_session::{OwnSession, look_at};
use serde_json::json;

/// C4: a modifier runs last, so its values replace those of setters and defaults.
#[tokio::test]
async fn a_modifier_wins_over_every_setter_and_default() {
    let session = OwnSession::begin("modifiers").await;
    let container = session
        .idle()
        .modify_body(|body| {
            body.hostname = Some("first".to_owned());
            body.env.get_or_insert_default().push("FROM=body".to_owned());
            body.labels.get_or_insert_default().insert(labels::TEST.to_owned(), "another".to_owned());
            body.domainname = Some("example".to_owned());
        })
        .modify_host_config(|host| {
            host.memory = Some(96 << 20);
            host.log_config = None;
            host.oom_score_adj = Some(500);
        })
        .hostname("set")
        .memory(64 << 20)
        .port(80)
        .modify_host_config(|host| host.pids_limit = host.memory.map(|bytes| bytes >> 20))
        .modify_body(|body| body.hostname = body.hostname.take().map(|name| format!("{name}-second")))
        .start()
        .await
        .expect("it starts");
    let engine = look_at(&container);
    let (config, host) = (&engine["Config"], &engine["HostConfig"]);
    assert_eq!([&config["Hostname"], &config["Domainname"]], ["first-second", "example"]);
    assert_eq!(config["Labels"][labels::TEST], "another");
    assert!(config["Env"].as_array().expect("variables").contains(&json!("FROM=body")));
    let numbers = [&host["Memory"], &host["PidsLimit"], &host["OomScoreAdj"]];
    assert_eq!(numbers, [&json!(96 << 20), &json!(96), &json!(500)]);
    assert_ne!(host["LogConfig"]["Config"]["max-size"], "20m", "the default was taken away");
    assert!(host["PortBindings"]["80/tcp"].is_array(), "what no modifier touches stays");
}

/// C4: the modifier of the body runs after that of the host configuration, and sees its changes.
#[tokio::test]
async fn the_modifier_of_the_body_sees_the_whole_request() {
    let session = OwnSession::begin("modifiers-whole").await;
    let container = session
        .idle()
        .port(80)
        .modify_body(|body| {
            let host = body.host_config.as_mut().expect("the host configuration is in the body by now");
            assert!(host.log_config.is_some() && host.port_bindings.is_some());
            host.pids_limit = Some(55);
        })
        .modify_host_config(|host| host.pids_limit = Some(44))
        .start()
        .await
        .expect("it starts");
    assert_eq!(look_at(&container)["HostConfig"]["PidsLimit"], 55);
}
