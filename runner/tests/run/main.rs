//! The command `seatrial` on a real engine, and what it refuses before it asks one.

mod bad_input;
mod ends;
mod lists;
mod names;
mod trouble;
mod verdicts;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use seatrial_tests::assert_nothing_left;
use serde_json::Value;

/// A static busybox.
const BASIC: &str = "seatrial/basic:dev";

/// A folder and a session of a test's own. Dropping it waits until nothing of the session is left on the engine.
struct Scene {
    folder: tempfile::TempDir,
    session: String,
}

/// What the command came to.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Scene {
    fn new(topic: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let session = format!("runner-{topic}-{}-{number}", std::process::id());
        Self { folder: tempfile::tempdir().expect("a folder"), session }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("a file");
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    /// The command, in the folder, with nothing in its environment that has to do with where the tests run.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        command.current_dir(self.folder.path());
        for variable in ["CI", "GITHUB_ACTIONS", "SEATRIAL_POOL_SIZE", "NEXTEST_RUN_ID"] {
            command.env_remove(variable);
        }
        command.env("SEATRIAL_SESSION_ID", &self.session).env("SEATRIAL_REAPER", "off");
        command
    }

    /// Runs `seatrial run` with these arguments.
    fn run<T: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = T>) -> Outcome {
        outcome(self.command().arg("run").args(args))
    }

    /// The cases in `out.jsonl`, by name.
    fn cases(&self) -> BTreeMap<String, Value> {
        let lines = self.lines();
        let cases = lines.iter().filter(|line| line["type"] == "case");
        cases.map(|line| (line["case"].as_str().expect("a name").to_owned(), line.clone())).collect()
    }

    /// The verdicts in `out.jsonl`, by name.
    fn verdicts(&self) -> BTreeMap<String, String> {
        let verdict = |line: &Value| line["verdict"].as_str().expect("a verdict").to_owned();
        self.cases().iter().map(|(name, line)| (name.clone(), verdict(line))).collect()
    }

    fn lines(&self) -> Vec<Value> {
        self.text("out.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_nothing_left(&self.session);
        }
    }
}

fn outcome(command: &mut Command) -> Outcome {
    let Output { status, stdout, stderr } = command.output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Outcome { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// Pairs of a name and a verdict as [`Scene::verdicts`] has them.
fn verdicts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, verdict)| (name.to_owned(), verdict.to_owned())).collect()
}
