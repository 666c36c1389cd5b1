//! An image's folder: its files, the images that it is built from, and the digest of its content.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

/// The version of the way images are built; a new one has all images built again.
const RECIPE: &str = "1";

/// A file of an image's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// The path relative to the folder, with `/` between its parts.
    pub(crate) path: String,
    pub(crate) executable: bool,
    pub(crate) content: Vec<u8>,
}

/// An image's folder, read into memory; such folders are small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) name: String,
    /// The files, in the order of their paths.
    pub(crate) files: Vec<File>,
}

impl Folder {
    /// Reads a folder without its `README.md`, which is no part of the image.
    ///
    /// # Errors
    /// Fails if a file cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = Vec::new();
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry =
                entry.with_context(|| format!("failed to list the image folder `{}`", path.display()))?;
            let relative = entry.path().strip_prefix(path)?.to_string_lossy().into_owned();
            if !entry.file_type().is_file() || relative == "README.md" {
                continue;
            }
            let content = std::fs::read(entry.path())
                .with_context(|| format!("failed to read `{}`", entry.path().display()))?;
            let executable = entry.metadata()?.permissions().mode() & 0o111 != 0;
            files.push(File { path: relative, executable, content });
        }
        Ok(Self { name, files })
    }

    /// Returns the text of its `Dockerfile`, if it has one.
    pub(crate) fn dockerfile(&self) -> Option<String> {
        let file = self.files.iter().find(|file| file.path == "Dockerfile")?;
        Some(String::from_utf8_lossy(&file.content).into_owned())
    }

    /// Returns the names of Seatrial's images that it is built from.
    pub(crate) fn bases(&self) -> Vec<String> {
        let dockerfile = self.dockerfile().unwrap_or_default();
        let froms = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM "));
        froms
            .filter_map(|from| {
                let image = from.split_whitespace().next()?;
                Some(image.strip_prefix("seatrial/")?.split(':').next()?.to_owned())
            })
            .collect()
    }

    /// Returns the digest of the files' paths, modes and contents, and of the digests of its base images.
    pub(crate) fn digest<'a>(&self, bases: impl IntoIterator<Item = &'a str>) -> String {
        let mut hash = Sha256::new();
        // Each part is hashed with its length, so that different lists of parts have different digests.
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(RECIPE.as_bytes());
        for base in bases {
            part(base.as_bytes());
        }
        for file in &self.files {
            part(file.path.as_bytes());
            part(&[u8::from(file.executable)]);
            part(&file.content);
        }
        let digest = hash.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, bool, &str)]) -> Folder {
        let file = |&(path, executable, content): &(&str, bool, &str)| File {
            path: path.into(),
            executable,
            content: content.into(),
        };
        Folder { name: "x".into(), files: files.iter().map(file).collect() }
    }

    #[test]
    fn the_digest_changes_with_each_part_of_the_image() {
        let digests = [
            folder(&[("a", false, "1")]).digest([]),
            folder(&[("a", false, "2")]).digest([]),
            folder(&[("b", false, "1")]).digest([]),
            folder(&[("a", true, "1")]).digest([]),
            folder(&[("a", false, "1"), ("b", false, "")]).digest([]),
            folder(&[("a", false, "1")]).digest(["base"]),
            folder(&[("a", false, "1")]).digest(["other base"]),
        ];
        let different: std::collections::BTreeSet<_> = digests.iter().collect();
        assert_eq!(different.len(), digests.len());
        assert_eq!(
            digests[0],
            folder(&[("a", false, "1")]).digest([]),
            "the same content has the same digest"
        );
    }

    #[test]
    fn bases_are_images_of_seatrial_only() {
        let folder = folder(&[(
            "Dockerfile",
            false,
            "FROM seatrial/base:dev AS one\nRUN true\nFROM scratch\nFROM debian:12\n",
        )]);
        assert_eq!(folder.bases(), ["base"]);
    }

    #[test]
    fn reading_leaves_the_readme_out_and_keeps_modes() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["README.md", "Dockerfile", "run"] {
            std::fs::write(directory.path().join(name), name).expect("a file");
        }
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path().join("run"), executable).expect("a mode");
        let folder = Folder::read(directory.path()).expect("a folder");
        let files: Vec<_> = folder.files.iter().map(|file| (file.path.as_str(), file.executable)).collect();
        assert_eq!(files, [("Dockerfile", false), ("run", true)]);
    }
}
