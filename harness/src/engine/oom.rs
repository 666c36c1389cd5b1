//! Determines whether a container was killed for lack of memory, since Docker's own flag may be wrong.
//!
//! Docker learns of a container's end and of the kernel's kill by two separate messages. Docker 20.10 sets the flag
//! only if the end arrives second, but sends an `oom` event in either order (`daemon/monitor.go`,
//! `libcontainerd/remote/client.go`).

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use hyper::Method;
use serde_json::json;

use super::info::ContainerInfo;
use super::path::ApiPath;
use super::target::Target;
use crate::base::background;
use crate::words::Result;

/// The time that the engine may take after an end to report an `oom` event.
const TOLD_WITHIN: Duration = Duration::from_millis(250);
/// The exit code of a program that was killed by SIGKILL.
const KILLED: i64 = 137;

impl Target {
    /// Inspects an ended container. If it has a memory limit and was killed without a reported reason, this takes up to
    /// 250 ms longer.
    pub(crate) async fn inspect_end(&self) -> Result<ContainerInfo> {
        let mut info = self.inspect().await?;
        let state = &info.state;
        let is_doubtful = !state.is_running() && !state.oom_killed && state.exit_code == Some(KILLED);
        if is_doubtful && info.memory_limit.is_some() && self.engine.dialect().tells_of_oom_late() {
            let since = state.started_at.map(crate::words::engine_seconds);
            let told = self.clone().tells_of_oom(since);
            // Without an answer in time, the container does not count as killed for lack of memory.
            let told = background().run(crate::base::timeout(TOLD_WITHIN, told)).await;
            info.state.oom_killed = told.is_ok_and(|told| told);
        }
        Ok(info)
    }

    /// Returns `true` once the engine reports an `oom` event since the container's last start.
    async fn tells_of_oom(self, since: Option<String>) -> bool {
        let filters = json!({ "type": ["container"], "container": [self.id.as_str()], "event": ["oom"] });
        let path = ApiPath::new("/events").with("filters", filters).with_some("since", since);
        let operation = self.operation("look for the reason of its end");
        let events = match self.engine.body(operation, Method::GET, path).await {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!("{error}");
                return false;
            }
        };
        // The filter passes only `oom` events, so any data is one.
        let mut told = events.try_filter(|piece| std::future::ready(!piece.is_empty()));
        matches!(told.next().await, Some(Ok(_)))
    }
}
