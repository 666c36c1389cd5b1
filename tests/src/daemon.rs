//! A Docker daemon of a test's own, beside all others, to be stopped and started again.
//!
//! It has a bridge of its own, which nothing is ever attached to: a daemon that is told to have no bridge begins by
//! deleting `docker0`, which may be that of the daemon beside it. For the same reason it makes no packet filter rules.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Engine;

/// The longest time that a daemon may take to answer, or to end.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(50);

/// A daemon with its data, sockets and logs in a folder that is deleted when this is dropped.
#[derive(Debug)]
pub struct Daemon {
    // The order matters: the bridge and the folder go after the daemon, which `drop` ends.
    process: Option<Process>,
    bridge: Bridge,
    folder: TempDir,
    arguments: Vec<String>,
}

/// A process that is told to end when this one has ended: by the kernel, which goes by the thread that spawned it.
#[derive(Debug)]
struct Process {
    child: Child,
    _parent: Sender<()>,
}

impl Process {
    /// Spawns from a thread that stays for as long as this does; the caller's may go any time.
    fn spawn(mut command: Command) -> io::Result<Self> {
        let (report, spawned) = mpsc::channel();
        let (parent, gone) = mpsc::channel();
        thread::spawn(move || {
            report.send(command.spawn()).ok();
            gone.recv().ok();
        });
        let child = spawned.recv().map_err(io::Error::other)??;
        Ok(Self { child, _parent: parent })
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_some())
    }
}

/// A bridge, deleted when dropped.
#[derive(Debug)]
struct Bridge(String);

impl Bridge {
    /// Makes one whose name and addresses are this process's, and no other daemon's in it.
    fn make() -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let bridge = Self(format!("st{}-{next}", std::process::id()));
        let id = std::process::id().wrapping_add(next);
        ip(&["link", "add", "name", &bridge.0, "type", "bridge"])?;
        let address = format!("10.{}.{}.1/24", 251 + id / 256 % 4, id % 256);
        ip(&["address", "add", &address, "dev", &bridge.0])?;
        ip(&["link", "set", &bridge.0, "up"])?;
        Ok(bridge)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Err(error) = ip(&["link", "delete", &self.0]) {
            eprintln!("{error}");
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    match Command::new("ip").args(arguments).output() {
        Ok(output) if output.status.success() => Ok(()),
        other => Err(format!("`ip {}`: {other:?}", arguments.join(" "))),
    }
}

impl Daemon {
    /// Starts a daemon; none, with the reason on stderr, where that can't be done.
    ///
    /// # Panics
    /// If it does not answer in time, with its log.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_as(&json!({}), Vec::new())
    }

    /// Starts a daemon as [`start`](Self::start) does, with more arguments.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with(arguments: Vec<String>) -> Option<Self> {
        Self::start_as(&json!({}), arguments)
    }

    /// Starts a daemon as [`start`](Self::start) does, with a configuration.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_configured(config: &Value) -> Option<Self> {
        Self::start_as(config, Vec::new())
    }

    fn start_as(config: &Value, arguments: Vec<String>) -> Option<Self> {
        for (program, argument) in [("dockerd", "--version"), ("setpriv", "--version")] {
            if Command::new(program).arg(argument).stdout(Stdio::null()).status().is_err() {
                eprintln!("skipped: a daemon of our own needs the program `{program}`");
                return None;
            }
        }
        let bridge = match Bridge::make() {
            Ok(bridge) => bridge,
            Err(error) => {
                eprintln!("skipped: a daemon of our own needs root, and a bridge: {error}");
                return None;
            }
        };
        // Short, since a socket's path may have 107 bytes and the daemon nests its own deep.
        let folder = tempfile::Builder::new().prefix("daemon-").tempdir_in("/tmp").expect("a folder");
        fs::write(folder.path().join("daemon.json"), config.to_string()).expect("a configuration of its own");
        let mut daemon = Self { process: None, bridge, folder, arguments };
        daemon.begin();
        Some(daemon)
    }

    /// Starts the daemon again, with what it had.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn begin(&mut self) {
        let path = |name: &str| self.folder.path().join(name);
        let name = self.folder.path().file_name().and_then(|name| name.to_str()).expect("unicode").to_owned();
        let log = File::options().create(true).append(true).open(path("log")).expect("a log");
        // Should this process be killed, the daemon ends too.
        let mut command = Command::new("setpriv");
        command
            .args([
                "--pdeathsig",
                "TERM",
                "dockerd",
                "--iptables=false",
                "--ip-forward=false",
                "--ip-masq=false",
            ])
            .args(["--bridge", &self.bridge.0])
            // Works on every file system; the one image is small.
            .arg("--storage-driver=vfs")
            .arg("--config-file")
            .arg(path("daemon.json"))
            .arg("--data-root")
            .arg(path("data"))
            .arg("--exec-root")
            .arg(path("exec"))
            .arg("--pidfile")
            .arg(path("pid"))
            .arg("--host")
            .arg(format!("unix://{}", self.socket().display()))
            .args([
                "--containerd-namespace",
                &name,
                "--containerd-plugins-namespace",
                &format!("{name}-plugins"),
            ])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log);
        self.process = Some(Process::spawn(command).expect("dockerd starts"));
        self.until("answers", |daemon| daemon.engine().get("/info").is_ok());
    }

    /// Stops the daemon as a system does, and waits for its end.
    ///
    /// # Panics
    /// If it does not end in time, with its log.
    pub fn stop(&mut self) {
        let Some(process) = &mut self.process else { return };
        signal(process.child.id(), libc::SIGTERM);
        self.until("ends", |daemon| daemon.process.as_mut().is_none_or(Process::has_ended));
        self.process = None;
    }

    /// Returns the socket's path.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Returns the folder in which the daemon keeps a container.
    #[must_use]
    pub fn folder_of(&self, container: &str) -> PathBuf {
        self.folder.path().join("data/containers").join(container)
    }

    /// Returns the daemon as an engine to ask.
    #[must_use]
    pub fn engine(&self) -> Engine {
        Engine::at(self.socket())
    }

    /// Gives it an image of the engine that the tests use.
    ///
    /// # Panics
    /// If that engine has none, or this one does not take it.
    pub fn load(&self, image: &str) {
        let archive = Engine::from_env().request("GET", &format!("/images/{image}/get"), None);
        let archive = archive.expect("the engine answers");
        assert_eq!(archive.status, 200, "{image}");
        let mut stream = UnixStream::connect(self.socket()).expect("the daemon listens");
        let head = format!(
            "POST /images/load HTTP/1.0\r\nHost: engine\r\nContent-Type: application/x-tar\r\nContent-Length: {}\r\n\r\n",
            archive.body.len()
        );
        stream.write_all(head.as_bytes()).expect("the daemon reads");
        stream.write_all(&archive.body).expect("the daemon reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the daemon answers");
        assert!(answer.starts_with("HTTP/1.0 200") && !answer.contains("error"), "{answer}");
    }

    fn until(&mut self, what: &str, condition: impl Fn(&mut Self) -> bool) {
        let start = Instant::now();
        while !condition(self) {
            if start.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("the daemon should be one that {what}; its log:\n{log}");
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            signal(process.child.id(), libc::SIGTERM);
            let start = Instant::now();
            while !process.has_ended() && start.elapsed() < PATIENCE {
                thread::sleep(POLL);
            }
            // It did not heed the signal, or has ended; nothing is left to be done about either.
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
        unmount_below(self.folder.path());
    }
}

/// Unmounts what a daemon has left mounted, so that its folder can be deleted.
fn unmount_below(folder: &Path) {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .filter(|point| Path::new(point).starts_with(folder));
    for point in points.collect::<Vec<_>>().into_iter().rev() {
        let _ = Command::new("umount").args(["--lazy", point]).status();
    }
}

#[expect(unsafe_code, reason = "the standard library sends no signal but SIGKILL")]
fn signal(process: u32, signal: i32) {
    // SAFETY: `kill` has no memory to go wrong with; the process is our child and was not waited for.
    unsafe { libc::kill(process.cast_signed(), signal) };
}
