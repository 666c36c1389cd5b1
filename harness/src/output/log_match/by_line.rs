//! Searches the lines of one stream, in chunks, for a regex.

use memchr::{memchr, memrchr};
use regex::bytes::Regex;

use super::excerpt::excerpt;
use super::matcher::Hit;
use super::pattern::LineRegex;

/// The number of bytes of a line that are searched at once.
///
/// A longer line is searched through a sliding window of this size. Every match of at most an eighth of the size is
/// found; a longer one may be cut at the end of the window, where `$` may match, too.
pub(crate) const MAX_LINE: usize = 1024 * 1024;

/// The number of bytes kept in front of a position so that `^` and word boundaries are decided correctly: one
/// character.
const CONTEXT: usize = 4;

/// The state of the search in one stream.
#[derive(Debug)]
pub(crate) struct LineScan {
    window: usize,
    /// The unfinished line, or the last part of it.
    open: Vec<u8>,
    /// The position in `open` from which the search continues. If it is not 0, the start of the line was dropped.
    from: usize,
    /// The number of matches after `from` that `idle` has counted already.
    counted: usize,
    /// The length of `open` when `idle` last searched it.
    tried: usize,
}

impl LineScan {
    /// Creates the state for the start of a stream. `window` is [`MAX_LINE`], except in tests.
    pub(crate) fn new(window: usize) -> Self {
        Self { window, open: Vec::new(), from: 0, counted: 0, tried: 0 }
    }

    /// Subtracts one from `left` for each match on a line that ends in `chunk`, and returns the match that makes it 0.
    pub(crate) fn feed(&mut self, regex: &LineRegex, chunk: &[u8], left: &mut usize) -> Option<Hit> {
        // Split into pieces, so that the result does not depend on the size of the chunks.
        chunk.chunks(self.window).find_map(|piece| self.feed_piece(regex, piece, left))
    }

    /// Counts the matches on the unfinished line, once for each of its lengths.
    pub(crate) fn idle(&mut self, regex: &LineRegex, left: &mut usize) -> Option<Hit> {
        if self.tried == self.open.len() {
            return None;
        }
        self.tried = self.open.len();
        let found = search(&regex.line, &self.open, self.from, self.open.len() + 1, self.counted, left);
        self.counted = self.counted.max(found.matches);
        found.hit
    }

    /// Counts the matches on the last line, which has no end.
    pub(crate) fn finish(&mut self, regex: &LineRegex, left: &mut usize) -> Option<Hit> {
        if self.open.is_empty() { None } else { self.close(regex, left) }
    }

    fn feed_piece(&mut self, regex: &LineRegex, piece: &[u8], left: &mut usize) -> Option<Hit> {
        let mut rest = piece;
        if !self.open.is_empty()
            && let Some(end) = memchr(b'\n', rest)
        {
            let (line, after) = rest.split_at(end);
            rest = &after[1..];
            let hit = self.push(regex, line, left).or_else(|| self.end_line(regex, left));
            if hit.is_some() {
                return hit;
            }
        }
        let (block, open) = rest.split_at(memrchr(b'\n', rest).map_or(0, |end| end + 1));
        search_block(regex, block, left).or_else(|| self.push(regex, open, left))
    }

    /// Appends to the unfinished line, and moves the window forward whenever it is full.
    fn push(&mut self, regex: &LineRegex, mut bytes: &[u8], left: &mut usize) -> Option<Hit> {
        while self.open.len() + bytes.len() > self.window {
            let (now, later) = bytes.split_at(self.window - self.open.len());
            self.open.extend_from_slice(now);
            let hit = self.slide(regex, left);
            if hit.is_some() {
                return hit;
            }
            bytes = later;
        }
        self.open.extend_from_slice(bytes);
        None
    }

    /// Counts the matches that start in the window except in its last eighth, which is kept.
    fn slide(&mut self, regex: &LineRegex, left: &mut usize) -> Option<Hit> {
        let until = self.window - self.window / 8;
        let found = search(&regex.line, &self.open, self.from, until, self.counted, left);
        self.counted = self.counted.saturating_sub(found.matches);
        let next = until.max(found.end);
        let gone = next - CONTEXT.min(next);
        self.open.drain(..gone);
        self.from = next - gone;
        self.tried = 0;
        found.hit
    }

    fn end_line(&mut self, regex: &LineRegex, left: &mut usize) -> Option<Hit> {
        if self.open.ends_with(b"\r") {
            self.open.pop();
        }
        self.close(regex, left)
    }

    fn close(&mut self, regex: &LineRegex, left: &mut usize) -> Option<Hit> {
        let found = search(&regex.line, &self.open, self.from, self.open.len() + 1, self.counted, left);
        let mut open = std::mem::take(&mut self.open);
        open.clear();
        // Frees the memory of a long line, which would otherwise be held as long as the container runs.
        open.shrink_to(self.window / 16);
        *self = Self { open, ..Self::new(self.window) };
        found.hit
    }
}

/// Searches the lines of a block that contain a candidate. The block ends with a line end.
fn search_block(regex: &LineRegex, block: &[u8], left: &mut usize) -> Option<Hit> {
    let mut start = 0;
    while start < block.len() {
        if let Some(candidates) = &regex.block {
            let at = candidates.find_at(block, start)?.start();
            start += memrchr(b'\n', &block[start..at]).map_or(0, |end| end + 1);
        }
        // A candidate may follow the last line, for a regex that matches the empty text.
        let end = start + memchr(b'\n', &block[start..])?;
        let line = &block[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let found = search(&regex.line, line, 0, line.len() + 1, 0, left);
        if found.hit.is_some() {
            return found.hit;
        }
        start = end + 1;
    }
    None
}

/// The result of a search in one line.
struct Found {
    matches: usize,
    /// The end of the last match.
    end: usize,
    hit: Option<Hit>,
}

/// Visits the matches that start at `from` or later and before `until`, and counts all but the first `skip`.
fn search(regex: &Regex, line: &[u8], from: usize, until: usize, skip: usize, left: &mut usize) -> Found {
    let mut found = Found { matches: 0, end: 0, hit: None };
    let mut at = from;
    while at <= line.len() {
        let Some(next) = regex.find_at(line, at).filter(|next| next.start() < until) else { break };
        // An empty match directly after another match does not count.
        if next.is_empty() && found.matches > 0 && next.end() == found.end {
            at = next.end() + 1;
            continue;
        }
        at = next.end();
        found.end = next.end();
        found.matches += 1;
        if found.matches > skip {
            *left -= 1;
            if *left == 0 {
                found.hit = hit(regex, line, next.start());
                break;
            }
        }
    }
    found
}

/// Returns the match that starts at `at`, with its groups.
fn hit(regex: &Regex, line: &[u8], at: usize) -> Option<Hit> {
    let groups = regex.captures_at(line, at)?;
    let text = |group: regex::bytes::Match<'_>| String::from_utf8_lossy(group.as_bytes()).into_owned();
    let names = regex.capture_names().enumerate();
    Some(Hit {
        line: excerpt(line, groups.get_match().range()),
        captures: groups.iter().map(|group| group.map(text)).collect(),
        names: names.filter_map(|(group, name)| Some((name?.to_owned(), group))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::pattern::{Kind, Pattern};
    use super::*;

    fn regex(text: &str) -> LineRegex {
        match Pattern::regex(text).unwrap().kind() {
            Kind::Regex(regex) => regex.clone(),
            Kind::Text(_) => unreachable!("made from a regex"),
        }
    }

    /// Counts matches with a small window, in chunks of `size` bytes.
    fn count(text: &str, window: usize, bytes: &[u8], size: usize) -> usize {
        let (regex, mut scan, mut left) = (regex(text), LineScan::new(window), usize::MAX);
        for chunk in bytes.chunks(size) {
            assert!(scan.feed(&regex, chunk, &mut left).is_none());
            assert!(scan.open.len() <= window);
        }
        assert!(scan.finish(&regex, &mut left).is_none());
        usize::MAX - left
    }

    #[test]
    fn in_a_line_beyond_the_window_each_short_match_is_found_once() {
        let mut line = "abc-".repeat(500);
        line.push_str("end\nabc");
        for size in [1, 7, 64, 100, 5000] {
            assert_eq!(count("abc", 64, line.as_bytes(), size), 501, "{size}");
            assert_eq!(count(r"\babc\b", 64, line.as_bytes(), size), 501, "{size}");
            assert_eq!(count("^abc", 64, line.as_bytes(), size), 2, "{size}");
            assert_eq!(count(r"(?:abc-)+end$", 64, line.as_bytes(), size), 1, "{size}");
        }
    }

    #[test]
    fn a_prompt_is_counted_once_however_its_line_goes_on() {
        let (regex, mut scan, mut left) = (regex("> $|a"), LineScan::new(64), 100);
        let mut tell = |scan: &mut LineScan, chunk: &str| {
            assert!(scan.feed(&regex, chunk.as_bytes(), &mut left).is_none());
            assert!(scan.idle(&regex, &mut left).is_none());
            assert!(scan.idle(&regex, &mut left).is_none());
            100 - left
        };
        assert_eq!(tell(&mut scan, "a> "), 2);
        assert_eq!(tell(&mut scan, "typed"), 2);
        assert_eq!(tell(&mut scan, " a a\n"), 3);
        assert_eq!(tell(&mut scan, "> "), 4);
    }

    #[test]
    fn memory_of_a_long_line_is_given_back() {
        let (regex, mut scan) = (regex("x"), LineScan::new(1024));
        scan.feed(&regex, &[b'y'; 5000], &mut 1);
        scan.feed(&regex, b"\n", &mut 1);
        assert!(scan.open.capacity() <= 64);
    }
}
