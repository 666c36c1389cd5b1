//! Texts for XML: without what no reader shows or accepts, and with escapes. Pure.

/// The most bytes of one text: readers refuse more than 10 MB.
const LONGEST: usize = 8_000_000;

/// Returns bytes as the text of an element.
///
/// Colours and other terminal sequences are removed; bytes that are not UTF-8, and characters that XML 1.0 can't write,
/// become replacement characters. The middle of a text that is too long is left out, with a line that says so.
pub(super) fn text(bytes: &[u8]) -> String {
    if bytes.len() <= LONGEST {
        return escaped(bytes);
    }
    let (head, tail) = (&bytes[..LONGEST / 2], &bytes[bytes.len() - LONGEST / 2..]);
    let left_out = bytes.len() - head.len() - tail.len();
    format!("{}&#10;[{left_out} bytes are left out here]&#10;{}", escaped(head), escaped(tail))
}

/// Returns bytes as the value of an attribute, at most `most` bytes of them.
pub(super) fn attribute(bytes: &[u8], most: usize) -> String {
    if bytes.len() <= most { escaped(bytes) } else { format!("{}…", escaped(&bytes[..most])) }
}

fn escaped(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = without_terminal_sequences(&text);
    let mut escaped = String::with_capacity(text.len());
    let mut last = ' ';
    for char in text.chars() {
        match char {
            // Two of them may begin a command to a CI service: a report on standard output is in its log.
            '#' if last == '#' => escaped.push_str("&#35;"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\r' => escaped.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
        last = char;
    }
    escaped
}

/// Removes the sequences by which programs colour their output, move the cursor, set a title or draw links.
fn without_terminal_sequences(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\u{1b}', '\u{9b}']) {
        plain.push_str(&rest[..at]);
        let sequence = &rest[at..];
        rest = after_sequence(sequence);
        if rest.len() == sequence.len() {
            // Not a sequence: the character stays.
            let length = sequence.chars().next().map_or(0, char::len_utf8);
            plain.push_str(&sequence[..length]);
            rest = &sequence[length..];
        }
    }
    plain.push_str(rest);
    plain
}

/// Returns the text after the terminal sequence at its beginning; the same text if there is none.
fn after_sequence(text: &str) -> &str {
    let Some(rest) = text.strip_prefix('\u{1b}') else {
        return text.strip_prefix('\u{9b}').map_or(text, |rest| after_control(rest).unwrap_or(text));
    };
    let mut chars = rest.chars();
    match chars.next() {
        Some('[') => after_control(chars.as_str()).unwrap_or(text),
        // A string, up to a bell or a terminator, on one line.
        Some(']' | 'P' | '_' | '^' | 'X') => after_string(chars.as_str()).unwrap_or(text),
        // The choice of a character set, for example.
        Some(' '..='/') => match chars.next() {
            Some('0'..='~') => chars.as_str(),
            _ => text,
        },
        Some('0'..='~') => chars.as_str(),
        _ => text,
    }
}

/// Returns the text after the parameters and the final letter of a control sequence.
fn after_control(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|char| matches!(char, '0'..='?'));
    let rest = rest.trim_start_matches(|char| matches!(char, ' '..='/'));
    rest.strip_prefix(|char| matches!(char, '@'..='~'))
}

fn after_string(text: &str) -> Option<&str> {
    let end = text.find(['\u{7}', '\u{1b}', '\n'])?;
    let rest = &text[end..];
    rest.strip_prefix('\u{7}').or_else(|| rest.strip_prefix("\u{1b}\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R25: *pure*. Colours and other terminal sequences are no part of a report.
    #[test]
    fn terminal_sequences_are_removed() {
        for (printed, shown) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[1;38;5;196mbold\u{1b}[m", "bold"),
            ("a\u{1b}[2K\u{1b}[1Gb\u{1b}[?25l", "ab"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}(Bplain\u{1b}c", "plain"),
            ("\u{9b}31mred\u{9b}0m", "red"),
            ("\u{1b}", "\u{fffd}"),
            ("\u{1b}[31", "\u{fffd}[31"),
            ("\u{1b}]no end\nnext", "\u{fffd}]no end&#10;next"),
            ("\u{1b}\u{e4}", "\u{fffd}\u{e4}"),
            ("[31m is text", "[31m is text"),
            ("# ##[error]", "# #&#35;[error]"),
        ] {
            assert_eq!(text(printed.as_bytes()), shown, "{printed:?}");
            assert_eq!(attribute(printed.as_bytes(), 100), shown, "{printed:?}");
        }
    }

    /// R25: *pure*. A text that readers would refuse loses its middle, and says so.
    #[test]
    fn the_middle_of_a_long_text_is_left_out() {
        let long = [&b"begin"[..], &vec![b'x'; 12_000_000], b"end"].concat();
        let shown = text(&long);
        assert!(shown.len() < 10_000_000, "{} bytes", shown.len());
        assert!(shown.starts_with("begin") && shown.ends_with("end"));
        assert!(shown.contains("[4000008 bytes are left out here]"));
        let ends_in_characters = text(&"\u{e4}".repeat(6_000_000).into_bytes()).len();
        assert!(ends_in_characters < 10_000_000, "{ends_in_characters} bytes");
        assert_eq!(attribute(b"abc", 2), "ab…");
    }
}
