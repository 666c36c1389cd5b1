//! Testcontainers for Python, with Seatrial's reaper in place of ryuk (item 8 of the acceptance list).

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use seatrial_tests::Engine;

use super::fixture::{here, left, until};

const IMAGE: &str = "seatrial/reaper:dev";
const PACKAGE: &str = "testcontainers==4.15.0";
/// The variable with the address of pip's package index.
const INDEX: &str = "PIP_INDEX_URL";

/// Item 8: the resources of a Python client that is killed are removed.
#[test]
fn resources_of_a_killed_python_client_are_removed() {
    let present =
        here().0.request("GET", &format!("/images/{IMAGE}/json"), None).expect("the engine answers");
    assert_eq!(present.status, 200, "`cargo xtask images reaper` builds {IMAGE}");
    let Some(python) = python() else { return };
    let socket = Engine::from_env().socket().display().to_string();
    let mut client = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reaper/python/client.py"))
        .env("RYUK_CONTAINER_IMAGE", IMAGE)
        .env("RYUK_RECONNECTION_TIMEOUT", "1s")
        .env("DOCKER_HOST", format!("unix://{socket}"))
        .env("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", &socket)
        .env_remove("TESTCONTAINERS_RYUK_DISABLED")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let mut session = String::new();
    let stdout = client.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut session).expect("its output");
    let label = format!("org.testcontainers.session-id={}", session.trim());
    let before = (!session.is_empty()).then(|| left(&label));
    client.kill().expect("it lives");
    client.wait().expect("its end");
    let mut stderr = String::new();
    client.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("the rest of stderr");
    assert_eq!(before, Some([1; 4]), "{stderr}");
    until("the end of what it had", || left(&label) == [0; 4]);
    let reaper = format!("/containers/testcontainers-ryuk-{}/json", session.trim());
    until("the end of the reaper", || {
        here().0.request("GET", &reaper, None).is_ok_and(|answer| answer.status == 404)
    });
}

/// Returns an interpreter with the package, in a folder that stays from run to run. Returns `None`, and prints the
/// reason, only if the package index does not answer.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let environment = folder.join(PACKAGE.replace("==", "-"));
    let python = environment.join("bin/python");
    let lock = File::create(environment.with_extension("lock")).expect("a lock");
    lock.lock().expect("nobody keeps the lock");
    let is_complete = environment.join("complete");
    if is_complete.exists() {
        return Some(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment)).unwrap_or_else(|error| {
        panic!("`cargo xtask test` installs what this needs, or try `apt-get install python3-venv`: {error}")
    });
    let installed = run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]));
    if let Err(error) = installed {
        let index = std::env::var(INDEX).unwrap_or_else(|_| "https://pypi.org/simple/".into());
        let ask = format!("import urllib.request; urllib.request.urlopen('{index}', timeout=10)");
        let Err(reason) = run(Command::new(&python).args(["-c", &ask])) else {
            panic!("{index} answers, and {PACKAGE} can't be installed: {error}");
        };
        println!("skipped: {index} does not answer: {}", reason.lines().last().unwrap_or_default());
        return None;
    }
    fs::write(is_complete, "").expect("a mark");
    Some(python)
}

/// Runs a program. Its output is the error if it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}
