//! Frames: a header of eight bytes and a payload. Uses no allocator.
//!
//! The header is the payload's length (2 bytes), the kind (1), the slot (1) and the case's number (4), in little-endian
//! byte order.

/// The protocol version; both sides must have the same.
pub const VERSION: u16 = 1;
/// The first bytes of a `Hello`; the version follows.
pub const MAGIC: [u8; 4] = *b"SEAT";

/// The size of a header, in bytes.
pub const HEADER: usize = 8;
/// The longest frame, header included, in bytes: a pipe takes a write of this size whole or not at all, so that several
/// processes can share a pipe.
pub const LONGEST: usize = 4096;
/// The longest payload, in bytes.
pub const PAYLOAD: usize = LONGEST - HEADER;
/// The number of slots: the most cases that run at the same time.
pub const SLOTS: usize = 64;
/// The number of bytes of an output stream that may be sent before the receiver grants credit.
pub const WINDOW: u32 = 256 * 1024;
/// The number of bytes of standard input that may be sent before the receiver grants credit.
pub const STDIN_WINDOW: u32 = 64 * 1024;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// From both sides: the first frame. Payload: [`hello`].
    Hello = 1,
    /// To the agent: a piece of a case's description, after a byte that is 1 if more pieces follow, else 0.
    Run = 2,
    /// To the agent: a piece of standard input; an empty one is its end.
    Stdin = 3,
    /// To the agent: kill the case.
    Cancel = 4,
    /// From both sides: permission to send more bytes of a stream. Payload: the stream's kind, and the number of bytes
    /// in 4 bytes.
    Credit = 5,
    /// From the agent: standard output.
    Stdout = 6,
    /// From the agent: standard error.
    Stderr = 7,
    /// From the agent: the case has ended. Payload: [`End`](super::end::End).
    End = 8,
    /// From the agent: the case was not started. Payload: [`Refusal`](super::end::Refusal).
    Refused = 9,
    /// From the agent: the case's worker has died. Payload: the number of the case's processes that could not be
    /// killed, in 4 bytes.
    Lost = 10,
}

impl Kind {
    /// Returns the kind with this number.
    #[must_use]
    pub const fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Hello,
            2 => Self::Run,
            3 => Self::Stdin,
            4 => Self::Cancel,
            5 => Self::Credit,
            6 => Self::Stdout,
            7 => Self::Stderr,
            8 => Self::End,
            9 => Self::Refused,
            10 => Self::Lost,
            _ => return None,
        })
    }
}

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The kind.
    pub kind: Kind,
    /// The case's slot, less than [`SLOTS`].
    pub slot: u8,
    /// The case's number.
    pub number: u32,
    /// The payload.
    pub payload: &'a [u8],
}

/// The reason why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// There is no kind with this number.
    Kind(u8),
    /// There is no slot with this number.
    Slot(u8),
    /// The payload is too long; its length in bytes.
    Length(u16),
}

impl<'a> Frame<'a> {
    /// Parses the frame at the start of these bytes, and returns it with its length; nothing if it is incomplete.
    ///
    /// # Errors
    /// Fails if the bytes are no frame; the bytes after them cannot be read either then.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Broken> {
        let Some((header, rest)) = bytes.split_at_checked(HEADER) else { return Ok(None) };
        let length = u16::from_le_bytes([header[0], header[1]]);
        if usize::from(length) > PAYLOAD {
            return Err(Broken::Length(length));
        }
        let Some(kind) = Kind::of(header[2]) else { return Err(Broken::Kind(header[2])) };
        let slot = header[3];
        if usize::from(slot) >= SLOTS {
            return Err(Broken::Slot(slot));
        }
        let number = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let Some(payload) = rest.get(..usize::from(length)) else { return Ok(None) };
        Ok(Some((Self { kind, slot, number, payload }, HEADER + usize::from(length))))
    }
}

/// Returns the header of a frame with a payload of `length` bytes, at most [`PAYLOAD`].
#[must_use]
pub const fn header(kind: Kind, slot: u8, number: u32, length: usize) -> [u8; HEADER] {
    debug_assert!(length <= PAYLOAD);
    let [low, high] = (length as u16).to_le_bytes();
    let [a, b, c, d] = number.to_le_bytes();
    [low, high, kind as u8, slot, a, b, c, d]
}

/// Returns the payload of a `Hello`.
#[must_use]
pub const fn hello() -> [u8; 6] {
    let [low, high] = VERSION.to_le_bytes();
    [MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], low, high]
}

/// Returns the version in the payload of a `Hello`; nothing if the payload is invalid.
#[must_use]
pub fn version_of(payload: &[u8]) -> Option<u16> {
    let version = payload.strip_prefix(&MAGIC)?;
    Some(u16::from_le_bytes([*version.first()?, *version.get(1)?]))
}

/// Returns the payload of a `Credit`.
#[must_use]
pub const fn credit(stream: Kind, bytes: u32) -> [u8; 5] {
    let [a, b, c, d] = bytes.to_le_bytes();
    [stream as u8, a, b, c, d]
}

/// Returns the stream and the number of bytes in the payload of a `Credit`; nothing if the payload is invalid.
#[must_use]
pub fn credit_of(payload: &[u8]) -> Option<(Kind, u32)> {
    let (stream, bytes) = payload.split_first()?;
    let stream = Kind::of(*stream)?;
    let is_stream = matches!(stream, Kind::Stdin | Kind::Stdout | Kind::Stderr);
    let bytes: [u8; 4] = bytes.try_into().ok()?;
    is_stream.then_some((stream, u32::from_le_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds() -> impl Strategy<Value = Kind> {
        (1..=10_u8).prop_map(|number| Kind::of(number).expect("it is one"))
    }

    /// Returns the bytes of a frame.
    fn bytes(kind: Kind, slot: u8, number: u32, payload: &[u8]) -> Vec<u8> {
        [&header(kind, slot, number, payload.len())[..], payload].concat()
    }

    /// A11: *pure*.
    #[test]
    fn an_invalid_length_is_refused_before_the_payload_arrives() {
        let longest = bytes(Kind::Stdout, 0, 1, &[7; PAYLOAD]);
        assert_eq!(longest.len(), LONGEST);
        assert!(Frame::parse(&longest).expect("it is one").is_some());
        for length in [PAYLOAD + 1, usize::from(u16::MAX)] {
            let length = u16::try_from(length).expect("it has two bytes");
            let [low, high] = length.to_le_bytes();
            let parsed =
                Frame::parse(&[low, high, Kind::Run as u8, 0, 0, 0, 0, 0]).map(|frame| frame.is_some());
            assert_eq!(parsed, Err(Broken::Length(length)));
        }
    }

    /// A11: *pure*.
    #[test]
    fn unknown_kinds_and_slots_are_refused() {
        for kind in [0, 11, 255] {
            assert_eq!(Frame::parse(&[0, 0, kind, 0, 0, 0, 0, 0]), Err(Broken::Kind(kind)));
        }
        assert_eq!(Frame::parse(&[0, 0, 2, 64, 0, 0, 0, 0]), Err(Broken::Slot(64)));
    }

    #[test]
    fn a_hello_names_its_version() {
        assert_eq!(version_of(&hello()), Some(VERSION));
        for other in [&b""[..], b"SEA", b"SEAT", b"SEAT\x01", b"HTTP/1"] {
            assert_eq!(version_of(other), None, "{other:?}");
        }
    }

    #[test]
    fn credit_is_for_streams() {
        assert_eq!(credit_of(&credit(Kind::Stderr, 70_000)), Some((Kind::Stderr, 70_000)));
        for other in [&b""[..], &[6, 0, 0, 0], &[6, 0, 0, 0, 0, 0], &[2, 0, 0, 0, 0]] {
            assert_eq!(credit_of(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn a_written_frame_is_parsed_again_and_an_incomplete_one_is_waited_for(
            kind in kinds(), slot in 0..64_u8, number: u32, payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = bytes(kind, slot, number, &payload);
            for cut in 0..bytes.len() {
                prop_assert_eq!(Frame::parse(&bytes[..cut]), Ok(None));
            }
            let more = [&bytes[..], b"more"].concat();
            let frame = Frame { kind, slot, number, payload: &payload };
            prop_assert_eq!(Frame::parse(&more), Ok(Some((frame, bytes.len()))));
        }

        #[test]
        fn garbage_is_refused_or_waited_for_and_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(Some((frame, length))) = Frame::parse(&bytes) {
                prop_assert!(length <= bytes.len() && frame.payload.len() + HEADER == length);
            }
        }
    }
}
