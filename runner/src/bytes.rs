//! Sizes as people write them: `512m`, `2g`, `65536`.

/// The longest list of cases that is read, in bytes.
pub(crate) const LONGEST_SOURCE: usize = 64 << 20;

/// Parses a number of bytes: a number, and `k`, `m` or `g` behind it for powers of 1024, as Docker writes sizes.
///
/// # Errors
/// A text that is no size; the error shows one that is.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let expected = || format!("`{text}` is no size; half a gibibyte is `512m`");
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1u64,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(expected()),
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        for (text, bytes) in
            [("0", 0), ("65536", 65_536), ("512m", 512 << 20), ("2GiB", 2 << 30), ("1k", 1024)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "m", "1.5g", "-1", "1t", "99999999999g", "1 m"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
