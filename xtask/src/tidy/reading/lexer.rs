//! Splits Rust source into tokens: words, literals and punctuation, without comments.

/// A token and the line that it begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'text> {
    pub(crate) text: &'text str,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// Returns the tokens of a source. `::` is one token, as is a string with its quotes.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while !rest.is_empty() {
        let (kind, length) = next(rest);
        let (text, after) = rest.split_at(length);
        if kind == Kind::Token {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Token,
    /// White space and comments.
    Gap,
}

/// Returns the kind and the length of the piece that a text begins with.
fn next(text: &str) -> (Kind, usize) {
    let first = text.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        return (Kind::Gap, length_while(text, char::is_whitespace));
    }
    if text.starts_with("//") {
        return (Kind::Gap, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Kind::Gap, block_comment(text));
    }
    if let Some(length) = raw_string(text) {
        return (Kind::Token, length);
    }
    let unprefixed = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - unprefixed.len();
    if prefix <= 1 && unprefixed.starts_with('"') {
        return (Kind::Token, prefix + quoted(unprefixed, '"'));
    }
    if prefix <= 1 && unprefixed.starts_with('\'') {
        return (Kind::Token, prefix + char_or_lifetime(unprefixed));
    }
    if text.starts_with("::") {
        return (Kind::Token, 2);
    }
    let word = text.strip_prefix("r#").unwrap_or(text);
    let length = length_while(word, |char| char.is_alphanumeric() || char == '_');
    if length > 0 {
        return (Kind::Token, text.len() - word.len() + length);
    }
    (Kind::Token, first.len_utf8())
}

fn length_while(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|char| !holds(char)).unwrap_or(text.len())
}

/// Returns the length of a block comment, in which others may be nested.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        let step = match rest {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Returns the length of a raw string, if the text begins with one.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or(text.strip_prefix("cr")).or(text.strip_prefix('r'))?;
    let hashes = length_while(after, |char| char == '#');
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(text.len() - body.len() + length)
}

/// Returns the length of a literal with escapes, quotes included.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if char == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of `'a'`, `'\n'` or `'lifetime`.
fn char_or_lifetime(text: &str) -> usize {
    let mut inner = text[1..].chars();
    match (inner.next(), inner.next()) {
        (Some('\\'), _) => quoted(text, '\''),
        (Some(char), Some('\'')) => char.len_utf8() + 2,
        _ => 1 + length_while(&text[1..], |char| char.is_alphanumeric() || char == '_'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_and_punctuation_are_tokens() {
        assert_eq!(texts("use a::b_1;"), ["use", "a", "::", "b_1", ";"]);
        assert_eq!(texts("r#type x"), ["r#type", "x"]);
    }

    #[test]
    fn comments_are_skipped_and_lines_are_counted() {
        let source = "// use a;\n/* x /* y\n */ */ b\nc";
        let lines: Vec<_> = tokens(source).into_iter().map(|token| (token.text, token.line)).collect();
        assert_eq!(lines, [("b", 3), ("c", 4)]);
    }

    #[test]
    fn a_literal_is_one_token() {
        assert_eq!(texts(r#"a "x \" // y" b"#), ["a", r#""x \" // y""#, "b"]);
        assert_eq!(texts("r##\"x \"# y\"## b\"z\""), ["r##\"x \"# y\"##", "b\"z\""]);
        assert_eq!(texts(r"'\'' 'x' 'static b'\n'"), [r"'\''", "'x'", "'static", r"b'\n'"]);
    }
}
