//! The leases of shared pools over TCP.

use std::thread;

use seatrial_tests::{Reaper, ReaperClient, ScriptedEngine};

/// SIGUSR1 on Linux for x86-64 and arm64.
const SIGUSR1: i32 = 10;

/// Starts a reaper whose engine never answers, and which requires a token.
fn reaper() -> (Reaper, ScriptedEngine) {
    let engine = ScriptedEngine::silent();
    let host = engine.docker_host();
    (Reaper::start(&[("DOCKER_HOST", host.as_str()), ("REAPER_TOKEN", "secret")]), engine)
}

/// Returns a connection with a filter, which has joined the pool `db`.
#[track_caller]
fn member(reaper: &Reaper, name: &str) -> ReaperClient {
    let mut client = reaper.connect();
    client.filter("auth=secret\nlabel=a=1");
    client.write(format!("!hello 1 {name}\n!open db members 1 image=x\n"));
    assert_eq!([client.line(), client.line()], ["!hello 1", "!opened db"]);
    client
}

#[test]
fn a_lease_ends_with_its_connection_and_the_next_is_told() {
    let (reaper, _engine) = reaper();
    let (mut first, mut second) = (member(&reaper, "one"), member(&reaper, "two"));
    first.write("!get 1 db member -\n");
    assert_eq!(first.line(), "!granted 1 0 missing 0 -");
    first.write("!ready 1 id=c1\n!label 1 a%20test\n!status\n");
    let status: Vec<_> = (0..3).map(|_| first.line()).collect();
    assert!(status[1].starts_with("!member db 0 leased one a%20test "), "{status:?}");
    second.write("!get 7 db member -\n");
    // Filters and leases share a connection.
    second.filter("label=b=1");
    drop(first);
    assert_eq!(second.line(), "!granted 7 0 lost 1 id=c1");
}

/// Ryuk's wire is as it was: without a token there is no extension, and a line of it is refused as any other.
#[test]
fn without_a_token_there_are_no_leases() {
    let engine = ScriptedEngine::silent();
    let reaper = Reaper::start(&[("DOCKER_HOST", engine.docker_host().as_str())]);
    let mut client = reaper.connect();
    client.filter("label=a=1");
    client.write("!hello 1 p\n!status\nlabel=b=1\n");
    client.half_close();
    assert_eq!(client.rest(), b"NACK\nNACK\nACK\n");
}

#[test]
fn a_stranger_without_the_token_or_a_filter_gets_no_lease() {
    let (reaper, _engine) = reaper();
    let mut stranger = reaper.connect();
    stranger.try_write("!hello 1 p\n");
    assert_eq!(stranger.rest(), b"");
    let mut client = reaper.connect();
    client.write("auth=secret\n!hello 1 p\n");
    assert!(client.line().starts_with("!error a%20filter%20must%20come%20before"));
}

#[test]
fn a_connection_is_closed_after_a_hundred_lines_that_are_none() {
    let (mut reaper, _engine) = reaper();
    let mut client = member(&reaper, "one");
    client.try_write("!nonsense\n".repeat(200));
    let rest = String::from_utf8(client.rest()).expect("text");
    assert_eq!(rest.lines().filter(|line| line.starts_with("!error ")).count(), 100);
    assert!(reaper.line("connection closed").contains("too many lines were refused"));
}

/// A client that never reads its replies is closed, and its lease goes on to the next.
#[test]
fn a_client_that_does_not_read_its_replies_is_closed() {
    let (mut reaper, _engine) = reaper();
    let (mut deaf, mut other) = (member(&reaper, "deaf"), member(&reaper, "other"));
    deaf.write("!get 1 db member -\n");
    assert_eq!(deaf.line(), "!granted 1 0 missing 0 -");
    other.write("!get 1 db member -\n");
    // A pool of many members, whose status is long.
    deaf.write("!open large members 9000\n");
    assert_eq!(deaf.line(), "!opened large");
    let flood = thread::spawn(move || {
        deaf.try_write("!status\n".repeat(1_000));
        deaf
    });
    assert!(reaper.line("connection closed").contains("it does not read its replies"));
    assert_eq!(other.line(), "!granted 1 0 lost 0 -");
    drop(flood.join().expect("it was closed"));
}

#[test]
fn sixty_four_clients_take_turns_in_the_order_in_which_they_asked() {
    let (reaper, _engine) = reaper();
    let mut clients: Vec<_> = (0..64).map(|n| member(&reaper, &format!("p{n}"))).collect();
    for client in &mut clients {
        client.write("!get 1 db member -\n");
        // The acknowledgement comes after the request was taken in.
        client.write("!status\n");
        while client.line() != "!end" {}
    }
    let mut clients = clients.into_iter();
    // The first one's grant came before its status.
    clients.next().expect("the first").write("!ready 1 c1\n!return 1 used\n");
    for mut client in clients {
        assert_eq!(client.line(), "!granted 1 0 used 0 c1");
        client.write("!ready 1 c1\n!return 1 used\n");
    }
}

#[test]
fn a_signal_has_the_state_written_to_the_log() {
    let (mut reaper, _engine) = reaper();
    let mut client = member(&reaper, "one");
    client.write("!get 1 db member -\n");
    assert_eq!(client.line(), "!granted 1 0 missing 0 -");
    reaper.kill(SIGUSR1);
    assert!(reaper.line("msg=state clients=1").contains("level=INFO"));
    assert!(reaper.line("!member").contains("!member db 0 making one"));
}
