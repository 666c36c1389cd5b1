//! A parser for Java's `.properties` format, in which `~/.testcontainers.properties` is written. It reads no file.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

/// The keys and values of one file. A repeated key has its last value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Properties {
    values: HashMap<String, String>,
    /// The file's name, for messages.
    file: String,
}

impl Properties {
    /// Parses the content of a file. `file` is its name for messages.
    ///
    /// # Errors
    /// A sentence with the file and line, but without content, if an escape is no Unicode character.
    pub(crate) fn parse(content: &[u8], file: impl Into<String>) -> Result<Self, String> {
        let file = file.into();
        let mut values = HashMap::new();
        for (number, line) in logical_lines(&decode(content)) {
            let entry = entry(&line)
                .ok_or_else(|| format!("`{file}` has an escape in line {number} that should be `\\uXXXX`"))?;
            values.insert(entry.0, entry.1);
        }
        Ok(Self { values, file })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }
}

/// Decodes UTF-8, or else Latin-1: the format is specified as Latin-1, but mostly written as UTF-8.
fn decode(content: &[u8]) -> String {
    match std::str::from_utf8(content) {
        Ok(text) => text.to_owned(),
        Err(_) => content.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Joins continued lines and drops comments and empty lines. Returns each line with the number of its first line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let natural = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = natural.split('\n').enumerate();
    let mut logical = Vec::new();
    while let Some((index, line)) = lines.next() {
        let line = line.trim_start_matches(is_blank);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut joined = line.to_owned();
        while continues(&joined) {
            joined.pop();
            let Some((_, next)) = lines.next() else { break };
            joined.push_str(next.trim_start_matches(is_blank));
        }
        logical.push((index + 1, joined));
    }
    logical
}

/// Returns `true` if the line ends with an odd number of backslashes, the last of which escapes the line's end.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

/// Splits a logical line at the first `=`, `:` or blank that is not escaped.
fn entry(line: &str) -> Option<(String, String)> {
    let mut chars = line.chars().peekable();
    let key = unescape(&mut chars, |c| matches!(c, '=' | ':') || is_blank(c))?;
    skip_blanks(&mut chars);
    if chars.next_if(|c| matches!(c, '=' | ':')).is_some() {
        skip_blanks(&mut chars);
    }
    Some((key, unescape(&mut chars, |_| false)?))
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| is_blank(*c)).is_some() {}
}

/// Reads up to the first character for which `ends` returns `true`, and leaves that one unread.
fn unescape(chars: &mut Peekable<Chars<'_>>, ends: impl Fn(char) -> bool) -> Option<String> {
    let mut text = String::new();
    while let Some(c) = chars.next_if(|c| !ends(*c)) {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('u') => text.push(unicode(chars)?),
            Some('t') => text.push('\t'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('f') => text.push('\x0c'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    Some(text)
}

/// Reads the four hex digits after `\u`, and the second half of a surrogate pair if they are the first half.
fn unicode(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    let first = four_digits(chars)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first.into());
    }
    (chars.next()? == '\\' && chars.next()? == 'u').then_some(())?;
    char::decode_utf16([first, four_digits(chars)?]).next()?.ok()
}

fn four_digits(chars: &mut Peekable<Chars<'_>>) -> Option<u16> {
    (0..4).try_fold(0, |value, _| Some(value << 4 | chars.next()?.to_digit(16)? as u16))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(content: &str, key: &str, value: &str) {
        let properties = Properties::parse(content.as_bytes(), "f").expect(content);
        assert_eq!(properties.get(key), Some(value), "{content:?}");
    }

    #[test]
    fn each_separator_parts_key_from_value() {
        for line in ["k=v", "k:v", "k v", "k\tv", "k = v", "  k  :  v", "k\x0c=v"] {
            check(line, "k", "v");
        }
        check("k==v", "k", "=v");
        check("k", "k", "");
        check("k=v ", "k", "v ");
        check("=v", "", "v");
    }

    #[test]
    fn escapes_stand_for_what_they_name() {
        check(r"a\ b\=\:=v", "a b=:", "v");
        check(r"k=\t\n\r\f\\\q", "k", "\t\n\r\x0c\\q");
        check(r"k=\u00e9\ud83d\ude00", "k", "é😀");
    }

    #[test]
    fn a_line_that_ends_in_an_odd_backslash_goes_on() {
        check("k=a\\\n   b\\\r\n\tc\nl=d", "k", "abc");
        check("k=a\\\n   b\\\r\n\tc\nl=d", "l", "d");
        check("k=a\\\\\nl=d", "k", "a\\");
        check("k=a\\", "k", "a");
        check("k=a\\\n# not a comment", "k", "a# not a comment");
    }

    #[test]
    fn comments_and_empty_lines_are_no_entries() {
        let text = b"# a=b\n  ! c=d\n\n   \n# e \\\nf=g\r# h\rf=i";
        let properties = Properties::parse(text, "f").expect("well-formed");
        assert_eq!(properties.values, HashMap::from([("f".into(), "i".into())]));
    }

    #[test]
    fn a_bad_escape_is_refused_by_file_and_line_and_not_by_content() {
        for bad in [r"k=secret\u12", r"k=\uzzzz", r"k=\ud800x", r"k=\ud800\u0041", r"k=\udc00"] {
            let error = Properties::parse(format!("a=b\n{bad}").as_bytes(), "f").expect_err(bad);
            assert_eq!(error, "`f` has an escape in line 2 that should be `\\uXXXX`");
        }
    }

    #[test]
    fn a_file_that_is_not_utf_8_is_latin_1() {
        let properties = Properties::parse(b"k=\xe9", "f").expect("well-formed");
        assert_eq!(properties.get("k"), Some("é"));
    }

    /// Escapes each character as `\uXXXX`.
    fn escaped(text: &str) -> String {
        text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
    }

    proptest! {
        #[test]
        fn no_content_panics(content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Properties::parse(&content, "f");
        }

        #[test]
        fn whatever_was_escaped_is_read_back(key in ".{0,20}", value in ".{0,20}") {
            let line = format!("{}={}", escaped(&key), escaped(&value));
            let properties = Properties::parse(line.as_bytes(), "f").expect("well-formed");
            prop_assert_eq!(properties.get(&key), Some(value.as_str()));
        }
    }
}
