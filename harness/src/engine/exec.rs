//! Calls that run a command in a running container.

use bollard::models::ExecConfig;
use serde_json::json;

use super::client::Engine;
use super::transport::Upgraded;
use super::version::EngineKind;
use crate::container::ContainerId;
use crate::error::Result;

/// What an exec is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExecRequest {
    pub(crate) cmd: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) workdir: Option<String>,
}

/// How an exec ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExecEnd {
    pub(crate) running: bool,
    pub(crate) exit_code: Option<i64>,
    /// The engine made no process of it.
    pub(crate) never_ran: bool,
}

impl Engine {
    pub(crate) async fn create_exec(
        &self,
        id: &ContainerId,
        name: &str,
        request: ExecRequest,
    ) -> Result<String> {
        let what = self.what("prepare a command", format!("container `{name}`"));
        let config = ExecConfig {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(request.cmd),
            env: Some(request.env),
            user: request.user,
            working_dir: request.workdir,
            ..Default::default()
        };
        let (docker, id) = (self.docker(), id.to_string());
        self.call(what, async move { Ok(docker.create_exec(&id, config).await?.id) }).await
    }

    /// Starts a prepared command and returns its framed output; the stream's end is the command's end.
    pub(crate) async fn start_exec(&self, exec: &str, name: &str) -> Result<Upgraded> {
        let what = self.what("start a command", format!("container `{name}`"));
        let (transport, path) = (self.transport(), format!("/exec/{exec}/start"));
        self.call(what, async move {
            let body = json!({"Detach": false, "Tty": false});
            Ok(transport.upgrade(&path, Some(&body)).await?)
        })
        .await
    }

    pub(crate) async fn inspect_exec(&self, exec: &str, name: &str) -> Result<ExecEnd> {
        let what = self.what("ask for a command's exit code", format!("container `{name}`"));
        let (transport, path) = (self.transport(), format!("/exec/{exec}/json"));
        // Podman forgets the process id of what has ended, and refuses at the start what can't be started.
        let keeps_pid = self.version().kind == EngineKind::Docker;
        self.call(what, async move {
            let answer = transport.get_json(&path).await?;
            Ok(ExecEnd {
                running: answer["Running"].as_bool().unwrap_or(false),
                exit_code: answer["ExitCode"].as_i64(),
                never_ran: keeps_pid && answer["Pid"].as_u64() == Some(0),
            })
        })
        .await
    }
}
