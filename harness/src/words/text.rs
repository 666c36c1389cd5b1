//! Texts for messages: durations, and untrusted text on a single line.

use std::time::Duration;

/// The maximum number of characters shown of a line or an observation.
const WIDTH: usize = 400;

/// Quotes a text for a sentence, on one line and truncated. An empty text becomes `nothing`.
pub(crate) fn quoted(text: &str) -> String {
    match text.trim() {
        "" => "nothing".to_owned(),
        text => format!("`{}`", cut(text)),
    }
}

/// Puts a text on one line, without colours and control characters, and truncates it.
pub(crate) fn cut(text: &str) -> String {
    let (mut out, mut chars, mut length) = (String::new(), text.chars(), 0);
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.as_str().starts_with('[') {
            // An escape sequence ends with the first letter after its numbers.
            chars.by_ref().skip(1).find(|c| ('@'..='~').contains(c));
            continue;
        }
        if length == WIDTH {
            out.push('…');
            break;
        }
        out.push(if c.is_control() { ' ' } else { c });
        length += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Formats a duration in seconds with one decimal, as in `1.5 s`, or in milliseconds below one second.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C26: untrusted text is shown on one line, truncated, and without control characters.
    #[test]
    fn a_line_is_cut_and_cleaned_and_stays_so() {
        let long = cut(&"\u{1b}[1;31mx\u{1b}[0m\ty".repeat(100_000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (WIDTH + 1, true));
        assert!(long.starts_with("x yx y"), "{long}");
        assert_eq!(cut(&long), long);
        assert_eq!(cut("\u{1b}[31"), "", "a sequence that has no end");
        assert_eq!(cut("\u{1b}7x\r"), " 7x");
    }
}
