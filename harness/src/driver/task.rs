//! A task as data: what is to run, with which limits, and where its output goes. It runs nothing.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::sync::broadcast;

use crate::container::ContainerRequest;
use crate::engine::ExecRequest;
use crate::monitor::Stats;
use crate::words::Error;

/// Where a stream of output goes.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Where samples of what a task uses go: [`Task::stats_to`].
pub type StatsSink = broadcast::Sender<Stats>;

/// A command that runs to its end: for a [`Driver`](super::Driver).
///
/// Its fields are for who writes a driver; who describes a task has the setters.
///
/// ```
/// use std::time::Duration;
/// use seatrial::driver::Task;
///
/// let task = Task::new("sort", "seatrial/basic:dev")
///     .command(["sort"])
///     .stdin("b\na\n")
///     .timeout(Duration::from_secs(5))
///     .memory(64 << 20)
///     .stdout(Box::new(Vec::new()));
/// ```
#[non_exhaustive]
#[must_use = "a task does nothing until a driver has it"]
pub struct Task {
    /// What it is called, in errors and labels.
    pub id: String,
    /// The image; empty for that of the pool that it runs in.
    pub image: String,
    /// The command; empty for the image's.
    pub command: Vec<String>,
    /// Variables with their values, beside the image's.
    pub env: Vec<(String, String)>,
    /// What it reads from standard input; none if it has nothing to read.
    pub stdin: Option<Bytes>,
    /// How long it may run, from its start; zero for as long as it likes.
    pub timeout: Duration,
    /// The most memory, swap included, in bytes; none for no limit.
    pub memory: Option<u64>,
    /// The most CPU, in thousandths of a core; none for no limit.
    pub milli_cpus: Option<u32>,
    /// What is mounted.
    pub volumes: Vec<Mount>,
    /// The working directory; none for the image's.
    pub working_dir: Option<String>,
    /// Where standard output goes; none for nowhere.
    pub stdout: Option<Writer>,
    /// Where standard error goes; none for nowhere.
    pub stderr: Option<Writer>,
    /// Where samples of what it uses go; none for nowhere.
    pub stats: Option<StatsSink>,
    /// How long a writer may take for one piece of output, 32 KiB at most, before it is given up.
    pub patience: Duration,
}

/// A volume, or a directory of the engine's machine, in a task's container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mount {
    /// The name of a volume; or an absolute path on the engine's machine.
    pub source: String,
    /// Where it is in the container.
    pub target: String,
    /// Whether it can only be read.
    pub read_only: bool,
}

impl Task {
    /// A task of this name in this image, with the image's own command, no limits, and its output thrown away.
    pub fn new(id: impl Into<String>, image: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            image: image.into(),
            command: Vec::new(),
            env: Vec::new(),
            stdin: None,
            timeout: Duration::ZERO,
            memory: None,
            milli_cpus: None,
            volumes: Vec::new(),
            working_dir: None,
            stdout: None,
            stderr: None,
            stats: None,
            patience: Duration::from_secs(30),
        }
    }

    /// The command, run as it is, without a shell. Default: the image's; a pool's container has none.
    pub fn command<T: Into<String>>(mut self, command: impl IntoIterator<Item = T>) -> Self {
        self.command = command.into_iter().map(Into::into).collect();
        self
    }

    /// One variable of the environment; a later one of the same name wins. Default: the image's environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// What it reads from standard input. Default: nothing, so that it is at the end at once.
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// How long it may run, from its start on; zero for as long as it likes. Default: zero.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The most memory, swap included, in bytes. Default: no limit.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// The most CPU, in thousandths of a core. Default: no limit.
    pub fn milli_cpus(mut self, milli: u32) -> Self {
        self.milli_cpus = Some(milli);
        self
    }

    /// Mounts a volume by its name, or a directory of the engine's machine by its absolute path. Default: nothing.
    pub fn volume(self, source: impl Into<String>, target: impl Into<String>) -> Self {
        self.mount(source.into(), target.into(), false)
    }

    /// As [`volume`](Self::volume), to read only.
    pub fn volume_read_only(self, source: impl Into<String>, target: impl Into<String>) -> Self {
        self.mount(source.into(), target.into(), true)
    }

    /// The working directory. Default: the image's.
    pub fn working_dir(mut self, dir: impl Into<String>) -> Self {
        self.working_dir = Some(dir.into());
        self
    }

    /// Where standard output goes. Default: nowhere.
    ///
    /// It is written to on the task that awaits the [`Wait`](super::Wait). A slow writer holds the task back as a
    /// pipe does. One that fails, or does not take a piece within the task's [`patience`](Self::patience), is given up:
    /// the rest is thrown away, the task goes on, and its result says so.
    pub fn stdout(mut self, writer: Writer) -> Self {
        self.stdout = Some(writer);
        self
    }

    /// As [`stdout`](Self::stdout), for standard error. Default: nowhere.
    pub fn stderr(mut self, writer: Writer) -> Self {
        self.stderr = Some(writer);
        self
    }

    /// Where samples of what its container uses go while it runs, about one per second. Default: nowhere.
    ///
    /// A receiver that is slow holds nothing back: it misses the oldest samples, and is told how many. The channel is
    /// closed when the task has ended, unless you have kept a clone of the sink. A short task may end before its first
    /// sample. In a pool, they are those of the leased container: its counters go on from the tasks before, and what
    /// else runs in it counts too.
    ///
    /// ```
    /// use seatrial::driver::Task;
    /// use tokio::sync::broadcast;
    ///
    /// let (sink, mut samples) = broadcast::channel(60);
    /// let task = Task::new("sort", "seatrial/basic:dev").stats_to(sink);
    /// # let _ = (task, samples.try_recv());
    /// ```
    pub fn stats_to(mut self, sink: StatsSink) -> Self {
        self.stats = Some(sink);
        self
    }

    /// How long a writer may take for one piece of output before it is given up; also how long output may wait for a
    /// [`Wait`](super::Wait) that nobody awaits. Default: 30 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn mount(mut self, source: String, target: String, read_only: bool) -> Self {
        self.volumes.push(Mount { source, target, read_only });
        self
    }

    /// How errors name it.
    pub(super) fn subject(&self) -> String {
        format!("task `{}`", self.id)
    }

    /// The same error, which names the task too.
    pub(super) fn named(&self, error: Error) -> Error {
        named(error, self.subject())
    }

    /// The container that it would have for itself.
    pub(super) fn request(&self) -> ContainerRequest {
        let mut request = ContainerRequest::new(&self.image);
        if !self.command.is_empty() {
            request = request.cmd(&self.command);
        }
        for (name, value) in &self.env {
            request = request.env(name, value);
        }
        if self.stdin.is_some() {
            request = request.stdin_once();
        }
        if let Some(bytes) = self.memory {
            request = request.memory(bytes).memory_swap(bytes);
        }
        if let Some(milli) = self.milli_cpus {
            request = request.milli_cpus(milli);
        }
        if let Some(dir) = &self.working_dir {
            request = request.working_dir(dir);
        }
        for Mount { source, target, read_only } in &self.volumes {
            request = match (source.starts_with('/'), read_only) {
                (true, false) => request.bind(source, target),
                (true, true) => request.bind_read_only(source, target),
                (false, false) => request.volume(source, target),
                (false, true) => request.volume_read_only(source, target),
            };
        }
        request
    }

    /// The command that it would be in a container that is there.
    pub(super) fn exec(&self) -> ExecRequest {
        ExecRequest {
            cmd: self.command.clone(),
            env: self.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            workdir: self.working_dir.clone(),
            stdin: self.stdin.is_some(),
            ..Default::default()
        }
    }
}

/// The same error, which names a task beside the container or image that it names already.
pub(super) fn named(error: Error, subject: String) -> Error {
    if error.subject().is_some() { error.with_part(subject) } else { error.with_subject(subject) }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("image", &self.image)
            .field("command", &self.command)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
