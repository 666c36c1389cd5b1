//! A scenario in a process of its own: the test program runs itself again, for one ignored test.
//!
//! Exits, panics and kills of a process can only be seen from outside. A scenario is an ignored test of the same
//! program, which returns at once unless [`is_scenario`] returns `true`.
//!
//! A scenario has no reaper, unless its test says otherwise: what goes is then what the process itself has removed.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::signals::with_default_signals;

/// Holds the scenario's name in the environment of a child.
const SCENARIO: &str = "SEATRIAL_TESTS_SCENARIO";
/// The time between two looks at whether a child has ended.
const POLL: Duration = Duration::from_millis(10);

/// A running scenario; killed, with all of its process group, when it is dropped.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
    /// Set once it was waited for: from then on its id may be another's.
    status: Option<ExitStatus>,
}

/// The lines that the child has printed. The reading threads write them, tests read them.
#[derive(Debug, Default)]
struct Output {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    seen: Vec<String>,
    streams_closed: usize,
}

/// Returns `true` if this process was started to run a scenario. An ignored test that is a scenario returns at once
/// otherwise.
#[must_use]
pub fn is_scenario() -> bool {
    env::var_os(SCENARIO).is_some()
}

/// Returns the name by which the test harness knows a test: its path, without the program's own name.
#[must_use]
pub fn test_name<T>(test: &impl Fn() -> T) -> &'static str {
    let path = std::any::type_name_of_val(test);
    path.split_once("::").map_or(path, |(_, name)| name)
}

/// Prints a line for the parent, past the capture of the test's output.
///
/// # Panics
/// If the parent does not read any more.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the parent reads");
}

impl Child {
    /// Starts this ignored test in its own process group, with these variables added to the environment.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    #[track_caller]
    pub fn spawn<T>(scenario: impl Fn() -> T, env: &[(&str, &str)]) -> Self {
        Self::start(test_name(&scenario), env, &["--nocapture"])
    }

    /// Starts a scenario as [`spawn`](Self::spawn) does, with its output captured, as that of a test is by default.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    #[track_caller]
    pub fn spawn_captured<T>(scenario: impl Fn() -> T, env: &[(&str, &str)]) -> Self {
        Self::start(test_name(&scenario), env, &[])
    }

    /// As [`spawn`](Self::spawn), by a program that runs the command which its last arguments are, as `env` does.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    #[track_caller]
    pub fn spawn_by<T>(mut launcher: Command, scenario: impl Fn() -> T, env: &[(&str, &str)]) -> Self {
        launcher.arg(env::current_exe().expect("the test binary's path"));
        Self::start_by(launcher, test_name(&scenario), env, &["--nocapture"])
    }

    #[track_caller]
    fn start(scenario: &str, env: &[(&str, &str)], options: &[&str]) -> Self {
        let command = Command::new(env::current_exe().expect("the test binary's path"));
        Self::start_by(command, scenario, env, options)
    }

    #[track_caller]
    fn start_by(mut command: Command, scenario: &str, env: &[(&str, &str)], options: &[&str]) -> Self {
        command
            // With one thread the harness would print the test's name in front of its first line.
            .args([scenario, "--exact", "--ignored", "--test-threads=2"])
            .args(options)
            .env(SCENARIO, scenario)
            .env("SEATRIAL_REAPER", "off")
            .envs(env.iter().copied());
        Self::of(command)
    }

    /// Starts another program than a scenario, in its own process group, with nothing to read and no signal ignored.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    #[track_caller]
    pub fn of(mut command: Command) -> Self {
        let mut process = with_default_signals(&mut command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("the program runs");
        let output = Arc::new(Output::default());
        let stdout = process.stdout.take().map(|stream| collect(stream, &output));
        let stderr = process.stderr.take().map(|stream| collect(stream, &output));
        Self { process, output, readers: [stdout, stderr].into_iter().flatten().collect(), status: None }
    }

    /// Returns the process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Returns all lines of stdout and stderr so far, each stream in its order.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.output.lock().seen.clone()
    }

    /// Waits for a line that contains this text, in what was printed already or comes; returns the line.
    ///
    /// # Panics
    /// If none comes in time, or the output ends without one; with all that was printed.
    #[track_caller]
    pub fn line(&self, containing: &str, within: Duration) -> String {
        let start = Instant::now();
        let mut lines = self.output.lock();
        loop {
            if let Some(line) = lines.seen.iter().find(|line| line.contains(containing)) {
                return line.clone();
            }
            let left = within.saturating_sub(start.elapsed());
            assert!(
                !left.is_zero() && lines.streams_closed < self.readers.len(),
                "the child did not print `{containing}` within {within:?}; it printed:\n{}",
                lines.seen.join("\n")
            );
            lines = match self.output.changed.wait_timeout(lines, left) {
                Ok((lines, _)) => lines,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Waits for the end of the process; its output is read to the end then, unless something else holds it open.
    ///
    /// # Panics
    /// If it does not end in time, with all that it printed.
    #[track_caller]
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("the child can be waited for") {
                self.status = Some(status);
                self.drain(Duration::from_secs(1));
                return status;
            }
            assert!(
                start.elapsed() < within,
                "the child did not end within {within:?}; it printed:\n{}",
                self.lines().join("\n")
            );
            std::thread::sleep(POLL);
        }
    }

    /// Sends a signal, as in `libc::SIGTERM`, to the process alone.
    ///
    /// # Panics
    /// If it can't be sent, or the process was waited for already.
    #[expect(unsafe_code, reason = "the standard library sends no signal but SIGKILL")]
    pub fn kill(&self, signal: i32) {
        assert_eq!(self.status, None, "the child has ended, its id may be another's");
        // SAFETY: `kill` has no memory to go wrong with; the id is of a child that was not waited for.
        let sent = unsafe { libc::kill(self.id().cast_signed(), signal) };
        assert_eq!(sent, 0, "signal {signal} could not be sent: {}", std::io::Error::last_os_error());
    }

    /// Gives the readers time to see the end of the output.
    fn drain(&self, within: Duration) {
        let closed = |lines: &mut Lines| lines.streams_closed < self.readers.len();
        drop(self.output.changed.wait_timeout_while(self.output.lock(), within, closed));
    }
}

impl Drop for Child {
    #[expect(unsafe_code, reason = "the standard library kills no process groups")]
    fn drop(&mut self) {
        if self.status.is_some() {
            return;
        }
        // SAFETY: `killpg` has no memory to go wrong with; the group is the child's own, and its id can't be
        // another's before the child was waited for.
        unsafe { libc::killpg(self.id().cast_signed(), libc::SIGKILL) };
        let _ = self.process.wait();
    }
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Lines)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

/// Reads a stream by lines on a thread of its own, until it ends.
fn collect(stream: impl Read + Send + 'static, output: &Arc<Output>) -> JoinHandle<()> {
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            output.change(|lines| lines.seen.push(line));
        }
        output.change(|lines| lines.streams_closed += 1);
    })
}
