//! Files are short: 400 lines, or 500 with their tests.

use crate::tidy::reading::{Workspace, shipped, test_files, tokens};

/// The lines that a file may have beside its tests.
const MOST_CODE: usize = 400;
/// The lines that a file of tests, or a file with its tests, may have.
const MOST_LINES: usize = 500;

/// Returns each file that is too long.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let test_files = test_files(workspace.sources.iter());
    let mut wrong = Vec::new();
    for source in &workspace.sources {
        let (path, lines) = (&source.path, source.text.lines().count());
        if lines > MOST_LINES {
            wrong.push(format!("{path}: {lines} lines, of {MOST_LINES} at most"));
        } else if lines > MOST_CODE && !test_files.contains(path.as_str()) {
            let tokens = tokens(&source.text);
            let tests: usize = shipped(&tokens).test_lines.iter().map(|(first, last)| last - first + 1).sum();
            if lines - tests > MOST_CODE {
                let code = lines - tests;
                wrong.push(format!("{path}: {code} lines beside its tests, of {MOST_CODE} at most"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    fn of(path: &str, code: usize, tests: usize) -> usize {
        let text = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            "fn f() {}\n".repeat(code),
            "fn t() {}\n".repeat(tests.saturating_sub(3))
        );
        check(&Workspace::of(&[(path, &text)])).len()
    }

    #[test]
    fn a_long_file_is_reported() {
        assert_eq!([of("a/src/b.rs", 400, 100), of("a/tests/b.rs", 497, 3)], [0, 0]);
        assert_eq!(
            [of("a/src/b.rs", 401, 90), of("a/src/b.rs", 400, 101), of("a/tests/b.rs", 501, 3)],
            [1; 3]
        );
    }

    #[test]
    fn files_are_short() {
        assert_clean(check);
    }
}
