//! A task as data: its command, its limits, and the writers of its output. It runs nothing.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::sync::broadcast;

use crate::container::ContainerRequest;
use crate::engine::ExecRequest;
use crate::monitor::Stats;
use crate::words::Error;

/// The writer of an output stream.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// The channel for samples of a task's resources: [`Task::stats_to`].
pub type StatsSink = broadcast::Sender<Stats>;

/// A command that a [`Driver`](super::Driver) runs to its end.
///
/// The fields are for implementations of drivers; callers use the setters.
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
#[must_use = "a task does nothing until a driver runs it"]
pub struct Task {
    /// The name, used in errors and labels.
    pub id: String,
    /// The image; empty for the image of the pool's containers.
    pub image: String,
    /// The command; empty for the image's.
    pub command: Vec<String>,
    /// The variables that are added to the image's environment, with their values.
    pub env: Vec<(String, String)>,
    /// The standard input; `None` for an empty one.
    pub stdin: Option<Bytes>,
    /// The time limit, counted from the start; zero for no limit.
    pub timeout: Duration,
    /// The limit of memory, swap included, in bytes; `None` for no limit.
    pub memory: Option<u64>,
    /// The limit of CPU, in thousandths of a core; `None` for no limit.
    pub milli_cpus: Option<u32>,
    /// The volumes and directories that are mounted.
    pub volumes: Vec<Mount>,
    /// The working directory; `None` for the image's.
    pub working_dir: Option<String>,
    /// The writer of standard output; `None` drops it.
    pub stdout: Option<Writer>,
    /// The writer of standard error; `None` drops it.
    pub stderr: Option<Writer>,
    /// The channel for samples of the task's resources; `None` for no samples.
    pub stats: Option<StatsSink>,
    /// The time limit of a writer for one piece of output, 32 KiB at most, after which it is given up.
    pub writer_timeout: Duration,
}

/// A volume, or a directory of the engine's machine, in a task's container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mount {
    /// The name of a volume, or an absolute path on the engine's machine.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// `true` if the mount is read-only.
    pub read_only: bool,
}

impl Task {
    /// Creates a task of this name in this image, with the image's own command, no limits, and its output dropped.
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
            writer_timeout: Duration::from_secs(30),
        }
    }

    /// Sets the command, whose words are passed as they are, without a shell. Default: the image's; in a pool there is
    /// none.
    pub fn command<T: Into<String>>(mut self, command: impl IntoIterator<Item = T>) -> Self {
        self.command = command.into_iter().map(Into::into).collect();
        self
    }

    /// Sets a variable of the environment; a later one of the same name wins. Default: the image's environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Sets the bytes of the standard input. Default: none, so that the task reads an end at once.
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Limits the task's time, counted from its start; zero stands for no limit. Default: zero.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Limits memory, swap included, in bytes. Default: no limit.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Limits CPU, in thousandths of a core. Default: no limit.
    pub fn milli_cpus(mut self, milli: u32) -> Self {
        self.milli_cpus = Some(milli);
        self
    }

    /// Mounts a volume by its name, or a directory of the engine's machine by its absolute path. Default: no mounts.
    pub fn volume(self, source: impl Into<String>, target: impl Into<String>) -> Self {
        self.mount(source.into(), target.into(), false)
    }

    /// Does the same as [`volume`](Self::volume), read-only.
    pub fn volume_read_only(self, source: impl Into<String>, target: impl Into<String>) -> Self {
        self.mount(source.into(), target.into(), true)
    }

    /// Sets the working directory. Default: the image's.
    pub fn working_dir(mut self, dir: impl Into<String>) -> Self {
        self.working_dir = Some(dir.into());
        self
    }

    /// Writes the standard output to a writer. Default: it is dropped.
    ///
    /// It is written on the task that awaits the [`Completion`](super::Completion). A slow writer holds the task back, as
    /// a pipe does. A writer that fails, or exceeds the [`writer_timeout`](Self::writer_timeout), is given up: the rest
    /// of the output is dropped, the task goes on, and its result has the error.
    pub fn stdout(mut self, writer: Writer) -> Self {
        self.stdout = Some(writer);
        self
    }

    /// Does the same as [`stdout`](Self::stdout) for standard error. Default: it is dropped.
    pub fn stderr(mut self, writer: Writer) -> Self {
        self.stderr = Some(writer);
        self
    }

    /// Sends samples of the resources that the task's container uses while it runs, about one per second. Default: none.
    ///
    /// A slow receiver holds nothing back: it misses the oldest samples, and is told their number. The channel is closed
    /// when the task has ended, unless you keep a clone of the sink. A short task may end before its first sample. In a
    /// pool, the samples are those of the leased container: its counters go on from earlier tasks, and include other
    /// commands in it.
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

    /// Limits the time of a writer for one piece of output, after which it is given up. It also limits the time that
    /// output waits for a [`Completion`](super::Completion) that is not awaited. Default: 30 s.
    pub fn writer_timeout(mut self, writer_timeout: Duration) -> Self {
        self.writer_timeout = writer_timeout;
        self
    }

    fn mount(mut self, source: String, target: String, read_only: bool) -> Self {
        self.volumes.push(Mount { source, target, read_only });
        self
    }

    /// Returns the name that errors have for it.
    pub(super) fn subject(&self) -> String {
        format!("task `{}`", self.id)
    }

    /// Adds the task's name to an error.
    pub(super) fn named(&self, error: Error) -> Error {
        named(error, self.subject())
    }

    /// Returns the request for a container of the task's own.
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

    /// Returns the task as a command in an existing container.
    pub(super) fn exec(&self) -> ExecRequest {
        ExecRequest {
            cmd: self.command.clone(),
            env: self.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            working_dir: self.working_dir.clone(),
            stdin: self.stdin.is_some(),
            ..Default::default()
        }
    }
}

/// Adds a task's name to an error that may name a container or image already.
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
