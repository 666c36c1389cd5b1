//! Engines that were named and can't be used: the error has the setting, the address and the reason.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use seatrial::{ContainerRequest, Session, session::ReaperChoice};
use seatrial_test_support::own_session::MISBEHAVE;
use seatrial_tests::{Child, Engine, ScriptedEngine, is_scenario, say};
use tempfile::TempDir;

/// Said after the last line of an error.
const DONE: &str = "that is all";

/// Runs the scenario in a process with these variables, `HOME` of its own, and no `DOCKER_HOST` unless it is among
/// them; returns what it prints.
#[track_caller]
pub(crate) fn said(home: &Path, variables: &[(&str, &str)]) -> String {
    let home = home.to_str().expect("unicode");
    let own = [("DOCKER_HOST", ""), ("DOCKER_CONTEXT", ""), ("DOCKER_CONFIG", ""), ("HOME", home)];
    let mut child = Child::spawn(scenario, &[&own, variables].concat());
    child.line(DONE, Duration::from_secs(60));
    assert!(child.wait(Duration::from_secs(30)).success());
    let lines = child.lines();
    let from = lines.iter().position(|line| line == "it says").expect("it says something");
    let to = lines.iter().position(|line| line == DONE).expect("it comes to an end");
    lines[from + 1..to].join("\n")
}

#[tokio::test]
#[ignore = "the scenario of the tests here"]
async fn scenario() {
    if is_scenario() {
        let current = Session::current().await;
        let text = match &current {
            Ok(session) => format!("{:?}", session.engine().located()),
            Err(error) => error.to_string(),
        };
        let kind = current.err().map(|error| (error.is_engine_unreachable(), error.is_invalid()));
        say(&format!("it says\n{text}\n{kind:?}\n{DONE}"));
    }
}

#[track_caller]
fn assert_says(home: &Path, variables: &[(&str, &str)], texts: &[&str]) {
    let said = said(home, variables);
    for text in texts {
        assert!(said.contains(text), "{variables:?}: `{text}` is not in:\n{said}");
    }
}

const UNREACHABLE: &str = "Some((true, false))";
const INVALID: &str = "Some((false, true))";

/// E4: an engine that was named and does not answer is an error that names the variable, the address and the reason.
#[test]
fn a_host_that_does_not_answer_is_refused_by_its_variable() {
    let home = home();
    let path = |name: &str| home.path().join(name);
    let stale = path("stale.sock");
    drop(UnixListener::bind(&stale).expect("a socket"));
    let file = path("file");
    fs::write(&file, "no socket").expect("a file");
    let address = |path: &Path| format!("unix://{}", path.display());
    let listens = |path: &Path| format!("hint: start the engine that listens at `{}`", path.display());
    let start = || "hint: start that engine, or change `DOCKER_HOST`".to_owned();
    for (host, reason, hint) in [
        (address(&path("none.sock")), "no such file", start()),
        (address(&stale), "connection refused: the daemon is not running", listens(&stale)),
        (address(&file), "connection refused", listens(&file)),
        ("tcp://127.0.0.1:1".to_owned(), "connection refused: the daemon is not running", start()),
    ] {
        let named = format!("the engine that `DOCKER_HOST` names does not answer at `{host}`: {reason}");
        let texts = [&named, hint.as_str(), "or change `DOCKER_HOST`", UNREACHABLE];
        assert_says(home.path(), &[("DOCKER_HOST", &host)], &texts);
    }
}

/// E4: the error names an engine that is there, but does not use it in place of the named one.
#[test]
fn another_engine_is_told_of_and_not_taken() {
    let usual = Path::new("/var/run/docker.sock");
    if !usual.exists() {
        eprintln!("skipped: there is no other engine at {}", usual.display());
        return;
    }
    let texts = [
        "not tried, since an engine is named explicitly, but present:",
        "`unix:///var/run/docker.sock` (Docker)",
    ];
    assert_says(home().path(), &[("DOCKER_HOST", "unix:///nowhere/docker.sock")], &texts);
}

/// E4: an invalid address is an error that says which forms are valid.
#[test]
fn an_address_that_is_none_is_refused_with_what_would_be_right() {
    for (host, reason) in [
        ("ssh://me@host", "ssh -nNT -L"),
        ("tcp://host:port", "port between 1 and 65535"),
        ("unix://docker.sock", "absolute path"),
        ("gopher://host", "`unix://` or `tcp://`"),
    ] {
        assert_says(home().path(), &[("DOCKER_HOST", host)], &["`DOCKER_HOST`", reason, INVALID]);
    }
}

/// E4: an unknown Docker context is an error that says which setting names it.
#[test]
fn a_context_that_is_not_there_is_refused_by_who_named_it() {
    let home = home();
    assert_says(home.path(), &[("DOCKER_CONTEXT", "nowhere")], &["nowhere", "`DOCKER_CONTEXT`"]);
    let config = home.path().join(".docker");
    fs::create_dir(&config).expect("a folder");
    fs::write(config.join("config.json"), r#"{ "currentContext": "elsewhere" }"#).expect("a file");
    let file = config.join("config.json").display().to_string();
    assert_says(home.path(), &[], &["elsewhere", &file]);
}

/// E4: an unusable host from the properties file is an error that names the file.
#[test]
fn a_host_in_the_file_of_properties_is_refused_by_the_file() {
    let home = home();
    let file = home.path().join(".testcontainers.properties");
    fs::write(&file, "docker.host = unix:///nowhere/docker.sock\n").expect("a file");
    let named = format!("`docker.host` in `{}` names does not answer", file.display());
    assert_says(home.path(), &[], &[&named, "no such file", UNREACHABLE]);
}

/// E4: an invalid variable is an error that says which values are valid.
#[test]
fn a_variable_that_holds_nonsense_is_refused_with_what_would_be_right() {
    for (variable, value) in [
        ("SEATRIAL_PARALLELISM", "0"),
        ("SEATRIAL_REQUEST_TIMEOUT", "soon"),
        ("SEATRIAL_KEEP", "perhaps"),
        ("SEATRIAL_SESSION_ID", "a b"),
    ] {
        assert_says(home().path(), &[(variable, value)], &[&format!("`{variable}`"), value, INVALID]);
    }
}

/// E4: a failure to find the engine is not remembered.
#[tokio::test]
async fn a_session_that_failed_is_built_when_the_engine_is_there() {
    let engine = ScriptedEngine::greeting();
    let (here, host) = (engine.socket(), engine.docker_host());
    let away = here.with_extension("away");
    fs::rename(&here, &away).expect("the socket moves");
    let build = || Session::builder().docker_host(&host).build();
    build().await.expect_err("there is no engine");
    fs::rename(&away, &here).expect("the socket moves back");
    let session = build().await.expect("there is one now");
    assert_eq!(session.engine().version().version, "20.10.24");
}

/// E4: all requests go to the engine that was named.
#[tokio::test]
async fn the_engine_that_is_named_is_the_one_that_is_used() {
    let engine = ScriptedEngine::greeting();
    let builder = Session::builder().docker_host(engine.docker_host()).reaper(ReaperChoice::Off);
    let session = builder.build().await.expect("it greets");
    let error = ContainerRequest::new(MISBEHAVE).session(&session).start().await.expect_err("it has nothing");
    assert!(error.to_string().contains("page not found"), "{error}");
    assert!(session.engine().located().endpoint.to_string().contains("support-engine-"));
    assert_ne!(engine.socket(), Engine::from_env().socket());
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}
