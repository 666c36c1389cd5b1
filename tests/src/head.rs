//! The head of an HTTP/1.1 message: the few things that a relay has to know of it, beside its bytes as they came.

use bytes::Bytes;

/// A start line and its headers.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The head as it was on the wire, the empty line included.
    pub(crate) bytes: Bytes,
    start_line: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Returns the position of the end of the head at the start of `bytes`, if the head is complete.
    pub(crate) fn end_in(bytes: &[u8]) -> Option<usize> {
        bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
    }

    /// Takes a whole head apart; nothing if it isn't text, or has no start line of three parts.
    pub(crate) fn parse(bytes: Bytes) -> Option<Self> {
        let text = std::str::from_utf8(&bytes).ok()?;
        let mut lines = text.split("\r\n");
        let start_line = lines.next().filter(|line| line.split(' ').count() >= 2)?.to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Some(Self { bytes, start_line, headers })
    }

    /// Returns the method of a request.
    pub(crate) fn method(&self) -> &str {
        self.start_line.split(' ').next().unwrap_or_default()
    }

    /// Returns the target of a request: path and query.
    pub(crate) fn target(&self) -> &str {
        self.start_line.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the status of an answer.
    pub(crate) fn status(&self) -> Option<u16> {
        self.start_line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
    }

    /// Returns all headers, their names in lower case.
    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Returns the first value of a header whose name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns `true` if a header that lists words has this one.
    pub(crate) fn has_word(&self, name: &str, word: &str) -> bool {
        self.header(name)
            .is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    }

    /// Returns `true` if the sender closes the connection after this message.
    pub(crate) fn closes(&self) -> bool {
        self.has_word("connection", "close") || self.start_line.contains("HTTP/1.0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_apart() {
        let head = Head::parse(Bytes::from_static(
            b"POST /v1.41/exec/1/start?x=1 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n",
        ))
        .expect("a head");
        assert_eq!((head.method(), head.target()), ("POST", "/v1.41/exec/1/start?x=1"));
        assert_eq!(head.header("host"), Some("a"));
        assert!(head.closes());
    }

    #[test]
    fn the_status_of_an_answer_is_found() {
        let head = Head::parse(Bytes::from_static(b"HTTP/1.1 101 UPGRADED\r\n\r\n")).expect("a head");
        assert_eq!(head.status(), Some(101));
    }
}
