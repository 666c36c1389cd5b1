//! The command `seatrial` on a real engine, and its refusals without one.

mod bad_input;
mod blame;
mod containers;
mod doctor;
mod ends;
mod isolated;
mod lists;
mod names;
mod reports;
mod restarted;
mod retries;
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

/// A folder and a session for one test. Dropping it waits until nothing of the session is left on the engine.
struct Scene {
    folder: tempfile::TempDir,
    session: String,
}

/// The exit code and the output of the command.
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

    /// Mounts the folder `shared` at `/shared`, by a request file of the basic image.
    fn share(&self) {
        std::fs::create_dir_all(self.path("shared")).expect("a folder");
        let shared = "mounts = [{ bind = \"shared\", target = \"/shared\" }]";
        self.file("request.toml", format!("image = \"{BASIC}\"\n{shared}\n"));
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    /// Returns the command, in the folder, without the variables of the environment in which the tests run.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        command.current_dir(self.folder.path());
        for variable in
            ["CI", "GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION", "SEATRIAL_POOL_SIZE", "NEXTEST_RUN_ID"]
        {
            command.env_remove(variable);
        }
        command.env("SEATRIAL_SESSION_ID", &self.session).env("SEATRIAL_REAPER", "off");
        command
    }

    /// Returns `seatrial run` with these options and this command for each case. By default, the cases are in the file
    /// `cases`, there is one container of the basic image, and the JSON report is `out.jsonl`.
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

    /// Runs each case by a line of shell, in which `$0` is the case's name.
    fn run_shell(&self, options: &[&str], line: &str) -> Outcome {
        outcome(&mut self.run(options, &["sh", "-c", line, "{case}"]))
    }

    /// Returns the cases in `out.jsonl`, by name.
    fn cases(&self) -> BTreeMap<String, Value> {
        let lines = self.lines();
        let cases = lines.iter().filter(|line| line["type"] == "case");
        cases.map(|line| (line["case"].as_str().expect("a name").to_owned(), line.clone())).collect()
    }

    /// Returns the verdicts in `out.jsonl`, by name.
    fn verdicts(&self) -> BTreeMap<String, String> {
        let verdict = |line: &Value| line["verdict"].as_str().expect("a verdict").to_owned();
        self.cases().iter().map(|(name, line)| (name.clone(), verdict(line))).collect()
    }

    /// Returns all lines of `out.jsonl`.
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

/// Returns pairs of a name and a verdict, as [`Scene::verdicts`] does.
fn verdicts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, verdict)| (name.to_owned(), verdict.to_owned())).collect()
}

/// Waits until a condition is met, for a minute at most.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "it took too long until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
