//! The workspace's sources and manifests as text.

use std::path::Path;

use anyhow::{Context, Result};
use walkdir::WalkDir;

/// A file's path and text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The path from the workspace's root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files that the rules look at.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// The `.rs` files, in the order of their paths.
    pub(crate) sources: Vec<Source>,
    /// The `Cargo.toml` files, in the order of their paths.
    pub(crate) manifests: Vec<Source>,
}

impl Workspace {
    /// Reads all files below a folder but those in build folders and hidden ones.
    ///
    /// # Errors
    /// If a folder or a file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut workspace = Self::default();
        let is_wanted = |name: &str| name != "target" && !name.starts_with('.');
        let entries = WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|entry| entry.file_name().to_str().is_some_and(is_wanted)) {
            let entry = entry.with_context(|| format!("cannot read a folder below {}", root.display()))?;
            let path = entry.path();
            let is_source = path.extension().is_some_and(|extension| extension == "rs");
            let files = match is_source {
                true => &mut workspace.sources,
                false if entry.file_name() == "Cargo.toml" => &mut workspace.manifests,
                false => continue,
            };
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let path = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            files.push(Source { path, text });
        }
        Ok(workspace)
    }

    /// Makes a workspace of sources that are made up: (path, text).
    #[cfg(test)]
    pub(crate) fn of(sources: &[(&str, &str)]) -> Self {
        let source = |(path, text): &(&str, &str)| Source { path: (*path).into(), text: (*text).into() };
        Self { sources: sources.iter().map(source).collect(), manifests: Vec::new() }
    }
}
