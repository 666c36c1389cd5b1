//! Values of variables (item 7 of the acceptance list). The crate's own tests have more of them.

use seatrial_tests::Reaper;

use super::fixture::{label, left, volume};

#[test]
fn a_bad_value_ends_the_reaper_with_a_message_and_exit_code_1() {
    for (name, value) in [
        ("RYUK_CONNECTION_TIMEOUT", "0"),
        ("RYUK_RECONNECTION_TIMEOUT", "10"),
        ("RYUK_REQUEST_TIMEOUT", "soon"),
        ("RYUK_REMOVE_RETRIES", "many"),
        ("RYUK_RETRY_OFFSET", "1"),
        ("RYUK_CHANGES_RETRY_INTERVAL", "1"),
        ("RYUK_SHUTDOWN_TIMEOUT", "5 m"),
        ("RYUK_PORT", "65536"),
        ("RYUK_VERBOSE", "yes"),
        ("REAPER_DRY_RUN", "perhaps"),
        ("REAPER_TOKEN", "two\nlines"),
        ("DOCKER_HOST", "ssh://nobody"),
    ] {
        let end = Reaper::run(&[(name, value)]);
        assert_eq!(end.code, Some(1), "{name}");
        assert!(end.stderr.contains(name), "{name}: {}", end.stderr);
        assert!(!end.stderr.contains("panicked"), "{name}: {}", end.stderr);
    }
}

/// The values in ryuk's documentation, and empty values, are accepted.
#[test]
fn good_values_are_accepted() {
    for (name, value) in [
        ("RYUK_CONNECTION_TIMEOUT", "300ms"),
        ("RYUK_RECONNECTION_TIMEOUT", ""),
        ("RYUK_REQUEST_TIMEOUT", "1m30s"),
        ("RYUK_REMOVE_RETRIES", "1"),
        ("RYUK_RETRY_OFFSET", "-1s"),
        ("RYUK_CHANGES_RETRY_INTERVAL", ".5s"),
        ("RYUK_SHUTDOWN_TIMEOUT", "1h"),
        ("RYUK_VERBOSE", "T"),
        ("REAPER_REQUIRED_LABEL", "team"),
    ] {
        let end = Reaper::run(&[("RYUK_CONNECTION_TIMEOUT", "300ms"), (name, value)]);
        assert_eq!(end.code, Some(0), "{name}: {}", end.stderr);
        end.line("msg=done");
    }
}

/// ryuk starts with pauses and retries of zero or less too: the last client's end is then the moment of the prune.
#[test]
fn pauses_and_retries_of_zero_and_less_clean_up_at_once() {
    for values in [["0s", "0", "0", "0s"], ["-1s", "-1", "-1s", "-5m"]] {
        let label = label();
        volume(&label);
        let [reconnection, retries, changes, shutdown] = values;
        let reaper = Reaper::start(&[
            ("RYUK_RECONNECTION_TIMEOUT", reconnection),
            ("RYUK_REMOVE_RETRIES", retries),
            ("RYUK_CHANGES_RETRY_INTERVAL", changes),
            ("RYUK_SHUTDOWN_TIMEOUT", shutdown),
        ]);
        reaper.connect().filter(&format!("label={label}"));
        let end = reaper.end();
        assert_eq!(end.code, Some(0), "{}", end.stderr);
        end.line("volumes=1");
        assert_eq!(left(&label), [0; 4]);
    }
}

#[test]
fn unknown_arguments_are_refused_and_help_is_printed() {
    let run = |argument: &str| Reaper::command(&[]).arg(argument).output().expect("it runs");
    let help = run("--help");
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("REAPER_ADDRESS_FILE"));
    let refused = run("--reap-all");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--reap-all"));
}

#[test]
fn the_health_check_succeeds_if_a_reaper_listens() {
    let reaper = Reaper::start(&[("RYUK_CONNECTION_TIMEOUT", "10m")]);
    let healthcheck = |port: u16| {
        let mut command = Reaper::command(&[("RYUK_PORT", &port.to_string())]);
        command.arg("healthcheck").output().expect("it runs").status.code()
    };
    assert_eq!(healthcheck(reaper.port()), Some(0));
    // Nothing listens on port 1.
    assert_eq!(healthcheck(1), Some(1));
}
