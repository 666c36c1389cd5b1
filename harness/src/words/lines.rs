//! Splits a container's output into lines and removes the engine's time stamps. It does no I/O.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use memchr::memchr;

use super::stream::LogStream;
use super::time::parse_rfc3339;

/// The maximum number of bytes kept of a line, its time stamp and line end included.
pub(crate) const MAX_LINE: usize = 1024 * 1024;

/// The size of the pieces into which the engine splits a longer line in its log. Each piece gets a time stamp.
const ENGINE_PIECE: usize = 16 * 1024;

/// The maximum length of a time stamp: date, time, nine decimals, an offset and a space.
const MAX_STAMP: usize = 36;

/// A line of a container's output.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// The stream on which it was printed.
    pub stream: LogStream,
    /// The time at which the engine received it. `None` if no time stamps were requested.
    pub time: Option<SystemTime>,
    /// The content, without the line end.
    pub bytes: Bytes,
    /// `true` if the line is longer than 1 MiB. The rest of it was dropped.
    pub truncated: bool,
}

impl LogLine {
    /// Returns the line as text. Invalid UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

/// A splitter of one container's output into lines. The two streams are independent.
///
/// A line ends with `\n` or `\r\n`, or at the end of its stream.
#[derive(Debug)]
pub(crate) struct LineSplitter {
    stamped: bool,
    stdout: Open,
    stderr: Open,
}

/// An unfinished line.
#[derive(Debug, Default)]
struct Open {
    bytes: Vec<u8>,
    /// Set if bytes were dropped, which are missing in `bytes`.
    truncated: bool,
}

impl LineSplitter {
    /// Creates a splitter for output without time stamps.
    pub(crate) fn new() -> Self {
        Self { stamped: false, stdout: Open::default(), stderr: Open::default() }
    }

    /// Creates a splitter for the engine's log with `timestamps=1`, where each line starts with a time stamp and a
    /// space.
    ///
    /// A line without a time stamp is passed on unchanged.
    pub(crate) fn with_timestamps() -> Self {
        Self { stamped: true, ..Self::new() }
    }

    /// Consumes the next bytes of a stream, and passes each line that ends in them to `sink`.
    pub(crate) fn feed(&mut self, stream: LogStream, chunk: &[u8], mut sink: impl FnMut(LogLine)) {
        let stamped = self.stamped;
        let open = self.open(stream);
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            if open.bytes.is_empty() && line.len() <= MAX_LINE {
                sink(whole(stream, stamped, line, false));
            } else {
                open.push(line);
                sink(whole(stream, stamped, &open.bytes, open.truncated));
                open.clear();
            }
            rest = after;
        }
        open.push(rest);
    }

    /// Passes the unfinished lines to `sink`, at the end of the output.
    pub(crate) fn finish(&mut self, mut sink: impl FnMut(LogLine)) {
        let stamped = self.stamped;
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            let open = self.open(stream);
            if !open.bytes.is_empty() {
                sink(log_line(stream, stamped, &open.bytes, open.truncated));
                open.clear();
            }
        }
    }

    fn open(&mut self, stream: LogStream) -> &mut Open {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }
}

impl Open {
    fn push(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(MAX_LINE - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..kept]);
        self.truncated |= kept < bytes.len();
    }

    fn clear(&mut self) {
        self.bytes.clear();
        // Frees the memory of a long line, which would otherwise be held as long as the container runs.
        self.bytes.shrink_to(ENGINE_PIECE);
        self.truncated = false;
    }
}

/// Creates a line that ended with `\n`. A truncated one has no `\r` to strip.
fn whole(stream: LogStream, stamped: bool, line: &[u8], truncated: bool) -> LogLine {
    let text = if truncated { line } else { line.strip_suffix(b"\r").unwrap_or(line) };
    log_line(stream, stamped, text, truncated)
}

fn log_line(stream: LogStream, stamped: bool, line: &[u8], truncated: bool) -> LogLine {
    match stamp(line).filter(|_| stamped) {
        Some((time, stamp)) => {
            let text = &line[stamp.len()..];
            let bytes = match text.len() {
                ..=ENGINE_PIECE => Bytes::copy_from_slice(text),
                _ => join(text, stamp).into(),
            };
            LogLine { stream, time, bytes, truncated }
        }
        None => LogLine { stream, time: None, bytes: Bytes::copy_from_slice(line), truncated },
    }
}

/// Returns the time stamp at the start of a line, parsed and as bytes, the space included.
fn stamp(line: &[u8]) -> Option<(Option<SystemTime>, &[u8])> {
    let end = memchr(b' ', &line[..line.len().min(MAX_STAMP)])?;
    let time = parse_rfc3339(std::str::from_utf8(&line[..end]).ok()?)?;
    Some((Some(time), &line[..=end]))
}

/// Removes the repeated time stamps in front of the further pieces of a long line.
fn join(text: &[u8], stamp: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((piece, after)) = rest.split_at_checked(ENGINE_PIECE) {
        joined.extend_from_slice(piece);
        // All pieces have the first one's time stamp, to the nanosecond, so the text is unlikely to equal it by chance.
        rest = after.strip_prefix(stamp).unwrap_or(after);
    }
    joined.extend_from_slice(rest);
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const STAMP: &str = "2024-02-29T12:34:56.000000001Z ";

    fn collect(mut splitter: LineSplitter, chunks: &[(LogStream, &[u8])]) -> Vec<LogLine> {
        let mut lines = Vec::new();
        for (stream, chunk) in chunks {
            splitter.feed(*stream, chunk, |line| lines.push(line));
        }
        splitter.finish(|line| lines.push(line));
        lines
    }

    fn stdout(splitter: LineSplitter, bytes: &[u8]) -> Vec<LogLine> {
        collect(splitter, &[(LogStream::Stdout, bytes)])
    }

    fn texts(lines: &[LogLine]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lines_end_with_either_line_end_or_the_output() {
        let lines = stdout(LineSplitter::new(), b"a\n\nb\r\nc\rd\n \r");
        assert_eq!(texts(&lines), ["a", "", "b", "c\rd", " \r"]);
        assert!(lines.iter().all(|line| line.time.is_none() && !line.truncated));
    }

    #[test]
    fn the_streams_do_not_mix() {
        let (out, err) = (LogStream::Stdout, LogStream::Stderr);
        let lines =
            collect(LineSplitter::new(), &[(out, b"o1 "), (err, b"e1\ne"), (out, b"o2\n"), (err, b"2")]);
        let seen: Vec<_> = lines.iter().map(|line| (line.stream, line.to_string())).collect();
        assert_eq!(seen, [(err, "e1".into()), (out, "o1 o2".into()), (err, "e2".into())]);
    }

    #[test]
    fn a_time_is_taken_off_where_there_is_one() {
        let text = format!("{STAMP}hello\r\n{STAMP}\nno time\n{STAMP}last");
        let lines = stdout(LineSplitter::with_timestamps(), text.as_bytes());
        assert_eq!(texts(&lines), ["hello", "", "no time", "last"]);
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_709_210_096, 1);
        let times: Vec<_> = lines.iter().map(|line| line.time).collect();
        assert_eq!(times, [Some(time), Some(time), None, Some(time)]);
    }

    #[test]
    fn a_line_that_the_engine_stamped_in_pieces_is_joined() {
        let (piece, tail) = ("a".repeat(ENGINE_PIECE), "b".repeat(10));
        let text = format!("{STAMP}{piece}{STAMP}{piece}{STAMP}{tail}\n{STAMP}next\n");
        let lines = stdout(LineSplitter::with_timestamps(), text.as_bytes());
        assert_eq!(texts(&lines), [format!("{piece}{piece}{tail}"), "next".into()]);
    }

    #[test]
    fn a_line_over_the_bound_is_cut_and_says_so() {
        let long = "x".repeat(MAX_LINE);
        let text = format!("{long}\n{long}y\r\n{long}\r\nz\n");
        let cut = stdout(LineSplitter::new(), text.as_bytes());
        assert_eq!(cut.iter().map(|line| line.truncated).collect::<Vec<_>>(), [false, true, true, false]);
        assert_eq!(texts(&cut), [long.as_str(), &long, &long, "z"]);
    }

    #[test]
    fn text_replaces_what_is_not_utf8_and_bytes_keep_it() {
        let lines = stdout(LineSplitter::new(), b"a\xffb\n");
        assert_eq!((&*lines[0].text(), &lines[0].bytes[..]), ("a\u{fffd}b", &b"a\xffb"[..]));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_lines_of_the_whole(
            text in "[ab\r\n]{0,60}",
            stamped in any::<bool>(),
            cuts in proptest::collection::vec(0usize..20, 0..60),
        ) {
            let text = if stamped { text.replace('\n', &format!("\n{STAMP}")) } else { text };
            let splitter = || if stamped { LineSplitter::with_timestamps() } else { LineSplitter::new() };
            let mut rest = text.as_bytes();
            let mut chunks = Vec::new();
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                chunks.push((LogStream::Stderr, now));
                rest = later;
            }
            chunks.push((LogStream::Stderr, rest));
            let lines = collect(splitter(), &chunks);
            prop_assert_eq!(&lines, &collect(splitter(), &[(LogStream::Stderr, text.as_bytes())]));
            if !stamped {
                prop_assert_eq!(texts(&lines), text.lines().map(String::from).collect::<Vec<_>>());
            }
        }
    }
}
