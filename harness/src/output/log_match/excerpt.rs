//! The part of a line that is shown with a match.

use std::ops::Range;

use memchr::{memchr, memrchr};

/// The maximum number of bytes shown.
const WHOLE: usize = 4096;

/// The maximum number of bytes shown in front of the match.
pub(crate) const LEAD: usize = 2048;

/// Returns the lines that contain `found`, without the last line end. Invalid UTF-8 is replaced.
pub(crate) fn excerpt(text: &[u8], found: Range<usize>) -> String {
    let line_start = memrchr(b'\n', &text[..found.start]).map_or(0, |at| at + 1);
    let start = line_start.max(found.start.saturating_sub(LEAD));
    let line_end = memchr(b'\n', &text[found.end..]).map_or(text.len(), |at| found.end + at);
    let shown = &text[start..line_end.min(start + WHOLE)];
    String::from_utf8_lossy(shown.strip_suffix(b"\r").unwrap_or(shown)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_around_a_match_is_shown() {
        assert_eq!(excerpt(b"a\nbcd\r\ne", 3..4), "bcd");
        assert_eq!(excerpt(b"bcd", 0..0), "bcd");
        assert_eq!(excerpt(b"a\nb\nc\nd", 2..5), "b\nc");
    }

    #[test]
    fn a_long_line_is_cut_around_the_match() {
        let mut text = vec![b'x'; 10_000];
        text[5_000] = b'!';
        let shown = excerpt(&text, 5_000..5_001);
        assert_eq!((shown.len(), shown.find('!')), (WHOLE, Some(LEAD)));
    }
}
