//! Setters for what runs: name, command, environment, user, labels, runtime, end.

use std::time::Duration;

use bollard::models::{HostConfigLogConfig, RestartPolicy as EngineRestartPolicy, RestartPolicyNameEnum};

use super::{ContainerRequest, HealthCheck, Runtime, texts};

/// What the engine does when the container ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestartPolicy {
    /// It stays ended.
    No,
    /// It is started again.
    Always,
    /// It is started again unless somebody stopped it.
    UnlessStopped,
    /// It is started again after an exit code that is not 0, at most so many times; 0 is without end.
    OnFailure(u32),
}

impl ContainerRequest {
    /// The container's name: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, at most 128 characters. Default: the test's or thread's
    /// name and a random end.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The command, in place of the image's. Default: the image's.
    pub fn cmd<T: Into<String>>(mut self, cmd: impl IntoIterator<Item = T>) -> Self {
        self.body.cmd = Some(texts(cmd));
        self
    }

    /// The entry point, in place of the image's. Default: the image's.
    pub fn entrypoint<T: Into<String>>(mut self, entrypoint: impl IntoIterator<Item = T>) -> Self {
        self.body.entrypoint = Some(texts(entrypoint));
        self
    }

    /// One variable of the environment; a later call for the same name wins. Default: the image's environment, and
    /// `SEATRIAL_TEST_NAME`.
    pub fn env(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        let env = self.body.env.get_or_insert_default();
        env.retain(|pair| pair.split('=').next() != Some(name));
        env.push(format!("{name}={}", value.as_ref()));
        self
    }

    /// The working directory. Default: the image's.
    pub fn working_dir(mut self, dir: impl Into<String>) -> Self {
        self.body.working_dir = Some(dir.into());
        self
    }

    /// The user: `name`, `uid`, `name:group`, `uid:gid`. Default: the image's.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.body.user = Some(user.into());
        self
    }

    /// The host name inside. Default: the engine's choice, the short id.
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.body.hostname = Some(hostname.into());
        self
    }

    /// One label. Keys that begin with `org.testcontainers` or `seatrial.` are refused at the start. Default: the
    /// session's labels.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Gives the container a terminal: its output is one raw stream. Default: none.
    pub fn tty(mut self) -> Self {
        self.body.tty = Some(true);
        self
    }

    /// Keeps the container's standard input open. Default: closed.
    pub fn open_stdin(mut self) -> Self {
        self.body.open_stdin = Some(true);
        self
    }

    /// Opens the container's standard input until the first who is attached to it closes it.
    pub(crate) fn stdin_once(mut self) -> Self {
        self.body.attach_stdin = Some(true);
        self.body.stdin_once = Some(true);
        self.open_stdin()
    }

    /// The platform, `linux/arm64` for example. Default: the engine's.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// The runtime below the engine, `runsc` for example. Default: `SEATRIAL_RUNTIME`, else the engine's default.
    pub fn runtime(mut self, runtime: impl Into<String>) -> Self {
        self.runtime = Runtime::Named(runtime.into());
        self
    }

    /// Insists on the engine's native runtime, whatever `SEATRIAL_RUNTIME` says: `SEATRIAL_NATIVE_RUNTIME`, else `runc`.
    pub fn native_runtime(mut self) -> Self {
        self.runtime = Runtime::Native;
        self
    }

    /// Runs a small init as the first process, which reaps what others leave. Default: none.
    pub fn init(mut self) -> Self {
        self.host.init = Some(true);
        self
    }

    /// The signal that a stop sends, `SIGINT` for example. Default: the image's, else `SIGTERM`.
    pub fn stop_signal(mut self, signal: impl Into<String>) -> Self {
        self.body.stop_signal = Some(signal.into());
        self
    }

    /// How long a stop waits before it kills; whole seconds, rounded up. Default: the engine's, 10 s.
    pub fn stop_timeout(mut self, grace: Duration) -> Self {
        self.body.stop_timeout = Some(grace.as_millis().div_ceil(1000).try_into().unwrap_or(i64::MAX));
        self
    }

    /// What the engine does when the container ends. Default: nothing.
    pub fn restart_policy(mut self, policy: RestartPolicy) -> Self {
        let (name, count) = match policy {
            RestartPolicy::No => (RestartPolicyNameEnum::NO, None),
            RestartPolicy::Always => (RestartPolicyNameEnum::ALWAYS, None),
            RestartPolicy::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
            RestartPolicy::OnFailure(count) => (RestartPolicyNameEnum::ON_FAILURE, Some(count.into())),
        };
        self.host.restart_policy = Some(EngineRestartPolicy { name: Some(name), maximum_retry_count: count });
        self
    }

    /// Has the engine remove the container as soon as it ends, logs included. Default: it stays until its handle goes.
    pub fn auto_remove(mut self) -> Self {
        self.host.auto_remove = Some(true);
        self
    }

    /// A health check, in place of the image's. Default: the image's.
    pub fn health_check(mut self, check: HealthCheck) -> Self {
        self.body.healthcheck = Some(check.into_config());
        self
    }

    /// The log driver with its options. Default: `local`, blocking, 20 MiB per file in 5 files, so that logs can be
    /// read back, no line is dropped, and no container fills the disk.
    pub fn log_driver<K: Into<String>, V: Into<String>>(
        mut self,
        driver: impl Into<String>,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let options = options.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self.host.log_config = Some(HostConfigLogConfig { typ: Some(driver.into()), config: Some(options) });
        self
    }
}
