//! Calls for execs: commands in a running container.

use std::sync::atomic::Ordering;

use bollard::errors::Error as Theirs;
use bollard::models::ExecConfig;
use hyper::Method;
use serde_json::json;

use super::client::{CallError, Engine};
use super::dialect::Answer;
use super::path::ApiPath;
use super::target::Target;
use super::transport::{TransportError, Upgraded};
use crate::words::{Error, Kind, Result};

/// The parameters of a new exec.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExecRequest {
    pub(crate) cmd: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) working_dir: Option<String>,
    pub(crate) privileged: bool,
    pub(crate) tty: bool,
    /// The columns and rows of its terminal.
    pub(crate) size: Option<(u16, u16)>,
    /// `true` to attach the standard input.
    pub(crate) stdin: bool,
}

/// The state of an exec, as the engine reports it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExecState {
    pub(crate) running: bool,
    pub(crate) exit_code: Option<i64>,
    /// The pid of its first process on the engine's machine, while it runs.
    pub(crate) pid: Option<u32>,
    /// Set if the engine never created a process for it.
    pub(crate) never_ran: bool,
}

impl ExecState {
    /// Returns the exit code if the command has ended.
    pub(crate) fn ended(&self) -> Option<i64> {
        self.exit_code.filter(|_| !self.running)
    }
}

impl Engine {
    /// Returns `true` if an exec with all privileges was refused before, as by an engine that lacks some itself.
    pub(crate) fn refuses_privileges(&self) -> bool {
        self.0.refuses_privileges.load(Ordering::Relaxed)
    }

    /// Records that an exec with all privileges was refused.
    pub(crate) fn mark_privileges_refused(&self) {
        self.0.refuses_privileges.store(true, Ordering::Relaxed);
    }
}

impl Target {
    pub(crate) async fn create_exec(&self, request: ExecRequest) -> Result<String> {
        let operation = self.operation("prepare a command");
        let config = ExecConfig {
            attach_stdin: Some(request.stdin),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(request.tty),
            privileged: Some(request.privileged),
            cmd: Some(request.cmd),
            env: Some(request.env),
            user: request.user,
            working_dir: request.working_dir,
            ..Default::default()
        };
        let (docker, id) = (self.engine.docker(), self.id.to_string());
        let created = async move {
            match docker.create_exec(&id, config).await {
                Err(Theirs::DockerResponseServerError { status_code: status, message })
                    if (Answer { status, message: &message }).is_unknown_user() =>
                {
                    Err(CallError::Ours(Error::new(Kind::NotStarted, message).with_status(status)))
                }
                answer => Ok(answer?.id),
            }
        };
        self.engine.call(operation, created).await
    }

    /// Starts an exec and returns its output stream, which is framed unless there is a terminal. The stream ends when
    /// the command has ended.
    pub(crate) async fn start_exec(
        &self,
        exec: &str,
        tty: bool,
        size: Option<(u16, u16)>,
    ) -> Result<Upgraded> {
        let operation = self.operation("start a command");
        let (transport, path) = (self.engine.transport(), format!("/exec/{exec}/start"));
        // Older engines reject unknown fields.
        let size = size.filter(|_| self.engine.version().api >= (1, 42));
        self.engine
            .call(operation, async move {
                let mut body = json!({"Detach": false, "Tty": tty});
                if let Some((columns, rows)) = size {
                    body["ConsoleSize"] = json!([rows, columns]);
                }
                match transport.upgrade(&path, Some(&body)).await {
                    // Some engines report a failed start here, others in the command's output.
                    Err(TransportError::Status { status: status @ (400 | 500..), message }) => {
                        Err(CallError::Ours(Error::new(Kind::NotStarted, message).with_status(status)))
                    }
                    other => Ok(other?),
                }
            })
            .await
    }

    pub(crate) async fn inspect_exec(&self, exec: &str) -> Result<ExecState> {
        let operation = self.operation("inspect a command");
        let (transport, path) = (self.engine.transport(), format!("/exec/{exec}/json"));
        let keeps_pid = self.engine.dialect().keeps_pids_of_commands();
        self.engine
            .call(operation, async move {
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

    /// Resizes a command's terminal.
    pub(crate) async fn resize_exec(&self, exec: &str, columns: u16, rows: u16) -> Result<()> {
        let operation = self.operation("resize a terminal");
        let path = ApiPath::new(format!("/exec/{exec}/resize")).with("h", rows).with("w", columns);
        let transport = self.engine.transport();
        self.engine
            .call(
                operation,
                async move { Ok(transport.request(Method::POST, path.as_str()).await.map(drop)?) },
            )
            .await
    }
}
