//! Calls for a container's life cycle. All but the creation take full ids.

use std::time::Duration;

use bollard::models::{ContainerCreateBody, ContainerUpdateBody};
use bollard::query_parameters::{CreateContainerOptions, RemoveContainerOptions, RestartContainerOptions};
use hyper::body::Incoming;
use hyper::{Method, Response, StatusCode};
use serde_json::Value;

use super::client::{CallError, Engine, Operation};
use super::dialect::Answer;
use super::info::ContainerInfo;
use super::path::ApiPath;
use super::target::Target;
use super::transport::{Transport, TransportError};
use crate::base::Run;
use crate::words::{ContainerId, Result};

/// The effect of a call on a container. An unchanged state is a value and not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The call changed the state.
    Made,
    /// The container was in that state already.
    AlreadySo,
}

impl Engine {
    /// Creates a container and returns its id. Dropping the future does not cancel the call: the caller has to own the
    /// result.
    pub(crate) async fn create_container(
        &self,
        name: String,
        platform: String,
        mut body: ContainerCreateBody,
    ) -> Result<ContainerId> {
        let docker = self.docker();
        body.stop_timeout = body.stop_timeout.or(self.dialect().stop_timeout());
        let operation = self.patient("create", format!("container `{name}`"));
        let call = self.clone().patiently(operation.clone(), async move {
            let options = CreateContainerOptions { name: Some(name), platform };
            let created = docker.create_container(Some(options), body).await?;
            for warning in &created.warnings {
                tracing::warn!(id = %created.id, "the engine warns: {warning}");
            }
            Ok(ContainerId::new(created.id)?)
        });
        self.call_in_turn(operation.with_probe(), call).await
    }
}

impl Target {
    /// Creates the description of a call that may last until a container has ended. Without `grace`, the engine's
    /// default stop timeout of 10 s is assumed.
    fn operation_until_end(&self, grace: Option<Duration>, phase: &'static str) -> Operation {
        let operation = self.operation(phase);
        Operation { deadline: operation.deadline + grace.unwrap_or(Duration::from_secs(10)), ..operation }
    }

    /// Starts a container. Counts against the limits of concurrent starts.
    pub(crate) async fn start(&self) -> Result<Change> {
        let operation = self.engine.patient("start", format!("container `{}`", self.name));
        let call = post(self.engine.transport(), format!("/containers/{}/start", self.id), |_| false);
        let call = self.engine.clone().patiently(operation.clone(), call);
        self.engine.call_in_host_turn(operation.with_probe(), call).await
    }

    pub(crate) async fn stop(&self, grace: Option<Duration>) -> Result<Change> {
        let operation = self.operation_until_end(grace, "stop");
        let path =
            ApiPath::new(format!("/containers/{}/stop", self.id)).with_some("t", grace.map(whole_seconds));
        let transport = self.engine.transport();
        let unpause = format!("/containers/{}/unpause", self.id);
        self.engine
            .call(operation, async move {
                match transport.request(Method::POST, path.as_str()).await {
                    // Podman does not stop a paused container.
                    Err(TransportError::Status { status, message })
                        if (Answer { status, message: &message }).is_paused_for_stop() =>
                    {
                        post(transport.clone(), unpause, |answer| answer.is_not_paused()).await?;
                        post(transport, path.as_str().to_owned(), |_| false).await
                    }
                    answer => change(answer, |_| false),
                }
            })
            .await
    }

    pub(crate) async fn kill(&self, signal: &str) -> Result<Change> {
        let operation = self.operation("kill");
        let path = ApiPath::new(format!("/containers/{}/kill", self.id)).with("signal", signal);
        let call = post(self.engine.transport(), path.as_str().to_owned(), |answer| answer.is_not_running());
        self.engine.call(operation, call).await
    }

    pub(crate) async fn pause(&self) -> Result<Change> {
        let operation = self.operation("pause");
        let path = format!("/containers/{}/pause", self.id);
        let call = post(self.engine.transport(), path, |answer| answer.is_already_paused());
        self.engine.call(operation, call).await
    }

    pub(crate) async fn unpause(&self) -> Result<Change> {
        let operation = self.operation("unpause");
        let path = format!("/containers/{}/unpause", self.id);
        let call = post(self.engine.transport(), path, |answer| answer.is_not_paused());
        self.engine.call(operation, call).await
    }

    pub(crate) async fn restart(&self, grace: Option<Duration>) -> Result<()> {
        let operation = self.operation_until_end(grace, "restart");
        let (docker, id) = (self.engine.docker(), self.id.to_string());
        let options = RestartContainerOptions { t: grace.map(whole_seconds), ..Default::default() };
        self.engine
            .call(operation, async move { Ok(docker.restart_container(&id, Some(options)).await?) })
            .await
    }

    pub(crate) async fn update(&self, limits: ContainerUpdateBody) -> Result<()> {
        let operation = self.operation("update the limits");
        let (docker, id) = (self.engine.docker(), self.id.to_string());
        self.engine.call(operation, async move { Ok(docker.update_container(&id, limits).await?) }).await
    }

    /// Removes a container, running or not, with its anonymous volumes. Counts against the limit of concurrent
    /// removals.
    pub(crate) fn remove(&self) -> Run<Result<()>> {
        let operation = self.operation("remove");
        let (docker, id) = (self.engine.docker(), self.id.to_string());
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        let stops = self.engine.dialect().stops_before_removal();
        let transport = self.engine.transport();
        self.engine.call_in_turn(operation, async move {
            // A failure is the removal's to report: the container may not run, or be gone.
            if stops
                && let Err(error) = transport.request(Method::POST, &format!("/containers/{id}/kill")).await
            {
                tracing::trace!(id, ?error, "not killed before the removal");
            }
            Ok(docker.remove_container(&id, Some(options)).await?)
        })
    }

    /// Returns the processes of a running container, each as pid and command. Empty if the engine can't see them.
    pub(crate) async fn processes(&self) -> Result<Vec<(String, String)>> {
        let operation = self.operation("list the processes");
        let (transport, path) = (self.engine.transport(), format!("/containers/{}/top", self.id));
        let listed = self
            .engine
            .call(operation, async move {
                // Podman 4.3 answers nothing if the container has no `ps`.
                let body = transport.get(&path).await?;
                let table = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
                Ok(processes(&table.map_err(TransportError::Json)?))
            })
            .await?;
        // Docker takes the pids in a sandbox for pids of its machine, and lists the processes that have these there.
        let is_seen = !self.engine.dialect().confuses_pids()
            || match self.inspect().await?.state.pid {
                Some(first) => listed.iter().any(|(pid, _)| *pid == first.to_string()),
                None => true,
            };
        Ok(if is_seen { listed } else { Vec::new() })
    }

    /// Returns the paths that a container has added, changed or removed in comparison with its image.
    pub(crate) async fn changes(&self) -> Result<Vec<String>> {
        let operation = self.operation("list the changed files");
        let (transport, path) = (self.engine.transport(), format!("/containers/{}/changes", self.id));
        self.engine
            .call(operation, async move {
                let changes = transport.get_json(&path).await?;
                let paths = changes.as_array().into_iter().flatten();
                Ok(paths.filter_map(|change| change["Path"].as_str().map(str::to_owned)).collect())
            })
            .await
    }

    /// Inspects the container. If it shares another container's network, that one is inspected too, for its ports and
    /// addresses.
    pub(crate) async fn inspect(&self) -> Result<ContainerInfo> {
        let mut info = self.inspect_one(self.id.as_str()).await?;
        if let Some(other) = info.shares_network_with() {
            // Without that container, there are no ports and no addresses.
            if let Ok(other) = self.inspect_one(other).await {
                (info.ports, info.networks) = (other.ports, other.networks);
            }
        }
        Ok(info)
    }

    async fn inspect_one(&self, container: &str) -> Result<ContainerInfo> {
        let operation = self.operation("inspect");
        let (transport, path) = (self.engine.transport(), format!("/containers/{container}/json"));
        self.engine
            .call(operation, async move { Ok(ContainerInfo::from_json(transport.get_json(&path).await?)) })
            .await
    }
}

/// Returns the pids and commands in the engine's process table, whose columns are those of the host's `ps`.
fn processes(top: &Value) -> Vec<(String, String)> {
    let titles: Vec<_> = top["Titles"].as_array().into_iter().flatten().map(Value::as_str).collect();
    let column =
        |names: [&str; 2]| titles.iter().position(|title| title.is_some_and(|title| names.contains(&title)));
    let (pid, command) = (column(["PID", "pid"]), column(["CMD", "COMMAND"]));
    let text = |row: &Value, at: Option<usize>| {
        row[at.unwrap_or(usize::MAX)].as_str().unwrap_or_default().to_owned()
    };
    let rows = top["Processes"].as_array().into_iter().flatten();
    let rows = rows.map(|row| split(row, titles.len()));
    rows.map(|row| (text(&row, pid), text(&row, command))).collect()
}

/// Splits a row of the process table that is a single string, as Podman 4.3 has them. The last column may contain spaces.
fn split(row: &Value, columns: usize) -> Value {
    let whole = match row.as_array().map(Vec::as_slice) {
        Some([Value::String(whole)]) if columns > 1 => whole,
        _ => match row {
            Value::String(whole) => whole,
            _ => return row.clone(),
        },
    };
    let mut words = whole.split_whitespace();
    let mut cells: Vec<String> = words.by_ref().take(columns.saturating_sub(1)).map(str::to_owned).collect();
    cells.push(words.collect::<Vec<_>>().join(" "));
    cells.into()
}

/// Sends a POST request, and reads its answer as a [`change`].
pub(super) async fn post(
    transport: Transport,
    path: String,
    already: fn(Answer<'_>) -> bool,
) -> Result<Change, CallError> {
    change(transport.request(Method::POST, &path).await, already)
}

/// Reads an answer. A 304, or an error for which `already` returns `true`, is [`Change::AlreadySo`].
fn change(
    answer: Result<Response<Incoming>, TransportError>,
    already: fn(Answer<'_>) -> bool,
) -> Result<Change, CallError> {
    match answer {
        Ok(response) if response.status() == StatusCode::NOT_MODIFIED => Ok(Change::AlreadySo),
        Ok(_) => Ok(Change::Made),
        Err(TransportError::Status { status, message }) if already(Answer { status, message: &message }) => {
            Ok(Change::AlreadySo)
        }
        Err(error) => Err(error.into()),
    }
}

/// Converts a stop timeout to whole seconds, the engine's unit. It is rounded up, so that no process is killed early.
fn whole_seconds(grace: Duration) -> i32 {
    grace.as_millis().div_ceil(1000).try_into().unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_of_a_process_table_are_cells_or_one_string() {
        let titles = json!(["USER", "PID", "PPID", "COMMAND"]);
        let expected = vec![("7".to_owned(), "sleep 600".to_owned())];
        for row in [
            json!(["root", "7", "1", "sleep 600"]),
            json!(["root  7 1 sleep 600"]),
            json!("root 7 1  sleep 600"),
        ] {
            assert_eq!(processes(&json!({ "Titles": titles, "Processes": [row] })), expected, "{row}");
        }
        assert_eq!(processes(&Value::Null), []);
    }
}
