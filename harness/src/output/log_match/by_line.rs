//! Looks for a regex in the lines of one stream of bytes that comes in pieces.

use memchr::{memchr, memrchr};
use regex::bytes::Regex;

use super::excerpt::excerpt;
use super::matcher::Hit;
use super::pattern::LineRegex;

/// How much of a line is looked at in one piece.
///
/// A longer line is looked at through a window of this size. In it each match is found that is no longer than an
/// eighth of that; a longer one may be cut at the end of the window, and `$` may hold there.
pub(crate) const MAX_LINE: usize = 1024 * 1024;

/// What stays in front of a place so that `^` and word boundaries are right there: one character.
const CONTEXT: usize = 4;

/// How far the search in one stream is.
#[derive(Debug)]
pub(crate) struct LineScan {
    window: usize,
    /// The line that is not at its end yet, or the end of it.
    open: Vec<u8>,
    /// Where in `open` the search goes on. Not 0 means that the start of the line is gone.
    from: usize,
    /// How many matches after `from` were counted already, by `idle`.
    counted: usize,
    /// How long `open` was when `idle` looked at it.
    tried: usize,
}

impl LineScan {
    /// A scan at the start of a stream; `window` is [`MAX_LINE`] but for tests.
    pub(crate) fn new(window: usize) -> Self {
        Self { window, open: Vec::new(), from: 0, counted: 0, tried: 0 }
    }

    /// Takes one from `left` for each match on a line that ends in `chunk`, and returns the one that makes it 0.
    pub(crate) fn feed(&mut self, regex: &LineRegex, chunk: &[u8], left: &mut usize) -> Option<Hit> {
        // In pieces, so that a line is longer than the window or not however it comes.
        chunk.chunks(self.window).find_map(|piece| self.feed_piece(regex, piece, left))
    }

    /// Counts what matches on the line that is not at its end yet, once for each length of it.
    pub(crate) fn idle(&mut self, regex: &LineRegex, left: &mut usize) -> Option<Hit> {
        if self.tried == self.open.len() {
            return None;
        }
        self.tried = self.open.len();
        let found = search(&regex.line, &self.open, self.from, self.open.len() + 1, self.counted, left);
        self.counted = self.counted.max(found.matches);
        found.hit
    }

    /// Counts what matches on the last line, which had no end.
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

    /// Adds to the open line, and moves the window on when it is full and there is more.
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

    /// Counts what starts in the window but for its last eighth, and keeps that.
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
        // One long line must not cost its memory for as long as the container runs.
        open.shrink_to(self.window / 16);
        *self = Self { open, ..Self::new(self.window) };
        found.hit
    }
}

/// Looks at the lines of a block that have a candidate; the block ends with the end of a line.
fn search_block(regex: &LineRegex, block: &[u8], left: &mut usize) -> Option<Hit> {
    let mut start = 0;
    while start < block.len() {
        if let Some(candidates) = &regex.block {
            let at = candidates.find_at(block, start)?.start();
            start += memrchr(b'\n', &block[start..at]).map_or(0, |end| end + 1);
        }
        // Behind the last line there may be a candidate too, for a regex that matches nothing.
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

/// What a search in one line came to.
struct Found {
    matches: usize,
    /// Where the last match ended.
    end: usize,
    hit: Option<Hit>,
}

/// Goes over the matches that start at `from` or later and before `until`, and counts all but the first `skip`.
fn search(regex: &Regex, line: &[u8], from: usize, until: usize, skip: usize, left: &mut usize) -> Found {
    let mut found = Found { matches: 0, end: 0, hit: None };
    let mut at = from;
    while at <= line.len() {
        let Some(next) = regex.find_at(line, at).filter(|next| next.start() < until) else { break };
        // Nothing right after a match is not one more match.
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

/// The match that starts at `at`, with its groups.
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

    /// Counts with a small window, in chunks of `size`.
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
