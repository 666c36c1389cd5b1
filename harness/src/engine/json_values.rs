//! Splits a stream into JSON objects. An object may span several chunks, a chunk may contain several objects, and line
//! breaks have no meaning.

use serde_json::Value;

/// The maximum size of an object in bytes. No engine sends larger ones.
const LARGEST: usize = 16 << 20;

/// A splitter for a stream of JSON objects. Bytes between objects and malformed objects are skipped.
#[derive(Debug, Default)]
pub(crate) struct JsonValues {
    buffer: Vec<u8>,
    /// The number of bytes of the buffer that were scanned.
    seen: usize,
    /// The number of open braces and brackets.
    depth: usize,
    in_text: bool,
    /// Set after a backslash in a string.
    escaped: bool,
}

impl JsonValues {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if self.buffer.len() > LARGEST {
            *self = Self::default();
        }
        self.buffer.extend_from_slice(piece);
    }

    /// Returns the next complete object. Every byte is scanned once.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            if self.depth == 0 {
                self.skip_to_object();
            }
            let length = self.find_end()?;
            let value = serde_json::from_slice(&self.buffer[..length]);
            self.buffer.drain(..length);
            self.seen = 0;
            if let Ok(value) = value {
                return Some(value);
            }
        }
    }

    fn skip_to_object(&mut self) {
        let begin = memchr::memchr(b'{', &self.buffer).unwrap_or(self.buffer.len());
        self.buffer.drain(..begin);
        self.seen = 0;
    }

    /// Returns the length of the object at the start of the buffer, if it is complete.
    fn find_end(&mut self) -> Option<usize> {
        while let Some(byte) = self.buffer.get(self.seen) {
            self.seen += 1;
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(self.seen);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<Value> {
        let mut values = JsonValues::default();
        let mut found = Vec::new();
        for piece in pieces {
            values.push(piece);
            found.extend(std::iter::from_fn(|| values.next()));
        }
        found
    }

    fn samples() -> [Value; 3] {
        [
            json!({ "a": [1, { "b": "}]{\"" }], "c": "\\" }),
            json!({ "text": "line\nend \\\" {[", "none": null }),
            json!({}),
        ]
    }

    /// M4: objects are found however the stream is split into chunks.
    #[test]
    fn values_are_found_wherever_they_are_split() {
        let samples = samples();
        let compact: String = samples.iter().map(|sample| format!("{sample}\n")).collect();
        let without_ends: String = samples.iter().map(Value::to_string).collect();
        let pretty: String = samples.iter().map(|sample| format!("{sample:#}\r\n")).collect();
        for text in [compact, without_ends, pretty] {
            let bytes = text.as_bytes();
            assert_eq!(read(&[bytes]), samples, "all in one read");
            assert_eq!(read(&bytes.chunks(1).collect::<Vec<_>>()), samples, "byte by byte");
            for at in 0..=bytes.len() {
                assert_eq!(read(&[&bytes[..at], &bytes[at..]]), samples, "split at {at} of {text}");
            }
        }
    }

    /// M4: bytes that are no object are skipped.
    #[test]
    fn what_is_no_object_is_passed_over() {
        assert_eq!(
            read(&[b"noise 1 \"x\" ]}\n{\"a\":1} {bad} {\"b\":2}{\"c\""]),
            [json!({"a":1}), json!({"b":2})]
        );
        assert_eq!(read(&[b"", b"\n\n", b"{"]), [] as [Value; 0]);
    }

    /// M4: an object that never ends takes bounded memory.
    #[test]
    fn what_never_ends_is_given_up() {
        let mut values = JsonValues::default();
        for _ in 0..18 {
            values.push(&vec![b'['; 1 << 20]);
            values.push(b"{");
            assert_eq!(values.next(), None);
        }
        assert!(values.buffer.len() <= LARGEST + (1 << 20));
    }

    proptest! {
        /// M4: random objects are found in random chunks.
        #[test]
        fn values_are_found_whatever_the_pieces(
            texts in proptest::collection::vec(".{0,12}", 0..5), cuts in proptest::collection::vec(1_usize..9, 1..20),
        ) {
            let samples: Vec<_> = texts.iter().map(|text| json!({ text: [text] })).collect();
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| format!("{sample:#}").into_bytes()).collect();
            let (mut values, mut found, mut rest) = (JsonValues::default(), Vec::new(), bytes.as_slice());
            for cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                values.push(piece);
                found.extend(std::iter::from_fn(|| values.next()));
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, samples);
        }

        #[test]
        fn any_bytes_are_read_to_the_end(bytes: Vec<u8>) {
            read(&[&bytes]);
        }
    }
}
