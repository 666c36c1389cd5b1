//! Calls for a container's resource usage: once, or every second.

use hyper::Method;
use serde_json::Value;

use super::path::ApiPath;
use super::streams::Bodies;
use super::target::Target;
use crate::words::Result;

impl Target {
    /// Returns a sample of a container's resource usage, as the engine's JSON. The engine takes one to two seconds for
    /// it.
    pub(crate) async fn stats(&self) -> Result<Value> {
        let what = self.what("read the statistics");
        let path = ApiPath::new(format!("/containers/{}/stats", self.id)).with("stream", false);
        let transport = self.engine.transport();
        self.engine.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await
    }

    /// Streams samples of a container's resource usage, about one per second, as concatenated JSON values of the
    /// engine.
    pub(crate) async fn stats_stream(&self) -> Result<Bodies> {
        let what = self.what("follow the statistics");
        let path = ApiPath::new(format!("/containers/{}/stats", self.id)).with("stream", true);
        self.engine.body(what, Method::GET, path).await
    }
}
