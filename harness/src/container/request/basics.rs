//! Setters for the main process and its metadata: name, command, environment, user, labels, runtime, restart policy.

use std::time::Duration;

use bollard::models::{HostConfigLogConfig, RestartPolicy as EngineRestartPolicy, RestartPolicyNameEnum};

use super::{ContainerRequest, HealthCheck, Runtime, texts};

/// The engine's restart policy: its reaction when the container ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestartPolicy {
    /// Never restart.
    No,
    /// Always restart.
    Always,
    /// Restart unless the container was stopped.
    UnlessStopped,
    /// Restart after a non-zero exit code, at most this many times; 0 means no limit.
    OnFailure(u32),
}

impl ContainerRequest {
    /// Sets the container's name: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, 2 to 128 characters. Default: the name of the test or
    /// thread with a random suffix.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the command. Default: the image's.
    pub fn cmd<T: Into<String>>(mut self, cmd: impl IntoIterator<Item = T>) -> Self {
        self.body.cmd = Some(texts(cmd));
        self
    }

    /// Sets the entry point. Default: the image's.
    pub fn entrypoint<T: Into<String>>(mut self, entrypoint: impl IntoIterator<Item = T>) -> Self {
        self.body.entrypoint = Some(texts(entrypoint));
        self
    }

    /// Sets an environment variable. The last call for a name wins. Default: the image's environment, plus
    /// `SEATRIAL_TEST_NAME` and the proxies of Docker's `config.json`.
    pub fn env(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        let env = self.body.env.get_or_insert_default();
        env.retain(|pair| pair.split('=').next() != Some(name));
        env.push(format!("{name}={}", value.as_ref()));
        self
    }

    /// Sets whether the container gets the proxies that `proxies` in Docker's `config.json` lists, as `HTTP_PROXY`,
    /// `http_proxy` and so on. A variable set with [`env`](Self::env) takes precedence. Default: `true`, as with
    /// `docker run`.
    pub fn docker_proxies(mut self, wanted: bool) -> Self {
        self.has_docker_proxies = wanted;
        self
    }

    /// Sets the working directory. Default: the image's.
    pub fn working_dir(mut self, dir: impl Into<String>) -> Self {
        self.body.working_dir = Some(dir.into());
        self
    }

    /// Sets the user: `name`, `uid`, `name:group` or `uid:gid`. Default: the image's.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.body.user = Some(user.into());
        self
    }

    /// Sets the host name inside of the container. Default: chosen by the engine, the short container id.
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.body.hostname = Some(hostname.into());
        self
    }

    /// Adds a label. A key that begins with `org.testcontainers` or `seatrial.` fails the start. Default: only the
    /// labels of the session.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Allocates a terminal. Its output is then a single unframed stream. Default: no terminal.
    pub fn tty(mut self) -> Self {
        self.body.tty = Some(true);
        self
    }

    /// Keeps the container's standard input open. Default: closed.
    pub fn open_stdin(mut self) -> Self {
        self.body.open_stdin = Some(true);
        self
    }

    /// Opens the container's standard input until the first attached client closes it.
    pub(crate) fn stdin_once(mut self) -> Self {
        self.body.attach_stdin = Some(true);
        self.body.stdin_once = Some(true);
        self.open_stdin()
    }

    /// Sets the platform, for example `linux/arm64`. Default: the engine's.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Sets the OCI runtime, for example `runsc`. Default: `SEATRIAL_RUNTIME`, else the engine's default.
    pub fn runtime(mut self, runtime: impl Into<String>) -> Self {
        self.runtime = Runtime::Named(runtime.into());
        self
    }

    /// Selects a variant of the runtime in force by a suffix to its name: with `-d`, `runsc` becomes `runsc-d`.
    /// Default: no suffix.
    ///
    /// The runtime in force is the request's own, else that of `SEATRIAL_RUNTIME`, else the engine's native one. So a
    /// test can use a debugging variant of any runtime that it is run with. The suffix has no effect together with
    /// [`native_runtime`](Self::native_runtime).
    pub fn runtime_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.runtime_suffix = Some(suffix.into());
        self
    }

    /// Uses the engine's native runtime, regardless of `SEATRIAL_RUNTIME`: the one in `SEATRIAL_NATIVE_RUNTIME`, else
    /// `runc`.
    pub fn native_runtime(mut self) -> Self {
        self.runtime = Runtime::Native;
        self
    }

    /// Runs an init process as PID 1, which reaps orphaned processes. Default: none.
    pub fn init(mut self) -> Self {
        self.host.init = Some(true);
        self
    }

    /// Sets the signal that a stop sends, for example `SIGINT`. Default: the image's, else `SIGTERM`.
    pub fn stop_signal(mut self, signal: impl Into<String>) -> Self {
        self.body.stop_signal = Some(signal.into());
        self
    }

    /// Sets the time between the stop signal and SIGKILL, in whole seconds, rounded up. Default: the engine's, 10 s.
    pub fn stop_timeout(mut self, grace: Duration) -> Self {
        self.body.stop_timeout = Some(grace.as_millis().div_ceil(1000).try_into().unwrap_or(i64::MAX));
        self
    }

    /// Sets the engine's restart policy. Default: [`RestartPolicy::No`].
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

    /// Lets the engine remove the container, including its log, as soon as it ends. Default: it is removed with its
    /// handle.
    ///
    /// A container that may be kept ([`keep`](Self::keep), `SEATRIAL_KEEP`) is removed with its handle all the same, since
    /// the engine would remove what is to stay. [`TestContainer::keep`](crate::TestContainer::keep) keeps other
    /// containers only until they end.
    pub fn auto_remove(mut self) -> Self {
        self.host.auto_remove = Some(true);
        self
    }

    /// Sets the health check. Default: the image's.
    pub fn health_check(mut self, check: HealthCheck) -> Self {
        self.body.healthcheck = Some(check.into_config());
        self
    }

    /// Sets the log driver and its options. Default: `local`, blocking, 5 files of 20 MiB, so that the log can be read,
    /// no line is dropped, and the disk can't fill up.
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
