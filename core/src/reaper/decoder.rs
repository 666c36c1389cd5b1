//! The line decoder: splits a stream of bytes into lines, in whatever chunks the bytes come.

/// The most bytes of a line, without its end.
pub const MAX_LINE: usize = 65_535;

/// The error for a line that is longer than [`MAX_LINE`]. Nothing after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// The decoder, which holds the line that is not finished yet.
///
/// A line ends with `\n`, with `\r\n`, or with the stream. Of several `\r`, only the last one is part of the end.
#[derive(Debug, Default)]
pub struct LineDecoder {
    unfinished: Vec<u8>,
}

impl LineDecoder {
    /// Takes the next bytes, and calls `line` for each line that they finish.
    ///
    /// # Errors
    /// A line is too long. `line` has been called for the lines before it. The decoder can't be used any more.
    pub fn feed(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) -> Result<(), TooLong> {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            if self.unfinished.is_empty() {
                line(checked(without_cr(&bytes[..end]))?);
            } else {
                self.take(&bytes[..end])?;
                let whole = std::mem::take(&mut self.unfinished);
                line(checked(without_cr(&whole))?);
            }
            bytes = &bytes[end + 1..];
        }
        self.take(bytes)
    }

    /// Ends the stream, and calls `line` for the unfinished line, if there is one.
    ///
    /// # Errors
    /// The line is too long.
    pub fn finish(self, line: impl FnOnce(&[u8])) -> Result<(), TooLong> {
        if !self.unfinished.is_empty() {
            line(checked(without_cr(&self.unfinished))?);
        }
        Ok(())
    }

    /// Returns the number of bytes of the unfinished line.
    #[must_use]
    pub fn held(&self) -> usize {
        self.unfinished.len()
    }

    /// Keeps a part of a line. One byte more than [`MAX_LINE`] is accepted if it can be the `\r` of the line's end.
    fn take(&mut self, part: &[u8]) -> Result<(), TooLong> {
        let len = self.unfinished.len() + part.len();
        let last = part.last().or(self.unfinished.last());
        if len > MAX_LINE + 1 || (len == MAX_LINE + 1 && last != Some(&b'\r')) {
            return Err(TooLong);
        }
        self.unfinished.extend_from_slice(part);
        Ok(())
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn checked(line: &[u8]) -> Result<&[u8], TooLong> {
    if line.len() > MAX_LINE { Err(TooLong) } else { Ok(line) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns all lines of a stream in these chunks, and `true` if a line was too long.
    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
        let mut lines = Vec::new();
        let mut decoder = LineDecoder::default();
        for chunk in chunks {
            if decoder.feed(chunk, |line| lines.push(line.to_vec())).is_err() {
                return (lines, true);
            }
        }
        let cut = decoder.finish(|line| lines.push(line.to_vec())).is_err();
        (lines, cut)
    }

    #[test]
    fn each_kind_of_line_end_ends_a_line() {
        let (lines, cut) = decode([b"a\nb\r\n\nc\r\r\nd".as_slice()]);
        assert_eq!(lines, [b"a".as_slice(), b"b", b"", b"c\r", b"d"]);
        assert!(!cut);
    }

    #[test]
    fn the_longest_line_passes_and_a_longer_one_does_not() {
        for end in ["\n", "\r\n", ""] {
            let longest = "x".repeat(MAX_LINE) + end;
            let longer = "x".repeat(MAX_LINE + 1) + end;
            for chunk in [1, 1_000, 100_000] {
                assert!(!decode(longest.as_bytes().chunks(chunk)).1, "{end:?} in chunks of {chunk}");
                let (lines, cut) = decode(format!("a\n{longer}").as_bytes().chunks(chunk));
                assert!(cut && lines == [b"a"], "{end:?} in chunks of {chunk}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_chunking_decodes_the_same(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..300),
            sizes in proptest::collection::vec(1_usize..20, 1..50),
        ) {
            let mut chunks = Vec::new();
            let mut rest = stream.as_slice();
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, left) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = left;
            }
            prop_assert_eq!(decode(chunks), decode([stream.as_slice()]));
        }

        #[test]
        fn decoded_lines_are_those_that_were_written(lines in proptest::collection::vec("[^\r\n]{0,40}", 0..20)) {
            let stream: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let expected: Vec<_> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(decode(stream.as_bytes().chunks(7)).0, expected);
        }
    }
}
