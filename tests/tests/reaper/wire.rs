//! The protocol, byte for byte (item 6 of the acceptance list).

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use seatrial_tests::{Reaper, ScriptedEngine};

use super::fixture::{label, left, volume};

/// Starts a reaper whose engine never answers.
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

/// FIN, half-close and reset each end a client, and every line that it sent before counts.
#[test]
fn each_way_to_disconnect_ends_a_client() {
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

/// A refused line is answered, and the next line of the connection counts.
#[test]
fn lines_that_are_unsafe_or_unreadable_are_refused_and_the_next_one_counts() {
    let (mut reaper, _engine) = reaper(&[]);
    for line in ["&", ";", "label=%zz", "label=", "name=x", "label", "\u{1}garbage"] {
        let mut client = reaper.connect();
        client.filter("label=before=1");
        client.write(format!("{line}\nlabel=after=1\n"));
        client.half_close();
        assert_eq!(client.rest(), b"NACK\nACK\n", "{line}");
        let warning = reaper.line("filter refused");
        assert!(warning.contains("level=WARN") && warning.contains("127.0.0.1:"), "{warning}");
    }
}

/// A filter that follows a refused line selects resources to remove.
#[test]
fn a_filter_after_a_refused_line_is_pruned() {
    let label = label();
    volume(&label);
    let reaper = Reaper::start(&[]);
    let mut client = reaper.connect();
    client.write(format!("label=\nlabel={label}"));
    client.half_close();
    assert_eq!(client.rest(), b"NACK\nACK\n");
    reaper.end().line("volumes=1");
    assert_eq!(left(&label), [0; 4]);
}

#[test]
fn a_connection_is_closed_after_a_line_that_is_too_long_or_a_hundred_refused_ones() {
    let (mut reaper, _engine) = reaper(&[]);
    let longer = format!("label={}\n", "x".repeat(65_530));
    for (lines, answers) in [(longer, 0), ("label=\n".repeat(200), 100)] {
        let mut client = reaper.connect();
        client.filter("label=before=1");
        client.try_write(lines + "label=after=1\n");
        assert_eq!(client.rest(), b"NACK\n".repeat(answers));
        let warning = reaper.line("connection closed");
        assert!(warning.contains("level=WARN") && warning.contains("127.0.0.1:"), "{warning}");
    }
}

/// A connection that has said nothing does not hold back what a client left, whether it was there before the client's
/// end or came after it.
#[test]
fn silent_connections_hold_nothing_back() {
    let label = label();
    volume(&label);
    let mut reaper = Reaper::start(&[("RYUK_RECONNECTION_TIMEOUT", "2s")]);
    let _before = reaper.connect();
    reaper.connect().filter(&format!("label={label}"));
    reaper.line("client disconnected");
    let _after = reaper.connect();
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.line("volumes=1");
    assert_eq!(left(&label), [0; 4]);
}

/// A client's acknowledgement takes half a second at most while a scan opens 3 000 connections.
#[test]
fn a_client_is_acknowledged_at_once_during_a_scan() {
    let limit = Duration::from_millis(500);
    // On a busy machine one round may be slow for another reason.
    let is_met = (0..3).any(|_| slowest_client_during_a_scan() <= limit);
    assert!(is_met, "in three scans, one client each waited for more than {limit:?}");
}

fn slowest_client_during_a_scan() -> Duration {
    let (reaper, _engine) = reaper(&[]);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, reaper.port()));
    thread::scope(|scope| {
        let scan =
            || (0..1_000).map(|_| TcpStream::connect(address).expect("a connection")).collect::<Vec<_>>();
        let scans: Vec<_> = (0..3).map(|_| scope.spawn(scan)).collect();
        let mut slowest = Duration::ZERO;
        let mut count = 0;
        while count < 5 || scans.iter().any(|scan| !scan.is_finished()) {
            let began = Instant::now();
            reaper.connect().filter(&format!("label=client={count}"));
            slowest = slowest.max(began.elapsed());
            count += 1;
        }
        slowest
    })
}

/// Thousands of connections that send nothing do not keep a client out.
#[test]
fn a_client_gets_in_when_silent_connections_use_up_all_places() {
    let (reaper, _engine) = reaper(&[]);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, reaper.port()));
    let silent: Vec<_> = (0..4_200).filter_map(|_| TcpStream::connect(address).ok()).collect();
    assert!(silent.len() > 4_100, "the test has descriptors for {} only", silent.len());
    reaper.connect().filter("label=client=1");
}

/// Long filters, and thousands of them, do not fill the log.
#[test]
fn the_log_shows_the_beginning_of_a_long_filter() {
    let (mut reaper, _engine) = reaper(&[]);
    reaper.connect().filter(&format!("label=long={}", "x".repeat(60_000)));
    let line = reaper.line("adding filter");
    assert!(line.len() < 500 && line.contains("(60011 bytes)"), "{line}");
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
fn with_a_token_only_connections_that_show_it_are_served() {
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
    client.write("label=x\nlabel=team=a\n");
    client.half_close();
    assert_eq!(client.rest(), b"NACK\nACK\n");
}

/// Neither a port probe nor a silent connection shortens or prolongs the wait for the first client.
#[test]
fn silent_connections_are_no_clients() {
    let (reaper, _engine) = reaper(&[("RYUK_CONNECTION_TIMEOUT", "2s")]);
    let _stays = reaper.connect();
    drop(reaper.connect());
    let start = Instant::now();
    let end = reaper.end();
    assert_eq!(end.code, Some(0));
    assert!(start.elapsed() > Duration::from_secs(1), "the probe has shortened it");
    end.line("removed containers=0 networks=0 volumes=0 images=0");
}
