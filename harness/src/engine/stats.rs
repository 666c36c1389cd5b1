//! Calls that tell what a container uses: once, or each second.

use hyper::Method;
use serde_json::Value;

use super::client::Engine;
use super::path::ApiPath;
use super::streams::Bodies;
use crate::words::{ContainerId, Result};

impl Engine {
    /// What a container uses now, as the engine's JSON. The engine takes a second or two to look twice.
    pub(crate) async fn stats_of(&self, id: &ContainerId, name: &str) -> Result<Value> {
        let what = self.what("read the statistics", format!("container `{name}`"));
        let path = ApiPath::new(format!("/containers/{id}/stats")).with("stream", false);
        let transport = self.transport();
        self.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await
    }

    /// What a container uses, about once per second, as the engine's JSON values one after the other.
    pub(crate) async fn stats_stream(&self, id: &ContainerId, name: &str) -> Result<Bodies> {
        let what = self.what("follow the statistics", format!("container `{name}`"));
        let path = ApiPath::new(format!("/containers/{id}/stats")).with("stream", true);
        self.body(what, Method::GET, path).await
    }
}
