//! Whether a container has ended for want of memory, where the engine's flag may be wrong.
//!
//! Docker hears of a container's end and of the kernel's kill by two messages. Docker 20.10 sets the flag only if the
//! end came second, and tells of an `oom` in either order (`daemon/monitor.go`, `libcontainerd/remote/client.go`).

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use hyper::Method;
use serde_json::json;

use super::info::ContainerInfo;
use super::path::ApiPath;
use super::target::Target;
use super::version::EngineKind;
use crate::base::background;
use crate::words::Result;

/// How long after an end the engine may take to tell of what caused it.
const TOLD_WITHIN: Duration = Duration::from_millis(250);
/// What a program that the kernel has killed ends with.
const KILLED: i64 = 137;

impl Target {
    /// As an inspect, of a container whose end is to be explained. One that had a limit of memory and was killed without
    /// the engine saying why costs 250 ms more at most.
    pub(crate) async fn inspect_end(&self) -> Result<ContainerInfo> {
        let mut info = self.inspect().await?;
        let state = &info.state;
        let is_doubtful = !state.is_running() && !state.oom_killed && state.exit_code == Some(KILLED);
        if is_doubtful && info.memory_limit.is_some() && self.engine.version().kind == EngineKind::Docker {
            let since = state.started_at.map(crate::words::engine_seconds);
            let told = self.clone().tells_of_oom(since);
            // Without an answer the engine's flag stands.
            let told = background().run(tokio::time::timeout(TOLD_WITHIN, told)).await;
            info.state.oom_killed = told.is_ok_and(|told| told);
        }
        Ok(info)
    }

    /// Returns once the engine tells of a kill for want of memory since the container's last start.
    async fn tells_of_oom(self, since: Option<String>) -> bool {
        let filters = json!({ "type": ["container"], "container": [self.id.as_str()], "event": ["oom"] });
        let path = ApiPath::new("/events").with("filters", filters).with_some("since", since);
        let what = self.what("look for the reason of the end");
        let events = match self.engine.body(what, Method::GET, path).await {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!("{error}");
                return false;
            }
        };
        // All that it tells is of this kind.
        let mut told = events.try_filter(|piece| std::future::ready(!piece.is_empty()));
        matches!(told.next().await, Some(Ok(_)))
    }
}
