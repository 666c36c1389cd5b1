//! Writes the frames that the library sends.

use super::frame::{Kind, PAYLOAD, credit, header, hello};
use super::spec::Settings;

/// A writer that appends the frames of one case to a buffer.
#[derive(Debug)]
pub struct Encoder<'a> {
    bytes: &'a mut Vec<u8>,
    slot: u8,
    number: u32,
}

impl<'a> Encoder<'a> {
    /// Creates a writer for a case.
    pub fn new(bytes: &'a mut Vec<u8>, slot: u8, number: u32) -> Self {
        Self { bytes, slot, number }
    }

    /// Appends the first frame of a connection.
    pub fn hello(bytes: &'a mut Vec<u8>) {
        Self::new(bytes, 0, 0).frame(Kind::Hello, &[&hello()]);
    }

    /// Appends a case's description, in as many frames as it needs. No string may have a NUL byte in it.
    pub fn run<'t>(
        &mut self,
        settings: Settings,
        working_dir: Option<&'t [u8]>,
        words: impl Iterator<Item = &'t [u8]>,
    ) {
        let mut spec = settings.to_bytes().to_vec();
        for text in std::iter::once(working_dir.unwrap_or_default()).chain(words) {
            spec.extend_from_slice(text);
            spec.push(0);
        }
        let mut pieces = spec.chunks(PAYLOAD - 1).peekable();
        while let Some(piece) = pieces.next() {
            let has_more = [u8::from(pieces.peek().is_some())];
            self.frame(Kind::Run, &[&has_more, piece]);
        }
    }

    /// Appends standard input, which must not be empty.
    pub fn stdin(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(PAYLOAD) {
            self.frame(Kind::Stdin, &[piece]);
        }
    }

    /// Appends the end of standard input.
    pub fn stdin_end(&mut self) {
        self.frame(Kind::Stdin, &[]);
    }

    /// Appends the request to kill the case.
    pub fn cancel(&mut self) {
        self.frame(Kind::Cancel, &[]);
    }

    /// Appends credit for bytes of a stream that were consumed.
    pub fn credit(&mut self, stream: Kind, bytes: u32) {
        self.frame(Kind::Credit, &[&credit(stream, bytes)]);
    }

    fn frame(&mut self, kind: Kind, parts: &[&[u8]]) {
        let length = parts.iter().map(|part| part.len()).sum();
        self.bytes.extend_from_slice(&header(kind, self.slot, self.number, length));
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Frame, version_of};
    use super::super::spec::Spec;
    use super::*;

    fn frames(mut bytes: &[u8]) -> Vec<Frame<'_>> {
        let mut frames = Vec::new();
        while let Some((frame, length)) = Frame::parse(bytes).expect("all are frames") {
            frames.push(frame);
            bytes = &bytes[length..];
        }
        assert!(bytes.is_empty());
        frames
    }

    #[test]
    fn a_description_of_any_length_is_reassembled() {
        let settings = |arguments| Settings {
            timeout: 0,
            limit: 9,
            has_stdin: false,
            is_isolated: false,
            arguments,
            variables: 0,
        };
        for length in [1, PAYLOAD - 30, PAYLOAD, 3 * PAYLOAD, 100_000] {
            let (mut bytes, word) = (Vec::new(), vec![b'x'; length]);
            Encoder::new(&mut bytes, 2, 77).run(settings(1), Some(b"/tmp"), std::iter::once(word.as_slice()));
            let frames = frames(&bytes);
            let (last, others) = frames.split_last().expect("there is one");
            assert!(others.iter().all(|frame| frame.payload[0] == 1) && last.payload[0] == 0);
            assert!(frames.iter().all(|frame| (frame.kind, frame.slot, frame.number) == (Kind::Run, 2, 77)));
            let spec: Vec<u8> = frames.iter().flat_map(|frame| &frame.payload[1..]).copied().collect();
            let spec = Spec::parse(&spec).expect("it is whole");
            assert_eq!(spec.working_dir(), Some(&b"/tmp\0"[..]));
            assert_eq!(spec.arguments().next().map(<[u8]>::len), Some(length + 1));
        }
    }

    #[test]
    fn input_is_split_into_frames_and_has_an_end() {
        let mut bytes = Vec::new();
        Encoder::hello(&mut bytes);
        let mut encoder = Encoder::new(&mut bytes, 0, 1);
        encoder.stdin(&[b'i'; PAYLOAD + 1]);
        encoder.stdin_end();
        encoder.cancel();
        let frames = frames(&bytes);
        assert!(version_of(frames[0].payload).is_some());
        let lengths: Vec<_> = frames[1..].iter().map(|frame| (frame.kind, frame.payload.len())).collect();
        let stdin = |length| (Kind::Stdin, length);
        assert_eq!(lengths, [stdin(PAYLOAD), stdin(1), stdin(0), (Kind::Cancel, 0)]);
    }
}
