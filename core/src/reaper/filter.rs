//! The filter that a client sends as a line: it selects the resources that carry all of its labels.

use std::fmt;

/// The only kind of filter.
const LABEL: &[u8] = b"label";

/// A list of labels, `key` or `key=value`, that a resource must all carry. Two filters with the same labels are equal,
/// in whatever order they were written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter {
    /// The labels, sorted, each once. Never empty: an empty filter would select every resource of the engine.
    labels: Box<[Box<str>]>,
}

/// The reason why a line is not accepted as a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedFilter {
    /// The line has no label, and would select everything.
    NoLabel,
    /// A label has no key.
    EmptyLabel,
    /// A pair is of a kind other than `label`.
    UnknownKind(String),
    /// The line contains a `;`, which is no separator, as in Go.
    Semicolon,
    /// A `%` without two hexadecimal digits after it.
    Escape,
    /// The decoded label is not UTF-8.
    NotUtf8,
}

impl Filter {
    /// Parses a line such as `label=a%3Db&label=c=d`.
    ///
    /// # Errors
    /// The line is not form-encoded, has a pair of another kind, or has no label.
    pub fn parse(line: &[u8]) -> Result<Self, RefusedFilter> {
        let mut labels = Vec::new();
        for pair in line.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if pair.contains(&b';') {
                return Err(RefusedFilter::Semicolon);
            }
            let end = pair.iter().position(|byte| *byte == b'=');
            let (kind, value) = end.map_or((pair, &b""[..]), |end| (&pair[..end], &pair[end + 1..]));
            let kind = form_decoded(kind)?;
            if kind != LABEL {
                return Err(RefusedFilter::UnknownKind(String::from_utf8_lossy(&kind).into_owned()));
            }
            let label = String::from_utf8(form_decoded(value)?).map_err(|_| RefusedFilter::NotUtf8)?;
            if label.is_empty() || label.starts_with('=') {
                return Err(RefusedFilter::EmptyLabel);
            }
            labels.push(label.into_boxed_str());
        }
        if labels.is_empty() {
            return Err(RefusedFilter::NoLabel);
        }
        labels.sort_unstable();
        labels.dedup();
        Ok(Self { labels: labels.into() })
    }

    /// Returns the labels, sorted.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(AsRef::as_ref)
    }

    /// Returns the number of bytes of all labels.
    #[must_use]
    pub fn size(&self) -> usize {
        self.labels.iter().map(|label| label.len()).sum()
    }

    /// Returns `true` if the filter asks for a label: `key=value` exactly, or `key` with any value or none.
    #[must_use]
    pub fn holds(&self, wanted: &str) -> bool {
        self.labels().any(|label| {
            label == wanted
                || (!wanted.contains('=') && label.split_once('=').is_some_and(|(k, _)| k == wanted))
        })
    }

    /// Returns `true` if the filter selects a resource. `value` returns the value of the resource's label with a key.
    #[must_use]
    pub fn matches<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.labels().all(|label| match label.split_once('=') {
            Some((key, wanted)) => value(key) == Some(wanted),
            None => value(label).is_some(),
        })
    }
}

fn form_decoded(text: &[u8]) -> Result<Vec<u8>, RefusedFilter> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(*byte).to_digit(16));
                let (high, low) = digit().zip(digit()).ok_or(RefusedFilter::Escape)?;
                (high * 16 + low) as u8
            }
            other => *other,
        });
    }
    Ok(out)
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, label) in self.labels().enumerate() {
            let separator = if n == 0 { "" } else { "&" };
            write!(f, "{separator}label={label}")?;
        }
        Ok(())
    }
}

impl fmt::Display for RefusedFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLabel => f.write_str("the filter has no label and would select everything"),
            Self::EmptyLabel => f.write_str("a label has no key"),
            Self::UnknownKind(kind) => {
                let kind: String = kind.chars().take(40).collect();
                write!(f, "unknown kind of filter `{}`; write `label=key=value`", kind.escape_debug())
            }
            Self::Semicolon => f.write_str("`;` is no separator; write `&`"),
            Self::Escape => f.write_str("a `%` is not followed by two hexadecimal digits"),
            Self::NotUtf8 => f.write_str("a label is not UTF-8"),
        }
    }
}

impl std::error::Error for RefusedFilter {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(line: &str) -> Vec<String> {
        Filter::parse(line.as_bytes()).expect(line).labels().map(str::to_owned).collect()
    }

    #[test]
    fn pairs_are_decoded_and_split_at_the_first_equals_sign() {
        assert_eq!(labels("label=a%3Db&label=c=d"), ["a=b", "c=d"]);
        assert_eq!(labels("label=a=b=c"), ["a=b=c"]);
        assert_eq!(labels("l%61bel=x+y%2b%C3%BC"), ["x y+ü"]);
        assert_eq!(labels("&&label=a&label=a&"), ["a"]);
        assert_eq!(labels("label=a%26b"), ["a&b"]);
    }

    #[test]
    fn lines_that_select_everything_or_do_not_parse_are_refused() {
        use RefusedFilter as R;
        for (line, reason) in [
            ("", R::NoLabel),
            ("&", R::NoLabel),
            ("label", R::EmptyLabel),
            ("label=", R::EmptyLabel),
            ("label==x", R::EmptyLabel),
            ("label=a&label=", R::EmptyLabel),
            ("name=x", R::UnknownKind("name".into())),
            ("label=a&id=x", R::UnknownKind("id".into())),
            ("=x", R::UnknownKind(String::new())),
            ("Label=x", R::UnknownKind("Label".into())),
            (";", R::Semicolon),
            ("label=a;label=b", R::Semicolon),
            ("label=%zz", R::Escape),
            ("label=%4", R::Escape),
            ("label=%", R::Escape),
            ("label=%ff", R::NotUtf8),
        ] {
            assert_eq!(Filter::parse(line.as_bytes()), Err(reason), "{line}");
        }
    }

    #[test]
    fn a_filter_selects_resources_that_carry_all_of_its_labels() {
        let filter = Filter::parse(b"label=a=1&label=b").expect("a filter");
        let carries = |labels: &[(&str, &str)]| {
            let labels: Vec<(String, String)> =
                labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            filter.matches(|key| labels.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str()))
        };
        assert!(carries(&[("a", "1"), ("b", "x"), ("c", "")]));
        assert!(!carries(&[("a", "2"), ("b", "x")]));
        assert!(!carries(&[("a", "1")]));
        assert!(filter.holds("a") && filter.holds("a=1") && filter.holds("b"));
        assert!(!filter.holds("a=2") && !filter.holds("b=1"));
    }

    proptest! {
        #[test]
        fn no_line_panics_and_each_filter_has_a_label(line: Vec<u8>) {
            if let Ok(filter) = Filter::parse(&line) {
                prop_assert!(filter.labels().next().is_some());
            }
        }

        #[test]
        fn no_line_of_the_alphabet_panics(line in "(label|[&=;%+a-f0-9]){0,30}") {
            let _ = Filter::parse(line.as_bytes());
        }

        #[test]
        fn the_order_of_the_pairs_does_not_matter(
            labels in proptest::collection::vec("[a-z]{1,5}=[^%&;+]{0,5}", 1..6),
        ) {
            let line = |labels: &mut dyn Iterator<Item = &String>| {
                labels.map(|label| format!("label={label}")).collect::<Vec<_>>().join("&")
            };
            let there = Filter::parse(line(&mut labels.iter()).as_bytes());
            prop_assert!(there.is_ok());
            prop_assert_eq!(there, Filter::parse(line(&mut labels.iter().rev()).as_bytes()));
        }

        #[test]
        fn every_byte_survives_its_encoding(label in "[^=].{0,20}") {
            let encoded: String = label.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let filter = Filter::parse(format!("label={encoded}").as_bytes()).expect("a filter");
            prop_assert_eq!(filter.labels().collect::<Vec<_>>(), [label.as_str()]);
        }
    }
}
