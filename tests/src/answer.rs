//! An answer that a server makes up: status, headers and body.

use serde_json::{Value, json};

/// A whole HTTP answer; the connection stays usable after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// Makes an answer without a body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Makes an answer with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status).header("Content-Type", "application/json").body(body.to_string())
    }

    /// Makes an error as the engine words it: `{"message": …}`.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    /// Makes an error as a registry words it: `{"errors": [{"code": …}]}`.
    #[must_use]
    pub fn registry_error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({ "errors": [{ "code": code, "message": message }] }))
    }

    /// Adds a header. Default: those for the body only.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body. Default: empty.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Returns the answer as it goes on the wire; what answers a HEAD has no body there.
    pub(crate) fn to_bytes(&self, method: &str) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        let body: &[u8] = if method == "HEAD" { &[] } else { &self.body };
        [text.as_bytes(), body].concat()
    }
}

/// Returns the words behind a status, which some clients repeat in their messages.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Made Up",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_what_the_engine_would_write() {
        let bytes = Answer::error(500, "no").header("X", "y").to_bytes("GET");
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nX: y\r\nContent-Length: 16\r\n\r\n\
             {\"message\":\"no\"}"
        );
    }
}
