//! Rewrites a regex for single lines into one that finds the same in a block of many lines.
//!
//! The rewritten one finds a candidate on each line on which the given one matches, so lines without a candidate need
//! no look of their own. It may find candidates on lines that then turn out to have no match.

use regex_syntax::hir::{
    Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look,
    Repetition,
};

/// The rewritten regex: no match of it goes over the end of a line, and every place in a line is the same to it
/// whether the line is alone or in a block.
///
/// That holds because nothing else in a regex can see beyond the line: a word boundary sees `\n` or `\r` where there
/// was nothing, and neither is part of a word.
pub(crate) fn within_lines(regex: &Hir) -> Hir {
    match regex.kind() {
        HirKind::Empty => Hir::empty(),
        // A line has no `\n`, so nothing that a line matches is lost.
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

/// Puts a repetition in a group of its own, if it is one.
///
/// The rewritten regex goes through its text, in which there is no group between two repetitions otherwise; and a
/// `{2}` that may be missing would become a `{2}?`, which is something else.
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

/// The end of a line comes before its `\r\n` or its `\n`: of all ends, the one with `CRLF` holds at both.
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

    /// Regexes over few letters, with what can tell one place in a text from another.
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
