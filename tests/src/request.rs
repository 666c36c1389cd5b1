//! A request as a server of the tests has seen it.

use std::time::Instant;

use crate::head::Head;

/// A request that a server has seen.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path, without the API version in front of it (`/v1.41`), so that tests needn't know it.
    pub path: String,
    /// The query, as it was; empty if there was none.
    pub query: String,
    /// Path and query as they were on the wire.
    pub target: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The moment at which its head was complete.
    pub at: Instant,
    /// The status that the engine or a fault answered with, if either did; answers that were kept back count.
    pub status: Option<u16>,
}

impl Request {
    /// Returns the value of a header whose name is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns `true` if the method is this one and the path contains this text.
    #[must_use]
    pub fn is(&self, method: &str, path_contains: &str) -> bool {
        self.method == method && self.path.contains(path_contains)
    }

    pub(crate) fn from_head(head: &Head) -> Self {
        let target = head.target();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: head.method().to_owned(),
            path: without_version(path).to_owned(),
            query: query.to_owned(),
            target: target.to_owned(),
            headers: head.headers().to_vec(),
            at: Instant::now(),
            status: None,
        }
    }
}

/// Returns a path without the API version (`/v1.41`) in front; a registry's `/v2` is not one.
fn without_version(path: &str) -> &str {
    let Some((version, _)) = path.strip_prefix("/v").and_then(|rest| rest.split_once('/')) else {
        return path;
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match version.split_once('.') {
        Some((major, minor)) if is_number(major) && is_number(minor) => &path[version.len() + 2..],
        _ => path,
    }
}
