//! The engine as the tests see it: a few blocking requests over its socket, independent of the library under test.

use std::env;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde_json::Value;

use crate::head::Head;

/// The longest that a request waits for its next byte.
const SILENCE_LIMIT: Duration = Duration::from_secs(120);

/// An engine, by its socket.
///
/// Requests block the thread. That is meant: what cleans up after a test must not need the test's runtime.
#[derive(Clone, Debug)]
pub struct Engine {
    socket: PathBuf,
}

/// An engine's answer.
#[derive(Clone, Debug)]
pub struct EngineAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Engine {
    /// Makes the engine of `DOCKER_HOST` if that is a unix socket, else the one at `/var/run/docker.sock`.
    #[must_use]
    pub fn from_env() -> Self {
        let host = env::var("DOCKER_HOST").unwrap_or_default();
        Self::at(host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock"))
    }

    /// Makes the engine that listens on this socket.
    #[must_use]
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Returns the socket's path.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Gets JSON.
    ///
    /// # Errors
    /// If the engine can't be reached, answers with anything but 200, or not with JSON.
    pub fn get(&self, target: &str) -> Result<Value> {
        let answer = self.request("GET", target, None)?;
        if answer.status != 200 {
            bail!("GET {target} answered {}: {}", answer.status, answer.text());
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("GET {target} did not answer with JSON"))
    }

    /// Makes a request, with a JSON body if one is given, and reads the whole answer.
    ///
    /// # Errors
    /// If the engine can't be reached, or its answer is not HTTP.
    pub fn request(&self, method: &str, target: &str, body: Option<&Value>) -> Result<EngineAnswer> {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send(method, target, &[("Content-Type", "application/json")], body.as_bytes())
    }

    /// Makes a request with headers of its own and a body of any kind, and reads the whole answer.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<EngineAnswer> {
        self.exchange(method, target, headers, body).with_context(|| format!("failed to {method} `{target}`"))
    }

    fn exchange(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<EngineAnswer> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(SILENCE_LIMIT))?;
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        // HTTP/1.0: the engine answers without chunks and closes, which is all the framing needed here.
        let head = format!(
            "{method} {target} HTTP/1.0\r\nHost: engine\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = Head::end_in(&answer).context("the answer broke off in its head")?;
        let body = answer.split_off(end);
        let head = Head::parse(Bytes::from(answer)).context("the answer is not HTTP")?;
        Ok(EngineAnswer { status: head.status().context("the answer has no status")?, body })
    }
}

impl EngineAnswer {
    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
