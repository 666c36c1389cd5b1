//! Words: how a line of the extension is written and taken apart.

use std::fmt::{self, Write as _};
use std::str::FromStr;

/// The word for an empty text.
const EMPTY: &str = "-";

/// The error for a line that is no line of the extension. It says which word is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine(pub String);

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadLine {}

/// Writes a text as one word.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"._~:/@+,=".contains(&byte) || (byte == b'-' && text.len() > 1) {
            word.push(char::from(byte));
        } else {
            let _ = write!(word, "%{byte:02x}");
        }
    }
    if word.is_empty() { EMPTY.into() } else { word }
}

/// Reads a word as the text that it stands for.
///
/// # Errors
/// A `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
pub fn decoded(word: &str) -> Result<String, BadLine> {
    if word == EMPTY {
        return Ok(String::new());
    }
    let mut out = Vec::with_capacity(word.len());
    let mut bytes = word.bytes();
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'%' {
            let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
            let digits = digit().zip(digit());
            let (high, low) =
                digits.ok_or_else(|| BadLine("a `%` is not followed by two hexadecimal digits".into()))?;
            (high * 16 + low) as u8
        } else {
            byte
        });
    }
    String::from_utf8(out).map_err(|_| BadLine("a text is not UTF-8".into()))
}

/// The words of one line, from the second on.
pub(super) struct Words<'a> {
    /// The line's first word, with its mark.
    pub(super) verb: &'a str,
    rest: std::str::Split<'a, char>,
}

impl<'a> Words<'a> {
    pub(super) fn of(line: &'a [u8]) -> Result<Self, BadLine> {
        let text = std::str::from_utf8(line).map_err(|_| BadLine("the line is not UTF-8".into()))?;
        let mut rest = text.split(' ');
        let verb = rest.next().unwrap_or_default();
        Ok(Self { verb, rest })
    }

    /// Takes the next word.
    pub(super) fn word(&mut self, name: &str) -> Result<&'a str, BadLine> {
        let word = self.rest.next().filter(|word| !word.is_empty());
        word.ok_or_else(|| BadLine(format!("`{}` has no {name}", shown(self.verb))))
    }

    /// Takes the next word as a text.
    pub(super) fn text(&mut self, name: &str) -> Result<String, BadLine> {
        decoded(self.word(name)?).map_err(|error| BadLine(format!("{name}: {error}")))
    }

    /// Takes the next word as a number.
    pub(super) fn number<N: FromStr>(&mut self, name: &str) -> Result<N, BadLine> {
        let word = self.word(name)?;
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        let number = word.parse().ok().filter(|_| digits);
        number.ok_or_else(|| BadLine(format!("{name} `{}` is no number, or too large", shown(word))))
    }

    /// Takes the next word as one of several.
    pub(super) fn choice<T: Copy>(&mut self, name: &str, of: &[(&str, T)]) -> Result<T, BadLine> {
        let word = self.word(name)?;
        let found = of.iter().find(|(choice, _)| *choice == word);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let choices: Vec<_> = of.iter().map(|(choice, _)| *choice).collect();
            BadLine(format!("{name} `{}` is none of: {}", shown(word), choices.join(", ")))
        })
    }

    /// Takes all words that are left as pairs of a key and a value.
    pub(super) fn pairs(&mut self) -> Result<Vec<(String, String)>, BadLine> {
        let mut pairs = Vec::new();
        for word in self.rest.by_ref() {
            let pair = word.split_once('=');
            let (key, value) =
                pair.ok_or_else(|| BadLine(format!("`{}` is no pair of key and value", shown(word))))?;
            pairs.push((decoded(key)?, decoded(value)?));
        }
        Ok(pairs)
    }

    /// Checks that no word is left.
    pub(super) fn end(mut self) -> Result<(), BadLine> {
        match self.rest.next() {
            Some(word) => {
                Err(BadLine(format!("`{}` has a word too many: `{}`", shown(self.verb), shown(word))))
            }
            None => Ok(()),
        }
    }
}

/// Writes a pair of key and value as one word.
pub(super) fn pair(key: &str, value: &str) -> String {
    let mut key = encoded(key);
    if key.contains('=') {
        key = key.replace('=', "%3d");
    }
    format!("{key}={}", encoded(value))
}

/// Returns the word for a value of a list of choices.
pub(super) fn word_of<T: Copy + PartialEq>(value: T, of: &[(&'static str, T)]) -> &'static str {
    of.iter().find(|(_, other)| *other == value).map_or("", |(word, _)| word)
}

/// Returns the beginning of a foreign word, for messages.
pub(super) fn shown(word: &str) -> String {
    word.chars().take(40).collect::<String>().escape_debug().to_string()
}
