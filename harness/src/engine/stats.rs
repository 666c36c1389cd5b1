//! Calls for a container's resource usage: once, or every second.

use hyper::Method;
use serde_json::Value;

use super::client::Engine;
use super::path::ApiPath;
use super::streams::Bodies;
use crate::words::{ContainerId, Result};

impl Engine {
    /// Returns a sample of a container's resource usage, as the engine's JSON. The engine takes one to two seconds for
    /// it.
    pub(crate) async fn stats_of(&self, id: &ContainerId, name: &str) -> Result<Value> {
        let what = self.what("read the statistics", format!("container `{name}`"));
        let path = ApiPath::new(format!("/containers/{id}/stats")).with("stream", false);
        let transport = self.transport();
        self.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await
    }

    /// Streams samples of a container's resource usage, about one per second, as concatenated JSON values of the
    /// engine.
    pub(crate) async fn stats_stream(&self, id: &ContainerId, name: &str) -> Result<Bodies> {
        let what = self.what("follow the statistics", format!("container `{name}`"));
        let path = ApiPath::new(format!("/containers/{id}/stats")).with("stream", true);
        self.body(what, Method::GET, path).await
    }
}
