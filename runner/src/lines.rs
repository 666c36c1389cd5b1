//! Lines of files that people write, on any system. Pure.

/// The mark that some editors put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns the lines of a text, each without its end.
///
/// A line ends in `\n` or `\r\n`. A byte order mark before the first line is left out.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    without_mark(text).split(|byte| *byte == b'\n').map(without_return)
}

/// Returns a text without the byte order mark at its beginning, if it has one.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Returns a line without the carriage return at its end, if it has one.
pub(crate) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R2: *pure*. Line ends of every system are taken off, and a byte order mark too.
    #[test]
    fn line_ends_of_every_system_are_no_part_of_a_line() {
        for (text, expected) in [
            (&b"a\r\nb\r\n"[..], &[&b"a"[..], b"b", b""][..]),
            (b"a\nb", &[b"a", b"b"]),
            (b"\xef\xbb\xbfa\r\n", &[b"a", b""]),
            (b"a\xef\xbb\xbf\nb", &[b"a\xef\xbb\xbf", b"b"]),
            (b"a\rb\r\n\r\n", &[b"a\rb", b"", b""]),
            (b"", &[b""]),
        ] {
            assert_eq!(lines(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
