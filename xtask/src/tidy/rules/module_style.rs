//! A module with children is `folder/mod.rs`; there is no `folder.rs` beside `folder/`.

use crate::tidy::reading::Workspace;

/// Returns each file beside a folder of its name.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let paths = || workspace.sources.iter().map(|source| source.path.as_str());
    let has_folder = |path: &&str| {
        let folder = format!("{}/", path.trim_end_matches(".rs"));
        paths().any(|other| other.starts_with(&folder))
    };
    let wrong = paths().filter(has_folder);
    wrong.map(|path| format!("{path}: it is `{}/mod.rs`", path.trim_end_matches(".rs"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    #[test]
    fn a_file_beside_its_folder_is_reported() {
        let reported =
            check(&Workspace::of(&[("a/src/b.rs", ""), ("a/src/b/c.rs", ""), ("a/src/bc.rs", "")]));
        assert_eq!(reported, ["a/src/b.rs: it is `a/src/b/mod.rs`"]);
        assert_eq!(check(&Workspace::of(&[("a/src/b/mod.rs", ""), ("a/src/b/c.rs", "")])), [""; 0]);
    }

    #[test]
    fn there_is_one_module_style() {
        assert_clean(check);
    }
}
