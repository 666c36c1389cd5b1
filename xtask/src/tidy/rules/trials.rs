//! The tests that docs/trials.md names exist, and the rows without a test do not become more.

use crate::tidy::reading::Workspace;

const CHAPTER: &str = include_str!("../../../../docs/trials.md");
/// The number of rows without a test. It only falls.
const MOST_WITHOUT: usize = 5;

/// Returns each named test that does not exist.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    check_chapter(CHAPTER, MOST_WITHOUT, workspace)
}

fn check_chapter(chapter: &str, most_without: usize, workspace: &Workspace) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut without = 0;
    for row in chapter.lines().filter(|line| line.starts_with("| ") && line.contains(" | ")) {
        without += usize::from(row.contains("not yet"));
        let quoted: Vec<_> =
            row.rsplit(" | ").next().unwrap_or_default().split('`').skip(1).step_by(2).collect();
        for test in quoted.chunks(2) {
            let exists = match test {
                [path, name] => workspace
                    .sources
                    .iter()
                    .any(|source| source.path == *path && source.text.contains(&format!("fn {name}("))),
                _ => false,
            };
            if !exists {
                wrong.push(format!("docs/trials.md: there is no test `{}`", test.join("` `")));
            }
        }
    }
    if without > most_without {
        wrong.push(format!("docs/trials.md: {without} rows have no test, of {most_without} at most"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    #[test]
    fn a_test_that_does_not_exist_and_a_row_too_many_are_reported() {
        let workspace = Workspace::of(&[("tests/a.rs", "#[test]\nfn it_holds() {}")]);
        let chapter = "| | promise | tests |\n| L1 | A. | `tests/a.rs` `it_holds`<br>`tests/a.rs` `it_does_not` |\n\
                       | L2 | B. | — not yet |\n";
        assert_eq!(
            check_chapter(chapter, 1, &workspace),
            ["docs/trials.md: there is no test `tests/a.rs` `it_does_not`"]
        );
        assert_eq!(check_chapter(chapter, 0, &workspace).len(), 2);
    }

    #[test]
    fn the_named_tests_exist() {
        assert_clean(check);
    }
}
