//! Calls for a container's checkpoints, which only Docker supports, in its experimental mode.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::{Value, json};

use super::client::{Engine, Operation};
use super::containers::{Change, post};
use super::path::{ApiPath, encoded};
use super::target::Target;
use super::transport::checked;
use crate::words::Result;

/// The time for writing or reading a container's memory, in addition to the request timeout.
const OF_MEMORY: Duration = Duration::from_secs(120);

impl Engine {
    /// Returns the path of a runtime's program, or `None` if the engine does not report it.
    pub(crate) async fn program_of_runtime(&self, runtime: &str) -> Result<Option<String>> {
        let operation = self.operation("list its runtimes", "engine");
        let (transport, runtime) = (self.transport(), runtime.to_owned());
        self.call(operation, async move {
            let info = transport.get_json("/info").await?;
            Ok(info["Runtimes"][&runtime]["path"].as_str().map(str::to_owned))
        })
        .await
    }
}

impl Target {
    fn operation_on_memory(&self, phase: &'static str) -> Operation {
        let operation = self.operation(phase);
        Operation { deadline: operation.deadline + OF_MEMORY, ..operation }
    }

    /// Writes a checkpoint. With `exit`, the container is stopped afterwards.
    pub(crate) async fn create_checkpoint(
        &self,
        checkpoint: &str,
        dir: Option<&str>,
        exit: bool,
    ) -> Result<()> {
        let operation = self.operation_on_memory("checkpoint");
        let body = json!({ "CheckpointID": checkpoint, "CheckpointDir": dir, "Exit": exit }).to_string();
        let request = Request::post(format!("/containers/{}/checkpoints", self.id))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("paths are made of encoded parts");
        let transport = self.engine.transport();
        self.engine
            .call(operation, async move {
                checked(transport.send(request).await?).await?;
                Ok(())
            })
            .await
    }

    /// Starts a container from a checkpoint. Counts against the limits of concurrent starts.
    pub(crate) async fn restore(&self, checkpoint: &str, dir: Option<&str>) -> Result<Change> {
        let operation = self.operation_on_memory("restore");
        let path = ApiPath::new(format!("/containers/{}/start", self.id)).with("checkpoint", checkpoint);
        let path = path.with_some("checkpoint-dir", dir);
        let call = post(self.engine.transport(), path.as_str().to_owned(), |_| false);
        self.engine.call_in_host_turn(operation, call).await
    }

    /// Returns the names of a container's checkpoints, sorted.
    pub(crate) async fn checkpoints(&self, dir: Option<&str>) -> Result<Vec<String>> {
        let operation = self.operation("list the checkpoints");
        let path = ApiPath::new(format!("/containers/{}/checkpoints", self.id)).with_some("dir", dir);
        let transport = self.engine.transport();
        self.engine.call(operation, async move { Ok(names(&transport.get_json(path.as_str()).await?)) }).await
    }

    /// Deletes a checkpoint of a container.
    pub(crate) async fn remove_checkpoint(&self, checkpoint: &str) -> Result<()> {
        let operation = self.operation("remove a checkpoint");
        let path = format!("/containers/{}/checkpoints/{}", self.id, encoded(checkpoint));
        let transport = self.engine.transport();
        self.engine
            .call(operation, async move {
                transport.request(Method::DELETE, &path).await?;
                Ok(())
            })
            .await
    }
}

fn names(list: &Value) -> Vec<String> {
    let entries = list.as_array().into_iter().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|checkpoint| checkpoint["Name"].as_str().map(str::to_owned)).collect();
    names.sort();
    names
}
