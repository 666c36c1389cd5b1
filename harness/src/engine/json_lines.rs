//! JSON values, one per line, out of a stream that comes in pieces.

use serde_json::Value;

/// Splits what comes into JSON values, whatever the pieces.
#[derive(Default)]
pub(crate) struct JsonLines {
    buffer: Vec<u8>,
}

impl JsonLines {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole value; lines that are no JSON are passed over.
    pub(crate) fn next(&mut self) -> Option<Value> {
        while let Some(end) = memchr::memchr(b'\n', &self.buffer) {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            if let Ok(value) = serde_json::from_slice(&line) {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_found_whatever_the_pieces() {
        let mut lines = JsonLines::default();
        lines.push(b"{\"a\":");
        assert_eq!(lines.next(), None);
        lines.push(b"1}\r\nnoise\n{\"b\":2}\n{");
        assert_eq!(lines.next(), Some(json!({"a": 1})));
        assert_eq!(lines.next(), Some(json!({"b": 2})));
        assert_eq!(lines.next(), None);
    }
}
