//! The workspace's sources as text.

use std::path::Path;

use walkdir::WalkDir;

/// A source file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its path from the workspace's root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

/// Reads all `.rs` files below a folder, in the order of their paths. Build folders and hidden ones are left out.
///
/// # Panics
/// If a file cannot be read.
pub(crate) fn read_all(root: &Path) -> Vec<Source> {
    let is_wanted = |name: &str| name != "target" && !name.starts_with('.');
    let entries = WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter();
    let files = entries.filter_entry(|entry| entry.file_name().to_str().is_some_and(is_wanted));
    files
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|entry| {
            let path = entry.path().strip_prefix(root).expect("a file below the root");
            let text = std::fs::read_to_string(entry.path())
                .unwrap_or_else(|error| panic!("cannot read {}: {error}", entry.path().display()));
            Source { path: path.to_string_lossy().replace('\\', "/"), text }
        })
        .collect()
}
