//! A case's name: any bytes but a newline and NUL, and how it is shown.

use std::fmt;

/// How many bytes of a name are shown where a line is all that there is.
const SHOWN: usize = 160;

/// A case's name, as bytes; `Display` shows what is not text, and control characters, as escapes, and cuts it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(pub &'a [u8]);

impl<'a> Name<'a> {
    /// The name, if it is text.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// All of it in a line, with escapes.
    #[must_use]
    pub fn to_line(self) -> String {
        escaped(self.0)
    }
}

/// Bytes as a line of text: what is not text, and control characters, as escapes.
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
        // A character that the cut went through is left out.
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

    /// R2: *pure*.
    #[test]
    fn what_is_not_text_is_shown_as_escapes() {
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
