//! The command `seatrial` on a real engine, and what it refuses before it asks one.

mod bad_input;
mod containers;
mod doctor;
mod ends;
mod isolated;
mod lists;
mod names;
mod restarted;
mod shown;
mod trouble;
mod verdicts;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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

    /// `seatrial run` with these options, each case by this command. What the options don't say: the cases are in the file
    /// `cases`, one container of the basic image is enough, and what comes of them is in `out.jsonl`.
    fn run(&self, options: &[&str], command: &[&str]) -> Command {
        let mut run = self.command();
        run.arg("run").args(options);
        for (unless, default) in [
            (&["--request", "--image"][..], ["--image", BASIC]),
            (&["--pool"], ["--pool", "1"]),
            (&["--list", "--glob", "--cases"], ["--cases", "cases"]),
            (&["--json"], ["--json", "out.jsonl"]),
        ] {
            if !options.iter().any(|option| unless.contains(option)) {
                run.args(default);
            }
        }
        run.arg("--").args(command);
        run
    }

    /// The same, each case by a line of shell whose `$0` is its name; what it came to.
    fn run_shell(&self, options: &[&str], line: &str) -> Outcome {
        outcome(&mut self.run(options, &["sh", "-c", line, "{case}"]))
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

/// Waits until something is so, for a minute.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came to pass that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
