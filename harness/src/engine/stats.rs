//! Calls that tell what a container uses: once, or each second.

use hyper::Method;
use serde_json::Value;

use super::path::ApiPath;
use super::streams::Bodies;
use super::target::Target;
use crate::words::Result;

impl Target {
    /// What a container uses now, as the engine's JSON. The engine takes a second or two to look twice.
    pub(crate) async fn stats(&self) -> Result<Value> {
        let what = self.what("read the statistics");
        let path = ApiPath::new(format!("/containers/{}/stats", self.id)).with("stream", false);
        let transport = self.engine.transport();
        self.engine.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await
    }

    /// What a container uses, about once per second, as the engine's JSON values one after the other.
    pub(crate) async fn stats_stream(&self) -> Result<Bodies> {
        let what = self.what("follow the statistics");
        let path = ApiPath::new(format!("/containers/{}/stats", self.id)).with("stream", true);
        self.engine.body(what, Method::GET, path).await
    }
}
