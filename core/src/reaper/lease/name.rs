//! The rule for the names of pools.

use super::words::{BadLine, shown};

/// The most bytes of a pool's name.
const MAX: usize = 100;

/// Checks the name of a pool: 1 to 100 ASCII letters, digits, `.`, `_` and `-`.
///
/// # Errors
/// The name is empty or too long, or has another character. The error says which.
pub fn check_name(name: &str) -> Result<(), BadLine> {
    let right = "write 1 to 100 ASCII letters, digits, `.`, `_` or `-`";
    if name.is_empty() {
        return Err(BadLine(format!("the pool's name is empty; {right}")));
    }
    if name.len() > MAX {
        return Err(BadLine(format!("the pool's name `{}…` has {} bytes; {right}", shown(name), name.len())));
    }
    let bad = name.chars().find(|char| !(char.is_ascii_alphanumeric() || "._-".contains(*char)));
    match bad {
        Some(char) => Err(BadLine(format!("the pool's name `{}` has a {char:?}; {right}", shown(name)))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refused_by_what_is_wrong_with_it() {
        for good in ["redis", "a", "Db-2.x_y", &"x".repeat(100)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        let error = |name: &str| check_name(name).expect_err(name).to_string();
        assert!(error("").starts_with("the pool's name is empty"));
        assert!(error(&"x".repeat(10_000)).contains("has 10000 bytes; write 1 to 100"));
        for (bad, char) in [("a b", "' '"), ("a/b", "'/'"), ("ü", "'ü'"), ("a\nb", "'\\n'")] {
            assert!(error(bad).contains(&format!("has a {char}")), "{}", error(bad));
        }
    }
}
