//! Where things are: the workspace's root, its images, its target directory.

use std::path::PathBuf;

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    // Cargo's word at run time comes first: checkouts that share a target directory share this program.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = PathBuf::from(manifest);
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// The folder with one folder per image.
pub(crate) fn images() -> PathBuf {
    root().join("images")
}

/// Where builds go: `CARGO_TARGET_DIR`, else `target` in the root.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(path) => root().join(path),
        None => root().join("target"),
    }
}
