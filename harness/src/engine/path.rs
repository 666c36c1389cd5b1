//! Paths and queries of the engine's API, percent-encoded.

use std::fmt::Write;

/// A path with a query that is extended pair by pair.
pub(super) struct ApiPath {
    text: String,
    separator: char,
}

impl ApiPath {
    /// Creates a path whose variable parts are ids or already encoded.
    pub(super) fn new(path: impl Into<String>) -> Self {
        Self { text: path.into(), separator: '?' }
    }

    /// Adds a pair to the query.
    pub(super) fn with(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.text.push(self.separator);
        self.separator = '&';
        self.text.push_str(key);
        self.text.push('=');
        self.text.push_str(&encoded(&value.to_string()));
        self
    }

    /// Adds a pair to the query if there is a value.
    pub(super) fn with_some(self, key: &str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

/// Percent-encodes all bytes except RFC 3986's unreserved characters.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte.into());
        } else {
            write!(out, "%{byte:02X}").expect("a string takes all that is written");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_query_is_encoded() {
        let path =
            ApiPath::new("/a").with("p", "/x y&z=ü").with_some("q", None::<u8>).with_some("r", Some(1));
        assert_eq!(path.as_str(), "/a?p=%2Fx%20y%26z%3D%C3%BC&r=1");
    }
}
