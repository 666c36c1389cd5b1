//! The wire, byte for byte (item 6 of the acceptance list).

use seatrial_tests::{Reaper, ScriptedEngine};

use super::fixture::{label, left, volume};

/// A reaper whose engine must not matter.
fn reaper(variables: &[(&str, &str)]) -> (Reaper, ScriptedEngine) {
    let engine = ScriptedEngine::silent();
    let host = engine.docker_host();
    (Reaper::start(&[&[("DOCKER_HOST", host.as_str())], variables].concat()), engine)
}

#[test]
fn each_end_of_a_line_and_any_chunking_is_acknowledged() {
    let (reaper, _engine) = reaper(&[]);
    let mut client = reaper.connect();
    client.filter("label=a=1\r");
    for byte in b"\n\r\nlabel=b%3D2&label=c\n" {
        client.write([*byte]);
    }
    client.acknowledged(1);
    client.write("label=d\nlabel=d\nlabel=e");
    client.acknowledged(2);
    client.half_close();
    assert_eq!(client.rest(), b"ACK\n");
}

/// FIN, half-close and reset are each the end of a client, and all that it said counts.
#[test]
fn each_way_to_leave_is_the_end_of_a_client() {
    for way in ["close", "half-close", "reset", "in mid-line"] {
        let label = label();
        volume(&label);
        let reaper = Reaper::start(&[]);
        let mut client = reaper.connect();
        let filter = format!("label={label}");
        let mut stays = None;
        match way {
            "close" => {
                client.filter(&filter);
                drop(client);
            }
            "half-close" => {
                client.filter(&filter);
                client.half_close();
                stays = Some(client);
            }
            "reset" => client.reset_after(&filter),
            _ => {
                client.write(filter);
                client.half_close();
                client.acknowledged(1);
            }
        }
        let end = reaper.end();
        assert_eq!(end.code, Some(0), "{way}: {}", end.stderr);
        end.line("client disconnected");
        end.line("volumes=1");
        assert_eq!(left(&label), [0; 4], "{way}");
        drop(stays);
    }
}

#[test]
fn lines_that_are_unsafe_or_unreadable_close_the_connection() {
    let (mut reaper, _engine) = reaper(&[]);
    let longer = format!("label={}", "x".repeat(65_530));
    for line in ["&", ";", "label=%zz", "label=", "name=x", "label", "\u{1}garbage", longer.as_str()] {
        let mut client = reaper.connect();
        client.filter("label=before=1");
        client.try_write(format!("{line}\nlabel=after=1\n"));
        assert_eq!(client.rest(), b"", "{line:.20}");
        let warning = reaper.line("connection closed");
        assert!(warning.contains("level=WARN") && warning.contains("127.0.0.1:"), "{warning}");
    }
}

#[test]
fn the_longest_line_is_acknowledged() {
    let (reaper, _engine) = reaper(&[]);
    reaper.connect().filter(&format!("label={}", "x".repeat(65_529)));
}

#[test]
fn ten_thousand_filters_and_a_thousand_connections_are_served() {
    let (reaper, _engine) = reaper(&[]);
    let mut clients: Vec<_> = (0..1_000).map(|_| reaper.connect()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.write((0..10).map(|m| format!("label=n{n}=m{m}\n")).collect::<String>());
    }
    clients.iter_mut().for_each(|client| client.acknowledged(10));
}

#[test]
fn with_a_token_only_those_who_show_it_are_heard() {
    let (reaper, _engine) = reaper(&[("REAPER_TOKEN", "secret")]);
    for wrong in ["label=a=1\n", "auth=secre\n", "auth=secret2\n", "\n"] {
        let mut client = reaper.connect();
        client.try_write(wrong);
        assert_eq!(client.rest(), b"", "{wrong}");
    }
    reaper.connect().filter("auth=secret\nlabel=a=1");
}

#[test]
fn a_filter_without_the_required_label_is_refused() {
    let (reaper, _engine) = reaper(&[("REAPER_REQUIRED_LABEL", "team=a")]);
    let mut client = reaper.connect();
    client.filter("label=x&label=team=a");
    client.write("label=x\n");
    assert_eq!(client.rest(), b"");
}

/// A probe, and a stranger who stays, neither shorten nor prolong the time for the first client.
#[test]
fn strangers_do_not_count() {
    let (reaper, _engine) = reaper(&[("RYUK_CONNECTION_TIMEOUT", "2s")]);
    let _stays = reaper.connect();
    drop(reaper.connect());
    let start = std::time::Instant::now();
    let end = reaper.end();
    assert_eq!(end.code, Some(0));
    assert!(start.elapsed() > std::time::Duration::from_secs(1), "the probe has shortened it");
    end.line("removed containers=0 networks=0 volumes=0 images=0");
}
