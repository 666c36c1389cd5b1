//! Rewrites a regex for single lines into one for blocks of many lines.
//!
//! The rewritten regex matches on each line that the original one matches, so lines without a match of it can be
//! skipped. It may also match on lines without a match of the original one.

use regex_syntax::hir::{
    Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look,
    Repetition,
};

/// Rewrites a regex so that no match crosses a line end, and every position in a line looks the same whether the line
/// is alone or in a block.
///
/// Only anchors need rewriting. A word boundary next to `\n` or `\r` behaves as at the end of the text, since neither
/// belongs to a word.
pub(crate) fn within_lines(regex: &Hir) -> Hir {
    match regex.kind() {
        HirKind::Empty => Hir::empty(),
        // A line contains no `\n`, so no match on a line is lost.
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => Hir::fail(),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(class) => Hir::class(without_line_feed(class)),
        HirKind::Look(look) => Hir::look(at_line(*look)),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(grouped(within_lines(&repetition.sub)));
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(capture) => {
            Hir::capture(Capture { sub: Box::new(within_lines(&capture.sub)), ..capture.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(within_lines).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(within_lines).collect()),
    }
}

/// Puts a repetition into a group of its own.
///
/// The rewritten regex is converted to text, where a repetition of a repetition needs a group: a repeated `{2}` would
/// otherwise become the lazy `{2}?`.
fn grouped(regex: Hir) -> Hir {
    match regex.kind() {
        HirKind::Repetition(_) => Hir::capture(Capture { index: 0, name: None, sub: Box::new(regex) }),
        _ => regex,
    }
}

fn without_line_feed(class: &Class) -> Class {
    match class {
        Class::Unicode(class) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Class::Unicode(class)
        }
        Class::Bytes(class) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Class::Bytes(class)
        }
    }
}

/// Rewrites an anchor. The end of a line is in front of `\r\n` or `\n`; the anchor for `CRLF` matches at both.
fn at_line(look: Look) -> Look {
    match look {
        Look::Start | Look::StartLF => Look::StartLF,
        Look::End | Look::EndLF => Look::EndCRLF,
        Look::StartCRLF
        | Look::EndCRLF
        | Look::WordAscii
        | Look::WordAsciiNegate
        | Look::WordUnicode
        | Look::WordUnicodeNegate
        | Look::WordStartAscii
        | Look::WordEndAscii
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfAscii
        | Look::WordEndHalfAscii
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => look,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::bytes::Regex;

    fn rewritten(regex: &str) -> Regex {
        let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(regex).unwrap();
        Regex::new(&within_lines(&parsed).to_string()).unwrap()
    }

    #[test]
    fn no_match_goes_over_the_end_of_a_line() {
        for regex in [r"a\s+b", r"a[^x]b", r"(?s)a.b", "a\nb", r"(?-u:a[\x00-\xff]b)"] {
            assert!(!rewritten(regex).is_match(b"a\nb"), "{regex}");
        }
    }

    #[test]
    fn the_ends_of_the_text_become_the_ends_of_a_line() {
        for regex in [r"\Ab\z", "^b$", "(?m)^b$", "(?-m)^b$", "(?mR)^b$", r"\bb\b", r"\b{start}b\b{end}"] {
            for text in ["a\nb\nc", "a\r\nb\r\nc"] {
                assert!(rewritten(regex).is_match(text.as_bytes()), "{regex}");
            }
        }
    }

    #[test]
    fn a_repeated_repetition_stays_one() {
        assert_eq!(rewritten("^(?:a{2})?$").find(b"\n").map(|found| found.len()), Some(0));
    }

    /// Generates regexes over few letters, with the constructs that depend on the position in a text.
    pub(crate) fn regexes() -> impl Strategy<Value = String> {
        const LEAVES: [&str; 27] = [
            "a",
            "b",
            "ab",
            ".",
            "\\r",
            "\\n",
            "\\s",
            "[^a]",
            "\\w",
            "^",
            "$",
            "\\A",
            "\\z",
            "\\b",
            "\\B",
            "(?m:^)",
            "(?m:$)",
            "(?mR:^)",
            "(?mR:$)",
            "(?s:.)",
            "(?R:.)",
            "\\b{start}",
            "\\b{end-half}",
            "(?-u:\\b)",
            "(?-u:\\xc3)",
            "é",
            "(?-u:\\B)",
        ];
        let leaf = proptest::sample::select(&LEAVES[..]).prop_map(String::from);
        leaf.prop_recursive(4, 16, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                proptest::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| format!("(?:{})", parts.join("|"))),
                (inner.clone(), proptest::sample::select(&["*", "+?", "?", "{2}"][..]))
                    .prop_map(|(sub, times)| format!("(?:{sub}){times}")),
                inner.prop_map(|sub| format!("({sub})")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_line_that_matches_alone_has_a_candidate_in_the_block(
            regex in regexes(),
            lines in proptest::collection::vec("[ab é\r]{0,4}\r?", 1..4),
        ) {
            let (alone, block) = (Regex::new(&regex).unwrap(), rewritten(&regex));
            let text = lines.join("\n") + "\n";
            let mut start = 0;
            for line in &lines {
                let end = start + line.len();
                if alone.is_match(line.strip_suffix('\r').unwrap_or(line).as_bytes()) {
                    let found = block.find_at(text.as_bytes(), start);
                    prop_assert!(found.is_some_and(|found| found.start() <= end), "{regex} on {line:?} in {text:?}");
                }
                start = end + 1;
            }
        }
    }
}
