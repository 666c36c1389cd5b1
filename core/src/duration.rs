//! Parses durations such as `90s`, `1m30s` and `500ms`, as they are written in environment variables.
//!
//! The grammar is that of Go's `time.ParseDuration`, since Go programs read the same variables:
//! an optional sign, then one or more numbers, each with an optional fraction and a unit; or `0` alone.

use std::fmt;
use std::time::Duration;

/// The longest duration: Go keeps durations as a signed 64-bit number of nanoseconds.
const MAX_NANOS: u128 = i64::MAX as u128;

/// The number of digits of a fraction that are read; further ones are less than a nanosecond even in hours.
const FRACTION_DIGITS: usize = 18;

/// The reason why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDuration {
    text: String,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Empty,
    NoNumber,
    NoUnit,
    UnknownUnit(String),
    Negative,
    TooLong,
}

/// Parses a duration, rounded down to nanoseconds.
///
/// # Errors
/// Fails if the text does not follow the grammar above, or the duration is longer than 292 years or below zero. `-0` is
/// valid.
pub fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    match parse_signed(text)? {
        Signed { below_zero: false, magnitude } => Ok(magnitude),
        Signed { below_zero: true, .. } => {
            Err(InvalidDuration { text: text.to_owned(), reason: Reason::Negative })
        }
    }
}

/// A duration with a sign, such as an offset to a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `true` for a negative duration; never for zero.
    pub below_zero: bool,
    /// The absolute value.
    pub magnitude: Duration,
}

/// Parses a duration that may be below zero, rounded towards zero to nanoseconds.
///
/// # Errors
/// Fails if the text does not follow the grammar above, or the duration is longer than 292 years.
pub fn parse_signed(text: &str) -> Result<Signed, InvalidDuration> {
    nanos(text).map_err(|reason| InvalidDuration { text: text.to_owned(), reason })
}

fn nanos(text: &str) -> Result<Signed, Reason> {
    let (negative, mut rest) = match text.as_bytes().first() {
        None => return Err(Reason::Empty),
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        Some(_) => (false, text),
    };
    if rest == "0" {
        return Ok(Signed { below_zero: false, magnitude: Duration::ZERO });
    }
    if rest.is_empty() {
        return Err(Reason::NoNumber);
    }
    let mut total = 0;
    while !rest.is_empty() {
        let (part, left) = term(rest)?;
        total += part;
        if total > MAX_NANOS {
            return Err(Reason::TooLong);
        }
        rest = left;
    }
    let (seconds, nanos) = (total / 1_000_000_000, total % 1_000_000_000);
    let magnitude = Duration::new(seconds as u64, nanos as u32);
    Ok(Signed { below_zero: negative && total > 0, magnitude })
}

/// Parses a number with its unit, and returns it in nanoseconds with the rest of the text.
fn term(text: &str) -> Result<(u128, &str), Reason> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(Reason::NoNumber);
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    if unit.is_empty() {
        return Err(Reason::NoUnit);
    }
    let scale = scale(unit).ok_or_else(|| Reason::UnknownUnit(unit.to_owned()))?;
    // More than 19 digits exceed the limit in any unit, and 19 digits in hours still fit 128 bits.
    let whole = whole.trim_start_matches('0');
    if whole.len() > 19 {
        return Err(Reason::TooLong);
    }
    let fraction = &fraction[..fraction.len().min(FRACTION_DIGITS)];
    let part = number(fraction) * scale / 10_u128.pow(fraction.len() as u32);
    Ok((number(whole) * scale + part, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Returns the value of at most 19 ASCII digits; 0 if there are none.
fn number(digits: &str) -> u128 {
    digits.bytes().fold(0, |value, digit| value * 10 + u128::from(digit - b'0'))
}

fn scale(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter look the same, and both are in use.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.escape_debug();
        match &self.reason {
            Reason::Empty => f.write_str("duration is empty; write it like `90s` or `1m30s`"),
            Reason::NoNumber => write!(f, "duration `{text}` lacks a number; write it like `90s` or `1m30s`"),
            Reason::NoUnit => write!(f, "duration `{text}` lacks a unit; write it like `90s` or `1m30s`"),
            Reason::UnknownUnit(unit) => write!(
                f,
                "duration `{text}` has the unknown unit `{}`; known are `ns`, `us`, `ms`, `s`, `m`, `h`",
                unit.escape_debug()
            ),
            Reason::Negative => write!(f, "duration `{text}` is below zero"),
            Reason::TooLong => write!(f, "duration `{text}` is longer than 292 years"),
        }
    }
}

impl std::error::Error for InvalidDuration {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_of_the_grammar_are_parsed() {
        for (text, nanos) in [
            ("0", 0),
            ("+0", 0),
            ("-0", 0),
            ("-0s", 0),
            ("1ns", 1),
            ("1us", 1_000),
            ("1µs", 1_000),
            ("1μs", 1_000),
            ("100ms", 100_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("+90s", 90_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1h1m1s1ms1us1ns", 3_661_001_001_001),
            ("30s1m", 90_000_000_000),
            ("0.0000000001s", 0),
            ("1.00000000000000000000000000000001s", 1_000_000_000),
            ("00000000000000000000000000001s", 1_000_000_000),
            ("9223372036854775807ns", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("-", "lacks a number"),
            (".", "lacks a number"),
            (".s", "lacks a number"),
            ("s", "lacks a number"),
            (" 1s", "lacks a number"),
            ("1", "lacks a unit"),
            ("00", "lacks a unit"),
            ("1.5.5s", "lacks a unit"),
            ("1s5", "lacks a unit"),
            ("1d", "unknown unit `d`"),
            ("1 s", "unknown unit ` s`"),
            ("1s-1s", "unknown unit `s-`"),
            ("1ü", "unknown unit `ü`"),
            ("-1s", "below zero"),
            ("9223372036854775808ns", "longer than"),
            ("99999999999999999999999999999h", "longer than"),
            ("2562048h", "longer than"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_sign_is_kept_where_it_may_be() {
        let second = Duration::from_secs(1);
        assert_eq!(parse_signed("-1s"), Ok(Signed { below_zero: true, magnitude: second }));
        assert_eq!(parse_signed("+1s"), Ok(Signed { below_zero: false, magnitude: second }));
        assert_eq!(parse_signed("-0s"), Ok(Signed { below_zero: false, magnitude: Duration::ZERO }));
        assert!(parse_signed("--1s").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_text_of_the_alphabet_panics(text in "[-+.0-9a-zµ]{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn whole_parts_add_up(h in 0_u64..2_000_000, m in 0_u64..10_000, s in 0_u64..100_000, ns: u32) {
            let expected = Duration::from_secs(h * 3600 + m * 60 + s) + Duration::from_nanos(ns.into());
            prop_assert_eq!(parse(&format!("{h}h{m}m{s}s{ns}ns")), Ok(expected));
        }

        #[test]
        fn fractions_are_exact_to_the_nanosecond(s in 0_u64..1_000_000, ns in 0_u32..1_000_000_000) {
            prop_assert_eq!(parse(&format!("{s}.{ns:09}s")), Ok(Duration::new(s, ns)));
        }
    }
}
