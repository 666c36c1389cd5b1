//! The agent as a child process, and the library's side of the wire protocol.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use seatrial_agent::PROGRAM;
use seatrial_core::case::end::{End, Refusal};
use seatrial_core::case::frame::{Kind, version_of};
use seatrial_core::case::spec::Settings;
use seatrial_core::case::{Buffer, Encoder};
use tempfile::TempDir;

/// A running agent.
pub(crate) struct Serving {
    pub(crate) child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    buffer: Buffer,
    _dir: TempDir,
}

/// A received frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) kind: Kind,
    pub(crate) slot: u8,
    pub(crate) number: u32,
    pub(crate) payload: Vec<u8>,
}

/// The output and the result of a case.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) end: Result<End, Refusal>,
}

/// The description of a case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) argv: Vec<&'a str>,
    pub(crate) env: Vec<&'a str>,
    pub(crate) working_dir: Option<&'a str>,
    pub(crate) has_stdin: bool,
    pub(crate) milliseconds: u64,
    pub(crate) limit: Option<u64>,
}

pub(crate) fn shell(line: &str) -> Wanted<'_> {
    Wanted { argv: vec!["sh", "-c", line], ..Wanted::default() }
}

impl Serving {
    pub(crate) fn start() -> Self {
        let mut serving = Self::silent();
        let hello = serving.next().expect("it says hello");
        assert_eq!((hello.kind, version_of(&hello.payload)), (Kind::Hello, Some(1)));
        let mut bytes = Vec::new();
        Encoder::hello(&mut bytes);
        serving.send(&bytes);
        serving
    }

    /// Starts `agent serve` without exchanging hellos.
    pub(crate) fn silent() -> Self {
        Self::by("serve")
    }

    /// Starts `agent main` without exchanging hellos.
    pub(crate) fn as_main() -> Self {
        Self::by("main")
    }

    fn by(command: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("agent");
        std::fs::write(&path, PROGRAM).expect("it is written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it may be run");
        let mut child = Command::new(path)
            .arg(command)
            .env("INHERITED", "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("it is piped");
        Self { child, stdin, stdout, buffer: Buffer::default(), _dir: dir }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().expect("it is open").write_all(bytes).expect("it reads");
    }

    /// Closes the agent's standard input.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn begin(&mut self, slot: u8, number: u32, wanted: &Wanted<'_>) {
        let settings = Settings {
            timeout: wanted.milliseconds * 1_000_000,
            limit: wanted.limit.unwrap_or(u64::MAX),
            has_stdin: wanted.has_stdin,
            is_isolated: false,
            arguments: u32::try_from(wanted.argv.len()).expect("few"),
            variables: u32::try_from(wanted.env.len()).expect("few"),
        };
        let words = wanted.argv.iter().chain(&wanted.env).map(|word| word.as_bytes());
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, slot, number).run(settings, wanted.working_dir.map(str::as_bytes), words);
        self.send(&bytes);
    }

    /// Receives the next frame; nothing at the end.
    pub(crate) fn next(&mut self) -> Option<Came> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(frame) = self.buffer.take().expect("all that comes are frames") {
                let (kind, slot, number) = (frame.kind, frame.slot, frame.number);
                return Some(Came { kind, slot, number, payload: frame.payload.to_vec() });
            }
            match self.stdout.read(&mut bytes).expect("it can be read") {
                0 => return None,
                read => self.buffer.push(&bytes[..read]),
            }
        }
    }

    /// Receives output and result of the only case that runs.
    pub(crate) fn finish(&mut self) -> Outcome {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let end = loop {
            let came = self.next().expect("it has not ended");
            match came.kind {
                Kind::Stdout => stdout.extend(came.payload),
                Kind::Stderr => stderr.extend(came.payload),
                Kind::End => break Ok(End::parse(&came.payload).expect("it is one")),
                Kind::Refused => break Err(Refusal::parse(&came.payload).expect("it is one")),
                Kind::Credit => {}
                other => panic!("{other:?} is unexpected"),
            }
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Outcome { stdout: text(stdout), stderr: text(stderr), end }
    }

    pub(crate) fn run(&mut self, number: u32, wanted: &Wanted<'_>) -> Outcome {
        self.begin(0, number, wanted);
        self.finish()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.hang_up();
        if std::thread::panicking() {
            // A main process stays, and would be waited for in vain.
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}
