//! The host of published ports for a process in a container without a mark, such as one that containerd has made.

use seatrial::{ContainerRequest, WaitFor, engine::Engine};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{is_scenario, test_name};

/// Tells where ports are reachable, and that one is.
#[tokio::test]
#[ignore = "a scenario"]
async fn scenario() {
    if !is_scenario() {
        return;
    }
    let engine = Engine::find().await.expect("the engine's socket is mounted");
    println!("host {} ({})", engine.host().host, engine.host().source);
    println!("doubt {:?}", engine.host().doubt());
    let request = ContainerRequest::new("seatrial/misbehave:dev").cmd(["http", "8080"]).port(8080);
    let container = request.wait_for(WaitFor::http("/")).start().await.expect("its port is reached");
    container.remove().await.expect("removed");
    println!("reached");
}

/// C18: a process in a container that has no mark reaches published ports: the engine knows the container.
#[tokio::test]
async fn a_container_without_a_mark_is_found_by_asking_the_engine() {
    let session = OwnSession::begin("unmarked").await;
    let program = std::env::current_exe().expect("this program");
    let line = "rm -f /.dockerenv /run/.containerenv; exec /program \"$0\" --exact --ignored --nocapture";
    let inside = || {
        ContainerRequest::new("seatrial/base:dev")
            .session(&session)
            .cmd(["sh", "-c", line, test_name(&scenario)])
            .bind_read_only(program.to_string_lossy(), "/program")
            .bind("/var/run/docker.sock", "/var/run/docker.sock")
            .env("SEATRIAL_TESTS_SCENARIO", "1")
            .env("SEATRIAL_SESSION_ID", session.id().to_string())
            .env("SEATRIAL_REAPER", "off-knowingly")
    };
    for (what, request, expected) in [
        ("by its id", inside(), "the gateway of the container that this process runs in"),
        ("with a name of its own", inside().hostname("other"), "the gateway of the container"),
        ("in the host's network", inside().network_mode("host"), "host 127.0.0.1"),
    ] {
        let output = request.run().await.expect(what);
        let text = output.stdout_text();
        assert!(text.contains(expected), "{what}: {text}\n{}", output.stderr_text());
        assert!(text.contains("doubt None") && text.contains("reached"), "{what}: {text}");
    }
}
