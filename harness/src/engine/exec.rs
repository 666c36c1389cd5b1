//! Calls that run a command in a running container.

use std::sync::atomic::Ordering;

use bollard::models::ExecConfig;
use hyper::Method;
use serde_json::json;

use super::client::{CallError, Engine};
use super::path::ApiPath;
use super::target::Target;
use super::transport::{TransportError, Upgraded};
use super::version::EngineKind;
use crate::words::{Error, Kind, Result};

/// What an exec is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExecRequest {
    pub(crate) cmd: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) workdir: Option<String>,
    pub(crate) privileged: bool,
    pub(crate) tty: bool,
    /// Columns and rows of its terminal.
    pub(crate) size: Option<(u16, u16)>,
    /// Whether there is something to be written to it.
    pub(crate) stdin: bool,
}

/// What the engine says of an exec.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExecState {
    pub(crate) running: bool,
    pub(crate) exit_code: Option<i64>,
    /// Its first process on the engine's machine, while it runs.
    pub(crate) pid: Option<u32>,
    /// The engine made no process of it.
    pub(crate) never_ran: bool,
}

impl ExecState {
    /// The exit code, once it has ended.
    pub(crate) fn ended(&self) -> Option<i64> {
        self.exit_code.filter(|_| !self.running)
    }
}

impl Engine {
    /// Whether it is known that a command can't be given all privileges: the engine may itself lack some.
    pub(crate) fn refuses_privileges(&self) -> bool {
        self.0.refuses_privileges.load(Ordering::Relaxed)
    }

    /// Keeps in mind that a command can't be given all privileges.
    pub(crate) fn has_refused_privileges(&self) {
        self.0.refuses_privileges.store(true, Ordering::Relaxed);
    }
}

impl Target {
    pub(crate) async fn create_exec(&self, request: ExecRequest) -> Result<String> {
        let what = self.what("prepare a command");
        let config = ExecConfig {
            attach_stdin: Some(request.stdin),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(request.tty),
            privileged: Some(request.privileged),
            cmd: Some(request.cmd),
            env: Some(request.env),
            user: request.user,
            working_dir: request.workdir,
            ..Default::default()
        };
        let (docker, id) = (self.engine.docker(), self.id.to_string());
        self.engine.call(what, async move { Ok(docker.create_exec(&id, config).await?.id) }).await
    }

    /// Starts a prepared command and returns its output, framed unless it has a terminal; the stream's end is the
    /// command's end.
    pub(crate) async fn start_exec(
        &self,
        exec: &str,
        tty: bool,
        size: Option<(u16, u16)>,
    ) -> Result<Upgraded> {
        let what = self.what("start a command");
        let (transport, path) = (self.engine.transport(), format!("/exec/{exec}/start"));
        // Older engines refuse what they don't know.
        let size = size.filter(|_| self.engine.version().api >= (1, 42));
        self.engine
            .call(what, async move {
                let mut body = json!({"Detach": false, "Tty": tty});
                if let Some((columns, rows)) = size {
                    body["ConsoleSize"] = json!([rows, columns]);
                }
                match transport.upgrade(&path, Some(&body)).await {
                    // Some engines say it here, others where the command's output would be.
                    Err(TransportError::Status { status: status @ (400 | 500..), message }) => {
                        Err(CallError::Ours(Error::new(Kind::NotStarted, message).with_status(status)))
                    }
                    other => Ok(other?),
                }
            })
            .await
    }

    pub(crate) async fn inspect_exec(&self, exec: &str) -> Result<ExecState> {
        let what = self.what("ask for a command's exit code");
        let (transport, path) = (self.engine.transport(), format!("/exec/{exec}/json"));
        // Podman forgets the process id of what has ended, and refuses at the start what can't be started.
        let keeps_pid = self.engine.version().kind == EngineKind::Docker;
        self.engine
            .call(what, async move {
                let answer = transport.get_json(&path).await?;
                let pid = answer["Pid"].as_u64();
                Ok(ExecState {
                    running: answer["Running"].as_bool().unwrap_or(false),
                    exit_code: answer["ExitCode"].as_i64(),
                    pid: pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0),
                    never_ran: keeps_pid && pid == Some(0),
                })
            })
            .await
    }

    /// Gives a command's terminal another size.
    pub(crate) async fn resize_exec(&self, exec: &str, columns: u16, rows: u16) -> Result<()> {
        let what = self.what("resize a terminal");
        let path = ApiPath::new(format!("/exec/{exec}/resize")).with("h", rows).with("w", columns);
        let transport = self.engine.transport();
        self.engine
            .call(what, async move { Ok(transport.request(Method::POST, path.as_str()).await.map(drop)?) })
            .await
    }
}
