//! One of everything, for a quick look at an engine: a container with ports, waits, commands, cases and copies, a pool,
//! and the reaper after a kill.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use seatrial::{
    Case, ContainerPool, ContainerRequest, CopyIn, Lease, Network, Volume, WaitFor, command::CaseEnd,
};
use seatrial_test_support::own_session::{BASIC, OwnSession, own_id};
use seatrial_tests::{Child, Engine, Leftovers, is_scenario, say};

/// The longest time that a child may take until it has all that it makes, on a busy machine.
const MADE_WITHIN: Duration = Duration::from_secs(60);
/// The longest time that a reaper may take to remove everything, on a busy machine.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// C17, C24: a published port answers once the waits for the log, the port and HTTP are over.
#[tokio::test]
async fn a_published_port_answers_after_the_waits() {
    let session = OwnSession::begin("smoke-port").await;
    let request = session.misbehave(&["print", "begins", "http", "8080"]).port(8080);
    let container = request
        .wait_for(WaitFor::all((WaitFor::log("begins"), WaitFor::port(8080), WaitFor::http("/").port(8080))))
        .start()
        .await
        .expect("it starts");
    let mut stream =
        TcpStream::connect(container.socket_addr(8080).expect("it is published")).expect("it listens");
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    container.remove().await.expect("it goes");
}

/// C27: a command and a case run in one container, with their outputs and exit codes.
#[tokio::test]
async fn a_command_and_a_case_end_with_their_output_and_code() {
    let session = OwnSession::begin("smoke-command").await;
    let container = session.shell("exec sleep 100000").init().start().await.expect("it starts");
    let line = "echo out; echo err >&2; exit 3";
    let output = container.exec(["sh", "-c", line]).await.expect("it runs");
    let seen = (output.stdout_text(), output.stderr_text(), output.exit_code);
    assert_eq!((seen.0.as_ref(), seen.1.as_ref(), seen.2), ("out\n", "err\n", 3));
    let cases = container.cases().await.expect("it runs");
    let case = cases.run(Case::new(["sh", "-c", line])).await.expect("it runs");
    assert_eq!(case.end, CaseEnd::Exited(3), "{case:?}");
}

/// C19, C20: a file that is copied in before the start, and one that is copied in later, come out the same.
#[tokio::test]
async fn files_come_out_as_they_went_in() {
    let session = OwnSession::begin("smoke-copy").await;
    let request = session.shell("exec sleep 100000").copy_in(CopyIn::bytes("early\n", "/made/early"));
    let container = request.start().await.expect("it starts");
    container.copy_in(CopyIn::bytes("late\n", "/made/late")).await.expect("it goes in");
    let folder = tempfile::tempdir().expect("a folder");
    container.copy_dir_out("/made", folder.path().join("out")).await.expect("it comes out");
    for name in ["early", "late"] {
        let content = std::fs::read_to_string(folder.path().join("out").join(name)).expect("it is there");
        assert_eq!(content, format!("{name}\n"));
    }
}

/// P17: a pool hands out its containers, and replaces one that was discarded.
#[tokio::test]
async fn a_pool_replaces_a_discarded_container() {
    let session = OwnSession::begin("smoke-pool").await;
    let request = session.shell("exec sleep 100000");
    let pool = ContainerPool::builder(request).size(1).build().await.expect("a pool");
    let first = pool.get().await.expect("a container");
    let id = first.id().to_owned();
    Lease::discard(first);
    let second = pool.get().await.expect("another container");
    assert_ne!(second.id(), &id);
    assert_eq!(second.exec(["echo", "well"]).await.expect("it runs").stdout_text(), "well\n");
    drop(second);
    pool.close().await.expect("it goes");
}

/// X6: after SIGKILL the reaper removes containers, networks and volumes.
#[test]
fn the_reaper_removes_all_of_a_process_that_was_killed() {
    let id = own_id("smoke-kill");
    let variables = [
        ("SEATRIAL_SESSION_ID", id.as_str()),
        ("SEATRIAL_REAPER", "sidecar"),
        ("RYUK_RECONNECTION_TIMEOUT", "500ms"),
    ];
    let mut child = Child::spawn(scenario_makes_one_of_each, &variables);
    child.line("made", MADE_WITHIN);
    let engine = Engine::from_env();
    let before = Leftovers::of_session(&engine, &id).expect("the engine lists what a session has");
    assert!(!before.is_empty(), "the child has made nothing");
    child.kill(libc::SIGKILL);
    child.wait(MADE_WITHIN);
    Leftovers::assert_none(&engine, &id, GONE_WITHIN);
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_makes_one_of_each() {
    if is_scenario() {
        let network = Network::create().await.expect("a network");
        let volume = Volume::create().await.expect("a volume");
        let request = ContainerRequest::new(BASIC).cmd(["sleep", "1000"]).stop_signal("KILL");
        let request = request.network(&network).volume(volume.name(), "/named");
        let _container = request.start().await.expect("a container");
        say("made");
        std::future::pending::<()>().await;
    }
}
