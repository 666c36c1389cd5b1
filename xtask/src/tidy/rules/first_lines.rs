//! Each file begins with a line that says what it is for.

use crate::tidy::reading::Workspace;

/// Returns each file whose first line is no `//!` with text.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let opens_well = |text: &str| {
        let first = text.lines().next().unwrap_or_default();
        // The library's documentation is its README.
        first.strip_prefix("//! ").is_some_and(|rest| !rest.trim().is_empty())
            || first.starts_with("#![doc = include_str!(")
    };
    let files = workspace.sources.iter().filter(|source| !opens_well(&source.text));
    files
        .map(|source| format!("{}:1: the first line does not say what the file is for", source.path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    #[test]
    fn a_file_without_a_first_line_is_reported() {
        let of = |text: &str| check(&Workspace::of(&[("a/src/b.rs", text)])).len();
        assert_eq!(of("//! Parses labels.\n"), 0);
        assert_eq!(of("#![doc = include_str!(\"../README.md\")]\n"), 0);
        assert_eq!([of("//!\n"), of("use a;\n//! Parses labels.\n"), of("")], [1; 3]);
    }

    #[test]
    fn each_file_says_what_it_is_for() {
        assert_clean(check);
    }
}
