//! Searches one stream, in chunks, for a text.

use memchr::memmem::Finder;

use super::excerpt::{LEAD, excerpt};
use super::matcher::Hit;

/// The state of the search in one stream.
///
/// The scanned bytes end with `tail`. The last `fresh` bytes of it follow the last match, so that a match may start in
/// them.
#[derive(Debug, Default)]
pub(crate) struct TextScan {
    /// The last bytes of the stream: enough for the start of a match, and to show the line of a match.
    tail: Vec<u8>,
    fresh: usize,
}

impl TextScan {
    /// Subtracts one from `left` for each match that ends in `chunk`, and returns the match that makes it 0.
    pub(crate) fn feed(&mut self, finder: &Finder<'_>, chunk: &[u8], left: &mut usize) -> Option<Hit> {
        let needle = finder.needle().len();
        let mut end = 0;
        if let Some(seam_end) = self.seam(finder, chunk) {
            end = seam_end;
            *left -= 1;
            if *left == 0 {
                return Some(self.hit(finder, chunk, end));
            }
        }
        // From here on, only matches completely within `chunk` are found.
        let base = end;
        for at in finder.find_iter(&chunk[base..]) {
            end = base + at + needle;
            *left -= 1;
            if *left == 0 {
                return Some(self.hit(finder, chunk, end));
            }
        }
        self.remember(chunk, end, needle);
        None
    }

    /// Returns the end in `chunk` of a match that starts before it.
    fn seam(&mut self, finder: &Finder<'_>, chunk: &[u8]) -> Option<usize> {
        let needle = finder.needle().len();
        let before = self.tail.len();
        let carry = self.fresh.min(needle - 1);
        if carry == 0 {
            return None;
        }
        self.tail.extend_from_slice(&chunk[..chunk.len().min(needle - 1)]);
        let found = finder.find(&self.tail[before - carry..]);
        self.tail.truncate(before);
        found.map(|at| at + needle - carry)
    }

    /// Keeps the bytes that the next chunk needs. `end` is the end of the last match in `chunk`, or 0 without one.
    fn remember(&mut self, chunk: &[u8], end: usize, needle: usize) {
        let keep = LEAD.max(needle - 1);
        self.fresh = if end > 0 { chunk.len() - end } else { self.fresh.saturating_add(chunk.len()) };
        let last = &chunk[chunk.len().saturating_sub(keep)..];
        // Trimmed only at twice the required size, so that small chunks don't move it each time.
        if last.len() == keep {
            self.tail.clear();
        } else if self.tail.len() + last.len() > 2 * keep {
            self.tail.drain(..self.tail.len() - keep);
        }
        self.tail.extend_from_slice(last);
    }

    fn hit(&self, finder: &Finder<'_>, chunk: &[u8], end: usize) -> Hit {
        let text = [&self.tail, chunk].concat();
        let end = self.tail.len() + end;
        let found = String::from_utf8_lossy(finder.needle()).into_owned();
        let line = excerpt(&text, end - finder.needle().len()..end);
        Hit { captures: vec![Some(found)], names: Vec::new(), line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(needle: &str, chunks: &[&str]) -> usize {
        let (finder, mut scan) = (Finder::new(needle), TextScan::default());
        let mut left = usize::MAX;
        for chunk in chunks {
            assert!(scan.feed(&finder, chunk.as_bytes(), &mut left).is_none());
        }
        usize::MAX - left
    }

    #[test]
    fn a_match_may_straddle_any_number_of_chunks() {
        assert_eq!(count("ready", &["re", "", "ad", "y re", "a", "d", "y"]), 2);
        assert_eq!(count("a\nb", &["a", "\n", "b"]), 1);
    }

    #[test]
    fn matches_do_not_overlap_over_chunks_either() {
        assert_eq!(count("aa", &["a", "aa", "a"]), 2);
        assert_eq!(count("aba", &["ab", "aba"]), 1);
    }

    #[test]
    fn what_is_kept_does_not_grow() {
        let (finder, mut scan) = (Finder::new("needle"), TextScan::default());
        for _ in 0..10_000 {
            assert!(scan.feed(&finder, b"no line end, and needl", &mut 1).is_none());
            assert!(scan.tail.len() <= 2 * LEAD);
        }
    }

    #[test]
    fn the_line_is_put_together_from_chunks() {
        let (finder, mut scan) = (Finder::new("ready"), TextScan::default());
        assert!(scan.feed(&finder, b"first\ndatabase re", &mut 1).is_none());
        let hit = scan.feed(&finder, b"ady on 5432\nnext", &mut 1).unwrap();
        assert_eq!(hit.line, "database ready on 5432");
    }
}
