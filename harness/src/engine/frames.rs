//! Decodes the engine's multiplexed output of attach, logs and exec. It does no I/O and copies no payload.
//!
//! Without a terminal, the engine sends output in frames: one byte for the stream (0 stdin, 1 stdout, 2 stderr, 3 an
//! error of the engine), three zero bytes, the payload's length as a big-endian `u32`, and the payload. With a
//! terminal, the bytes are not framed.

use crate::words::{Error, Kind, LogStream, Result};

const HEADER: usize = 8;

/// The maximum number of bytes kept of an error that the engine sends within the stream.
const MESSAGE_LIMIT: usize = 4096;

/// The encoding of an output stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In frames: the container or command has no terminal.
    Multiplexed,
    /// Unframed: there is a terminal, and everything counts as stdout.
    Raw,
}

/// The decoder of one stream, which accepts chunks of any size.
#[derive(Debug)]
pub(crate) struct FrameDecoder {
    state: State,
}

#[derive(Debug)]
enum State {
    Raw,
    Header { bytes: [u8; HEADER], have: usize },
    Payload { stream: LogStream, left: usize },
    Message { text: Vec<u8>, left: usize },
}

impl State {
    const fn between() -> Self {
        Self::Header { bytes: [0; HEADER], have: 0 }
    }
}

impl FrameDecoder {
    /// Creates a decoder for the start of a stream.
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            state: match mode {
                Mode::Multiplexed => State::between(),
                Mode::Raw => State::Raw,
            },
        }
    }

    /// Passes the payload in `chunk` to `sink`, as non-empty slices of it, without waiting for complete frames.
    ///
    /// # Errors
    /// Protocol, if a frame's header is malformed. Engine, if the stream contains an error of the engine. The payload
    /// in front of it has been passed on, and every further call fails in the same way.
    pub(crate) fn decode(&mut self, chunk: &[u8], mut sink: impl FnMut(LogStream, &[u8])) -> Result<()> {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = self.step(rest, &mut sink)?;
        }
        Ok(())
    }

    /// Checks that the stream ended at the end of a frame.
    ///
    /// # Errors
    /// Protocol, if it was truncated within a frame. Engine, if that frame is an error of the engine.
    pub(crate) fn finish(&self) -> Result<()> {
        match &self.state {
            State::Raw | State::Header { have: 0, .. } => Ok(()),
            State::Header { have, .. } => Err(cut(HEADER - have, "header")),
            State::Payload { stream, left } => Err(cut(*left, &format!("frame of {stream}"))),
            State::Message { text, .. } => Err(reported(text)),
        }
    }

    /// Consumes bytes from the front of `chunk` and returns the rest.
    fn step<'a>(&mut self, chunk: &'a [u8], sink: &mut impl FnMut(LogStream, &[u8])) -> Result<&'a [u8]> {
        match &mut self.state {
            State::Raw => {
                sink(LogStream::Stdout, chunk);
                Ok(&[])
            }
            State::Header { bytes, have } => {
                let (now, rest) = chunk.split_at(chunk.len().min(HEADER - *have));
                bytes[*have..*have + now.len()].copy_from_slice(now);
                *have += now.len();
                if *have == HEADER {
                    self.state = begin(*bytes)?;
                }
                Ok(rest)
            }
            State::Payload { stream, left } => {
                let (now, rest) = chunk.split_at(chunk.len().min(*left));
                sink(*stream, now);
                *left -= now.len();
                if *left == 0 {
                    self.state = State::between();
                }
                Ok(rest)
            }
            State::Message { text, left } => {
                let (now, rest) = chunk.split_at(chunk.len().min(*left));
                text.extend(now.iter().take(MESSAGE_LIMIT - text.len()));
                *left -= now.len();
                // The state is kept once the message is complete, so that further calls report it again.
                if *left == 0 { Err(reported(text)) } else { Ok(rest) }
            }
        }
    }
}

/// Returns the state after a header.
fn begin(header: [u8; HEADER]) -> Result<State> {
    let [kind, 0, 0, 0, a, b, c, d] = header else { return Err(garbage(&header)) };
    let left = u32::from_be_bytes([a, b, c, d]) as usize;
    match kind {
        // Echoed stdin has stream 0 and counts as stdout.
        0 | 1 if left > 0 => Ok(State::Payload { stream: LogStream::Stdout, left }),
        2 if left > 0 => Ok(State::Payload { stream: LogStream::Stderr, left }),
        0..=2 => Ok(State::between()),
        3 if left > 0 => Ok(State::Message { text: Vec::new(), left }),
        3 => Err(reported(b"no message")),
        _ => Err(garbage(&header)),
    }
}

fn garbage(header: &[u8; HEADER]) -> Error {
    let shown = header.escape_ascii();
    Error::new(
        Kind::Protocol,
        format!("the engine's output is malformed: `{shown}` is not the header of a frame"),
    )
    .with_hint("the output of a container with a terminal is not framed")
}

fn cut(missing: usize, place: &str) -> Error {
    Error::new(
        Kind::Protocol,
        format!("the engine's output was truncated within a {place}: {missing} bytes are missing"),
    )
}

fn reported(text: &[u8]) -> Error {
    let text = String::from_utf8_lossy(text);
    Error::new(Kind::Engine, format!("the engine sent an error within the output: `{}`", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Seen = Vec<(LogStream, Vec<u8>)>;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind, 0, 0, 0];
        bytes.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    /// Joins adjacent pieces of the same stream, since their boundaries have no meaning.
    fn feed(decoder: &mut FrameDecoder, chunk: &[u8], seen: &mut Seen) -> Result<()> {
        decoder.decode(chunk, |stream, slice| {
            assert!(!slice.is_empty());
            match seen.last_mut() {
                Some((last, bytes)) if *last == stream => bytes.extend(slice),
                _ => seen.push((stream, slice.to_vec())),
            }
        })
    }

    fn decode(chunk: &[u8]) -> (Seen, Result<()>) {
        let (mut decoder, mut seen) = (FrameDecoder::new(Mode::Multiplexed), Vec::new());
        let result = feed(&mut decoder, chunk, &mut seen).and_then(|()| decoder.finish());
        (seen, result)
    }

    #[test]
    fn frames_are_told_apart_by_stream() {
        let bytes = [frame(1, b"out"), frame(2, b""), frame(2, b"err"), frame(0, b"echo")].concat();
        let (seen, result) = decode(&bytes);
        result.unwrap();
        assert_eq!(
            seen,
            [
                (LogStream::Stdout, b"out".to_vec()),
                (LogStream::Stderr, b"err".to_vec()),
                (LogStream::Stdout, b"echo".to_vec())
            ]
        );
    }

    #[test]
    fn a_payload_is_passed_on_before_its_frame_is_whole() {
        let (mut decoder, mut seen) = (FrameDecoder::new(Mode::Multiplexed), Vec::new());
        feed(&mut decoder, &frame(1, b"prompt> and more")[..HEADER + 8], &mut seen).unwrap();
        assert_eq!(seen, [(LogStream::Stdout, b"prompt> ".to_vec())]);
    }

    #[test]
    fn raw_output_is_all_stdout() {
        let (mut decoder, mut seen) = (FrameDecoder::new(Mode::Raw), Vec::new());
        feed(&mut decoder, &frame(2, b"x"), &mut seen).unwrap();
        decoder.finish().unwrap();
        assert_eq!(seen, [(LogStream::Stdout, frame(2, b"x"))]);
    }

    #[test]
    fn a_garbage_header_is_named_again_and_again() {
        let mut decoder = FrameDecoder::new(Mode::Multiplexed);
        for _ in 0..2 {
            let error = decoder.decode(b"HTTP/1.1 400", |_, _| panic!("no payload")).unwrap_err();
            assert!(error.is_protocol());
            assert!(error.to_string().contains("`HTTP/1.1`"), "{error}");
        }
        assert!(
            decode(&[1, 0, 1, 0, 0, 0, 0, 1, b'x']).1.unwrap_err().to_string().contains(r"\x01\x00\x01\x00")
        );
    }

    #[test]
    fn a_cut_says_how_many_bytes_are_missing() {
        let message = |bytes: &[u8]| decode(bytes).1.unwrap_err().to_string();
        assert!(message(&[1, 0, 0]).ends_with("truncated within a header: 5 bytes are missing"));
        assert!(
            message(&frame(2, b"abcdef")[..10])
                .ends_with("truncated within a frame of stderr: 4 bytes are missing")
        );
    }

    #[test]
    fn an_error_of_the_engine_is_an_error_here_whole_or_cut() {
        let bytes = [frame(1, b"x"), frame(3, b"log driver broke\n")].concat();
        for end in [bytes.len(), bytes.len() - 1] {
            let (seen, result) = decode(&bytes[..end]);
            assert_eq!(seen.len(), 1);
            assert!(result.unwrap_err().to_string().ends_with("`log driver broke`"));
        }
    }

    fn frames() -> impl Strategy<Value = Vec<u8>> {
        let one = (0u8..3, proptest::collection::vec(any::<u8>(), 0..40));
        proptest::collection::vec(one, 0..12)
            .prop_map(|all| all.iter().flat_map(|(kind, payload)| frame(*kind, payload)).collect())
    }

    proptest! {
        #[test]
        fn any_chunking_decodes_the_same(bytes in frames(), cuts in proptest::collection::vec(0usize..20, 0..60)) {
            let (whole, result) = decode(&bytes);
            result.unwrap();
            let (mut decoder, mut seen) = (FrameDecoder::new(Mode::Multiplexed), Vec::new());
            let mut rest = &bytes[..];
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                feed(&mut decoder, now, &mut seen).unwrap();
                rest = later;
            }
            feed(&mut decoder, rest, &mut seen).unwrap();
            decoder.finish().unwrap();
            prop_assert_eq!(seen, whole);
        }

        #[test]
        fn garbage_never_panics_and_invents_nothing(bytes in proptest::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..200)) {
            let (seen, _) = decode(&bytes);
            prop_assert!(seen.iter().map(|(_, slice)| slice.len()).sum::<usize>() <= bytes.len());
        }
    }
}
