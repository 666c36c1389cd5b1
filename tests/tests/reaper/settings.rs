//! Bad values of variables (item 7 of the acceptance list); what good ones do is in the crate's own tests.

use seatrial_tests::Reaper;

#[test]
fn a_bad_value_ends_it_with_a_message_and_exit_code_1() {
    for (name, value) in [
        ("RYUK_CONNECTION_TIMEOUT", "0"),
        ("RYUK_RECONNECTION_TIMEOUT", "-1s"),
        ("RYUK_REQUEST_TIMEOUT", "soon"),
        ("RYUK_REMOVE_RETRIES", "0"),
        ("RYUK_RETRY_OFFSET", "1"),
        ("RYUK_CHANGES_RETRY_INTERVAL", "0s"),
        ("RYUK_SHUTDOWN_TIMEOUT", "-5m"),
        ("RYUK_PORT", "65536"),
        ("RYUK_VERBOSE", "yes"),
        ("DOCKER_HOST", "ssh://nobody"),
    ] {
        let end = Reaper::run(&[(name, value)]);
        assert_eq!(end.code, Some(1), "{name}");
        assert!(end.stderr.contains(name), "{name}: {}", end.stderr);
        assert!(!end.stderr.contains("panicked"), "{name}: {}", end.stderr);
    }
}
