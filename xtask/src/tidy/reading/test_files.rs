//! Finds the files that are compiled for tests only.

use std::collections::BTreeSet;

use super::{Source, shipped, tokens};

/// Returns the paths of all files in a `tests` folder of a package, and of those whose module is declared for tests.
pub(crate) fn test_files<'a>(sources: impl Iterator<Item = &'a Source> + Clone) -> BTreeSet<&'a str> {
    let mut modules = Vec::new();
    for source in sources.clone() {
        let tokens = tokens(&source.text);
        let folder = folder_of_children(&source.path);
        modules.extend(shipped(&tokens).test_modules.iter().map(|name| format!("{folder}{name}")));
    }
    let is_declared = |path: &str| {
        let of_module = |module: &String| {
            path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        modules.iter().any(of_module)
    };
    let paths = sources.map(|source| source.path.as_str());
    paths.filter(|path| path.contains("/tests/") || is_declared(path)).collect()
}

/// Returns the folder, with `/` at its end, that the child modules of a file are in.
fn folder_of_children(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "lib.rs" | "main.rs" | "mod.rs" => format!("{folder}/"),
        _ => format!("{}/", path.trim_end_matches(".rs")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Workspace;
    use super::*;

    #[test]
    fn declared_modules_and_test_folders_are_found() {
        let workspace = Workspace::of(&[
            ("a/src/lib.rs", "#[cfg(test)] mod checks; mod b;"),
            ("a/src/checks/mod.rs", ""),
            ("a/src/b.rs", "#[cfg(test)] mod tests;"),
            ("a/src/b/tests.rs", ""),
            ("a/src/b/other.rs", ""),
            ("a/tests/topic.rs", ""),
        ]);
        let found = Vec::from_iter(test_files(workspace.sources.iter()));
        assert_eq!(found, ["a/src/b/tests.rs", "a/src/checks/mod.rs", "a/tests/topic.rs"]);
    }
}
