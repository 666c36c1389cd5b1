//! Calls whose answer is a stream: attached output, logs, the wait for an end, events.
//!
//! Their time limit covers only the head of the answer, since a container may be silent for any time.

use std::pin::Pin;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, BodyStream};
use hyper::Method;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::client::{CallError, Engine, Operation, hung};
use super::path::ApiPath;
use super::target::Target;
use super::transport::{TransportError, Upgraded};
use crate::base::background;
use crate::words::{Error, Kind, Result};

/// A response body as a stream of chunks.
pub(crate) type Bodies = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The part of a log to read.
#[derive(Clone, Debug)]
pub(crate) struct LogRequest {
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    pub(crate) follow: bool,
    pub(crate) timestamps: bool,
    /// The number of last lines. `None` means all.
    pub(crate) tail: Option<usize>,
    /// The time of the first line, in seconds of Unix time with nine decimals.
    pub(crate) since: Option<String>,
}

/// The events that change a container's state.
const EVENTS: [&str; 8] = ["start", "die", "pause", "unpause", "oom", "restart", "health_status", "destroy"];

/// A pending notification of a container's end.
pub(crate) struct EndNotice(Bodies);

/// The engine's notification of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndAnswer {
    /// The exit code of that end, whatever happened after it.
    pub(crate) code: Option<i64>,
    /// The engine's error; for a removal, the reason why it failed.
    pub(crate) error: Option<String>,
}

impl Engine {
    /// Streams the events of all containers as JSON lines, from a time reported by the engine, or from now.
    pub(super) async fn all_events(&self, since: Option<SystemTime>) -> Result<Bodies> {
        let mut filters = json!({"type": ["container"]});
        // Only these types: a health check causes events for each of its commands. Other engines use other names for
        // the types.
        if self.dialect().knows_event_names() {
            filters["event"] = EVENTS.into();
        }
        let path = ApiPath::new("/events")
            .with("filters", filters)
            .with_some("since", since.map(crate::words::engine_seconds));
        let operation = self.operation("follow the events", "the engine");
        self.body(operation, Method::GET, path).await
    }

    /// Sends a request without a body and returns the response body as a stream.
    pub(super) async fn body(&self, operation: Operation, method: Method, path: ApiPath) -> Result<Bodies> {
        let (transport, subject, phase) = (self.transport(), operation.subject.clone(), operation.phase);
        let response = self
            .call(operation, async move {
                transport.request(method, path.as_str()).await.map_err(CallError::from)
            })
            .await?;
        let named = move |error: Error| error.with_subject(subject.clone()).with_phase(phase);
        Ok(Box::pin(bodies(response.into_body()).map(move |part| part.map_err(&named))))
    }
}

impl Target {
    /// Attaches to the container's future output. It is framed unless the container has a terminal.
    pub(crate) async fn attach(&self) -> Result<Upgraded> {
        self.attach_to(None).await
    }

    /// Attaches to a container's output and standard input. Bytes written to the stream go to the input.
    pub(crate) async fn attach_with_input(&self) -> Result<Upgraded> {
        self.attach_to(Some(1)).await
    }

    async fn attach_to(&self, stdin: Option<u8>) -> Result<Upgraded> {
        let path = ApiPath::new(format!("/containers/{}/attach", self.id))
            .with("stream", 1)
            .with("stdout", 1)
            .with("stderr", 1)
            .with_some("stdin", stdin);
        let operation = self.operation("attach");
        let transport = self.engine.transport();
        self.engine.call(operation, async move { Ok(transport.upgrade(path.as_str(), None).await?) }).await
    }

    /// Returns a container's log. It is framed unless the container has a terminal.
    pub(crate) async fn logs(&self, request: &LogRequest) -> Result<Bodies> {
        let tail = request.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
        let path = ApiPath::new(format!("/containers/{}/logs", self.id))
            .with("stdout", request.stdout)
            .with("stderr", request.stderr)
            .with("follow", request.follow)
            .with("timestamps", request.timestamps)
            .with("tail", tail)
            .with_some("since", request.since.as_ref());
        let operation = self.operation("read the log");
        let bodies = self.engine.body(operation.clone(), Method::GET, path).await?;
        // A followed log depends on the container, which may be silent. Any other depends on the engine alone.
        Ok(if request.follow { bodies } else { unless_silent(bodies, operation) })
    }

    /// Waits until a container does not run, and returns the exit code that the engine reports.
    pub(crate) async fn wait_not_running(&self) -> Result<Option<i64>> {
        Ok(self.notice_of("not-running").await?.read().await?.code)
    }

    /// Requests a notification of an end: `not-running`, `next-exit` or `removed`.
    ///
    /// Once this has returned, the engine watches the container, and no later end is missed.
    pub(crate) async fn notice_of(&self, condition: &str) -> Result<EndNotice> {
        let path = ApiPath::new(format!("/containers/{}/wait", self.id)).with("condition", condition);
        let operation = self.operation("wait for the end");
        Ok(EndNotice(self.engine.body(operation, Method::POST, path).await?))
    }
}

impl EndNotice {
    /// Waits for the notification.
    pub(crate) async fn read(mut self) -> Result<EndAnswer> {
        let mut answer = Vec::new();
        while let Some(part) = self.0.next().await {
            answer.extend_from_slice(&part?);
        }
        // An engine that shuts down ends the response early.
        let answer: Value = serde_json::from_slice(&answer).map_err(|error| {
            Error::new(Kind::Protocol, "the engine ended the wait for the end early").with_source(error)
        })?;
        let message = answer["Error"]["Message"].as_str().filter(|message| !message.is_empty());
        Ok(EndAnswer { code: answer["StatusCode"].as_i64(), error: message.map(str::to_owned) })
    }
}

/// Adds an error to a stream if no data arrives for the length of the time limit.
pub(super) fn unless_silent(bodies: Bodies, operation: Operation) -> Bodies {
    Box::pin(stream::unfold(Some((bodies, operation)), |state| async move {
        let (mut bodies, operation) = state?;
        let silence = background().run(crate::base::sleep(operation.deadline));
        let piece = match select(bodies.next(), silence).await {
            Either::Left((piece, _)) => piece?,
            Either::Right(_) => return Some((Err(hung(&operation)), None)),
        };
        Some((piece, Some((bodies, operation))))
    }))
}

/// Returns the data of a body, without trailers.
pub(super) fn bodies(body: Incoming) -> Bodies {
    Box::pin(BodyStream::new(body.map_err(TransportError::Http)).filter_map(|frame| async {
        match frame {
            Ok(frame) => frame.into_data().ok().map(Ok),
            Err(TransportError::Http(error)) => {
                Some(Err(Error::new(Kind::Protocol, "the engine broke the stream off").with_source(error)))
            }
            Err(_) => unreachable!("bodies fail as HTTP only"),
        }
    }))
}
