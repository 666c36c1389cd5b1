//! The paths of the workspace's root, images and target directory.

use std::path::PathBuf;

/// Returns the workspace's root.
pub(crate) fn root() -> PathBuf {
    // Cargo's variable at run time comes first, since checkouts that share a target directory share this program.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = PathBuf::from(manifest);
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// Returns the folder that has one folder per image.
pub(crate) fn images() -> PathBuf {
    root().join("images")
}

/// Returns the target directory: `CARGO_TARGET_DIR`, else `target` in the root.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(path) => root().join(path),
        None => root().join("target"),
    }
}
