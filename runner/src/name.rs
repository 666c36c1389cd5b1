//! A case's name: any bytes but a newline and NUL. It is shown with escapes, and cut if it is long.

use std::fmt;

/// The most bytes of a name that `Display` shows.
const SHOWN: usize = 160;

/// A case's name, as bytes.
///
/// `Display` shows bytes that are not text, and control characters, as escapes; it cuts a long name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(pub &'a [u8]);

impl<'a> Name<'a> {
    /// Returns the name as text; `None` if it is not UTF-8.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// Returns the whole name as one line, with escapes.
    #[must_use]
    pub fn to_line(self) -> String {
        escaped(self.0)
    }
}

/// Returns bytes as one line of text, with escapes for control characters and for bytes that are not UTF-8.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\t' => line.push('\t'),
                char if char.is_control() => line.extend(char.escape_default()),
                char => line.push(char),
            }
        }
        for byte in chunk.invalid() {
            line.push_str(&format!("\\x{byte:02x}"));
        }
    }
    line
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = &self.0[..self.0.len().min(SHOWN)];
        // A character in the middle of which the cut is made is left out.
        let cut = match std::str::from_utf8(cut) {
            Err(error) if error.error_len().is_none() && cut.len() < self.0.len() => {
                &cut[..error.valid_up_to()]
            }
            _ => cut,
        };
        f.write_str(&escaped(cut))?;
        if cut.len() < self.0.len() { write!(f, "… ({} bytes)", self.0.len()) } else { Ok(()) }
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R2: *pure*. A name is shown so that a terminal obeys nothing of it.
    #[test]
    fn bytes_that_are_not_text_are_shown_as_escapes() {
        for (name, shown) in [
            (&b"test_json"[..], "test_json"),
            (b"with space 'and' \"quotes\"", "with space 'and' \"quotes\""),
            (b"a\xffb", "a\\xffb"),
            (b"\x1b[31mred", "\\u{1b}[31mred"),
            ("k\u{e4}se".as_bytes(), "k\u{e4}se"),
        ] {
            assert_eq!(Name(name).to_string(), shown);
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = "\u{e4}".repeat(50_000);
        assert_eq!(Name(name.as_bytes()).to_string(), format!("{}… (100000 bytes)", "\u{e4}".repeat(80)));
        let odd = format!("x{name}");
        assert!(Name(odd.as_bytes()).to_string().starts_with(&format!("x{}… ", "\u{e4}".repeat(79))));
    }
}
