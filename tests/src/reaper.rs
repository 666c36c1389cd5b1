//! The reaper's program as a process, which tests drive by its port, its output and its exit code.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::signals::with_default_signals;

/// The longest wait for an event; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A reaper that runs as a process on this host. Dropping it kills the process.
#[derive(Debug)]
pub struct Reaper {
    process: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    port: u16,
}

/// The end of a reaper.
#[derive(Clone, Debug)]
pub struct ReaperEnd {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// The lines of stdout.
    pub lines: Vec<String>,
    /// The text of stderr.
    pub stderr: String,
}

/// A client's connection to a reaper.
#[derive(Debug)]
pub struct ReaperClient(TcpStream);

impl Reaper {
    /// Starts a reaper with short times, any free port, and these variables, and waits until it has started.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    #[track_caller]
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let mut process = Self::command(variables).spawn().expect("the reaper runs");
        let stdout = BufReader::new(process.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut reaper = Self { process, lines, seen: Vec::new(), port: 0 };
        let started = reaper.line(" Started!");
        let address = started.split("address=").nth(1).and_then(|rest| rest.split(' ').next());
        let address: SocketAddr = address.expect("an address").parse().expect("an address");
        reaper.port = address.port();
        reaper
    }

    /// Runs a reaper to its end without a client.
    ///
    /// # Panics
    /// It can't be run.
    #[must_use]
    #[track_caller]
    pub fn run(variables: &[(&str, &str)]) -> ReaperEnd {
        let output = Self::command(variables).output().expect("the reaper runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ReaperEnd {
            code: output.status.code(),
            lines: text(&output.stdout).lines().map(str::to_owned).collect(),
            stderr: text(&output.stderr),
        }
    }

    /// Returns the program's path. Cargo builds the program first, at most once per process.
    ///
    /// # Panics
    /// It can't be built.
    #[must_use]
    pub fn program() -> &'static Path {
        program()
    }

    /// Returns the command that runs a reaper with short times and these variables.
    #[must_use]
    pub fn command(variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(program());
        let short = [
            ("RYUK_PORT", "0"),
            ("RYUK_CONNECTION_TIMEOUT", "20s"),
            ("RYUK_RECONNECTION_TIMEOUT", "200ms"),
            ("RYUK_CHANGES_RETRY_INTERVAL", "100ms"),
            // A resource that the test has just created is no change to wait for.
            ("RYUK_RETRY_OFFSET", "1h"),
        ];
        command.envs(short).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        with_default_signals(&mut command);
        command
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Opens a connection.
    ///
    /// # Panics
    /// The reaper does not listen.
    #[must_use]
    #[track_caller]
    pub fn connect(&self) -> ReaperClient {
        ReaperClient::connect((Ipv4Addr::LOCALHOST, self.port).into())
    }

    /// Waits for a line that contains this text, and returns it. Lines before it are skipped.
    ///
    /// # Panics
    /// There is no such line; the message has all lines.
    #[track_caller]
    pub fn line(&mut self, containing: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()));
            let Ok(line) = line else {
                panic!("the reaper did not print `{containing}`; it printed:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if line.contains(containing) {
                return line;
            }
        }
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// It can't be sent.
    #[expect(unsafe_code, reason = "the standard library sends no signal but SIGKILL")]
    pub fn kill(&self, signal: i32) {
        // SAFETY: `kill` accesses no memory, and the id is that of a child that was not waited for.
        let sent = unsafe { libc::kill(self.id().cast_signed(), signal) };
        assert_eq!(sent, 0, "signal {signal} could not be sent");
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// The reaper does not end.
    #[must_use]
    #[track_caller]
    pub fn end(mut self) -> ReaperEnd {
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.seen.push(line);
        }
        assert!(Instant::now() < end, "the reaper did not end; it printed:\n{}", self.seen.join("\n"));
        let mut stderr = String::new();
        let mut stream = self.process.stderr.take().expect("a pipe");
        stream.read_to_string(&mut stderr).expect("the rest of stderr");
        let code = self.process.wait().expect("its end").code();
        ReaperEnd { code, lines: std::mem::take(&mut self.seen), stderr }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl ReaperEnd {
    /// Returns the first line that contains this text.
    ///
    /// # Panics
    /// There is none; the message has all lines.
    #[track_caller]
    pub fn line(&self, containing: &str) -> &str {
        let line = self.lines.iter().find(|line| line.contains(containing));
        line.unwrap_or_else(|| panic!("no line has `{containing}`:\n{}", self.lines.join("\n")))
    }
}

impl ReaperClient {
    /// Opens a connection to a reaper at this address.
    ///
    /// # Panics
    /// No reaper listens there.
    #[must_use]
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the reaper listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Self(stream)
    }

    /// Writes bytes.
    ///
    /// # Panics
    /// The reaper has closed the connection.
    #[track_caller]
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).expect("the reaper reads");
    }

    /// Writes bytes to a reaper that may close the connection meanwhile.
    pub fn try_write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref());
    }

    /// Reads this number of acknowledgements.
    ///
    /// # Panics
    /// The reaper sends something else, or closes the connection.
    #[track_caller]
    pub fn acknowledged(&mut self, count: usize) {
        let mut answer = vec![0; 4 * count];
        self.0.read_exact(&mut answer).expect("acknowledgements");
        assert_eq!(String::from_utf8_lossy(&answer), "ACK\n".repeat(count));
    }

    /// Reads one line, without its end. An empty line stands for the end of the connection.
    ///
    /// # Panics
    /// Nothing comes.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while self.0.read(&mut byte).expect("a line in time") == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Sends a filter and waits for its acknowledgement.
    #[track_caller]
    pub fn filter(&mut self, filter: &str) {
        self.write(format!("{filter}\n"));
        self.acknowledged(1);
    }

    /// Closes the connection for writing only.
    pub fn half_close(&self) {
        let _ = self.0.shutdown(std::net::Shutdown::Write);
    }

    /// Sends a filter and disconnects with a reset: that is what a close does while the acknowledgement is unread.
    ///
    /// # Panics
    /// The filter is not acknowledged.
    #[track_caller]
    pub fn reset_after(mut self, filter: &str) {
        self.write(format!("{filter}\n"));
        let unread = self.0.peek(&mut [0; 4]).expect("an acknowledgement");
        assert!(unread > 0, "the reaper has closed");
    }

    /// Reads all bytes until the reaper closes or resets the connection.
    #[must_use]
    pub fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest);
        rest
    }
}

/// Returns the program's path. Cargo builds the program, at most once per process.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        // With the features of the workspace's tests. With others, cargo would build the dependencies once more.
        cargo.args(["build", "--quiet", "--workspace", "--bin", "seatrial-reaper", "--test", "reaper"]);
        cargo.arg("--message-format=json");
        // Cargo has set these variables for this test's package. Some build scripts would take them for a change.
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            cargo.env_remove(name);
        }
        let output = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
        assert!(output.status.success(), "the reaper can't be built");
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|message| message["target"]["name"] == "seatrial-reaper")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo names the program")
    })
}
