//! Calls that transfer files: a tar archive into a container, and one out of it.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper::{Method, Request};

use super::client::{CallError, Operation};
use super::path::ApiPath;
use super::streams::{Bodies, unless_silent};
use super::target::Target;
use super::transport::{TransportError, checked};
use crate::words::Result;

impl Target {
    /// Extracts a tar archive in a directory of a container. Fails if no data moves for the length of the request
    /// timeout.
    pub(crate) async fn put_archive(
        &self,
        directory: &str,
        archive: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Result<()> {
        let idle = self.engine.0.request_timeout;
        // The deadline applies between two chunks and not to the whole call, since an archive may have any size.
        let operation = Operation { deadline: Duration::MAX, ..self.operation("copy files in") };
        let path = ApiPath::new(format!("/containers/{}/archive", self.id)).with("path", directory);
        let transport = self.engine.transport();
        let subject = operation.subject.clone();
        self.engine
            .call(operation, async move {
                let moved = Arc::new(Mutex::new(Instant::now()));
                let touch = moved.clone();
                let body = StreamBody::new(archive.map(move |piece| {
                    *touch.lock().expect("nobody panics with this lock") = Instant::now();
                    piece.map(Frame::data)
                }));
                let request = Request::builder()
                    .method(Method::PUT)
                    .uri(path.as_str())
                    .header("content-type", "application/x-tar")
                    .body(body)
                    .expect("paths are made of encoded parts");
                let sending = async { checked(transport.send(request).await?).await };
                let deadline = Operation { phase: "copy files in", subject, deadline: idle };
                unless_idle(sending, &moved, deadline).await.map(drop)
            })
            .await
    }

    /// Returns a path of a container as a tar archive.
    pub(crate) async fn get_archive(&self, path: &str) -> Result<Bodies> {
        let api = ApiPath::new(format!("/containers/{}/archive", self.id)).with("path", path);
        let operation = self.operation_of("copy files out", path);
        Ok(unless_silent(self.engine.body(operation.clone(), Method::GET, api).await?, operation))
    }

    /// Returns `true` if the path exists in the container, which need not run.
    pub(crate) async fn has_path(&self, path: &str) -> Result<bool> {
        let api = ApiPath::new(format!("/containers/{}/archive", self.id)).with("path", path);
        let operation = self.operation_of("look for a file", path);
        let transport = self.engine.transport();
        let found = self
            .engine
            .call(
                operation,
                async move { Ok(transport.request(Method::HEAD, api.as_str()).await.map(drop)?) },
            )
            .await;
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Awaits a transfer, and fails once nothing has moved for the length of the deadline.
async fn unless_idle<T>(
    transfer: impl Future<Output = Result<T, TransportError>>,
    moved: &Mutex<Instant>,
    operation: Operation,
) -> Result<T, CallError> {
    let mut transfer = std::pin::pin!(transfer);
    loop {
        let last = *moved.lock().expect("nobody panics with this lock");
        match crate::base::timeout_at((last + operation.deadline).into(), &mut transfer).await {
            Ok(outcome) => return Ok(outcome?),
            Err(_) if *moved.lock().expect("nobody panics with this lock") > last => {}
            Err(_) => return Err(super::client::hung(&operation).into()),
        }
    }
}
