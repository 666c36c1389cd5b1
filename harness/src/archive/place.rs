//! Moves extracted files to their target, all of them or none.

use std::fs::{self, DirEntry, FileType};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::failure::{cannot, files};
use crate::words::Result;

/// A temporary directory next to the target, or in it, so that a rename suffices. It is deleted when this is dropped.
pub(super) struct Staging {
    dir: TempDir,
    target: PathBuf,
}

impl Staging {
    /// Creates a staging directory for a target that does not exist, or is a file or a directory.
    pub(super) fn new(target: &Path) -> Result<Self> {
        // In a directory that exists: its parent may be on another file system, or not writable.
        let near = if target.is_dir() { target } else { parent(target) };
        if !near.is_dir() {
            return Err(files(format!("`{}` is not a directory", near.display()))
                .with_hint(format!("create it before copying to `{}`", target.display())));
        }
        let dir = tempfile::Builder::new().prefix(".seatrial-").tempdir_in(near);
        let dir = dir.map_err(|error| cannot("written to", near, error))?;
        Ok(Self { dir, target: target.to_owned() })
    }

    /// Returns the path at which to create the archive's root.
    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// Moves a file to the target. A file or link at the target is replaced.
    pub(super) fn place_file(self) -> Result<()> {
        if self.target.is_dir() {
            return Err(files(format!(
                "`{}` is a directory, but the copied path is a file",
                self.target.display()
            ))
            .with_hint("pass the target path including the file's name"));
        }
        rename(&self.root(), &self.target)
    }

    /// Moves a directory to the target. If the target is a directory already, merges the content into it.
    ///
    /// A merge replaces existing files and nothing else.
    pub(super) fn place_dir(self) -> Result<()> {
        match fs::metadata(&self.target) {
            Ok(meta) if meta.is_dir() => {
                // All conflicts are detected before anything is moved.
                each(&self.root(), &self.target, &mut no_clash)?;
                each(&self.root(), &self.target, &mut |from, to, _| rename(from, to))
            }
            Ok(_) => Err(files(format!(
                "`{}` is not a directory, but the copied path is one",
                self.target.display()
            ))),
            Err(_) => rename(&self.root(), &self.target),
        }
    }
}

fn parent(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| cannot("written", to, error))
}

/// Calls `act` with each entry of `from` and its counterpart in `to`. A directory that exists in both is descended
/// into; one that exists only in `from` is passed as a whole.
fn each(from: &Path, to: &Path, act: &mut impl FnMut(&Path, &Path, FileType) -> Result<()>) -> Result<()> {
    let failed = |error| cannot("read", from, error);
    let entries =
        fs::read_dir(from).map_err(failed)?.collect::<io::Result<Vec<DirEntry>>>().map_err(failed)?;
    for entry in entries {
        let kind = entry.file_type().map_err(failed)?;
        let target = to.join(entry.file_name());
        // A link to a directory does not count as one: the copied files must not go to its target.
        let in_both = kind.is_dir() && fs::symlink_metadata(&target).is_ok_and(|meta| meta.is_dir());
        if in_both { each(&entry.path(), &target, act)? } else { act(&entry.path(), &target, kind)? }
    }
    Ok(())
}

fn no_clash(_: &Path, to: &Path, kind: FileType) -> Result<()> {
    match fs::symlink_metadata(to) {
        Ok(there) if there.is_dir() || kind.is_dir() => {
            let (what, other) = if kind.is_dir() { ("a directory", "") } else { ("a file", "a directory ") };
            Err(files(format!("`{}` is {other}in the way of {what} that was copied", to.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn staged(target: &Path) -> Staging {
        let staging = Staging::new(target).unwrap();
        let root = staging.root();
        fs::create_dir_all(root.join("sub/new")).unwrap();
        fs::write(root.join("f"), "new").unwrap();
        fs::write(root.join("sub/f"), "new").unwrap();
        staging
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_directory_becomes_a_target_that_was_not_there() {
        let dir = tempfile::tempdir().unwrap();
        staged(&dir.path().join("t")).place_dir().unwrap();
        assert_eq!(
            (names(dir.path()), names(&dir.path().join("t"))),
            (vec!["t".into()], vec!["f".into(), "sub".into()])
        );
    }

    #[test]
    fn a_directory_that_is_there_keeps_what_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/f"), "old").unwrap();
        fs::write(dir.path().join("sub/old"), "old").unwrap();
        staged(dir.path()).place_dir().unwrap();
        assert_eq!(names(dir.path()), ["f", "sub"]);
        assert_eq!(names(&dir.path().join("sub")), ["f", "new", "old"]);
        assert_eq!(fs::read_to_string(dir.path().join("sub/f")).unwrap(), "new");
    }

    #[test]
    fn what_is_in_the_way_is_named_and_nothing_is_moved() {
        let dir = tempfile::tempdir().unwrap();
        symlink("/tmp", dir.path().join("sub")).unwrap();
        let error = staged(dir.path()).place_dir().unwrap_err();
        assert!(error.to_string().contains("sub` is in the way of a directory"), "{error}");
        fs::remove_file(dir.path().join("sub")).unwrap();
        fs::create_dir(dir.path().join("f")).unwrap();
        let error = staged(dir.path()).place_dir().unwrap_err();
        assert!(error.to_string().contains("f` is a directory in the way of a file"), "{error}");
        assert_eq!(names(dir.path()), ["f"]);
    }

    #[test]
    fn a_file_replaces_a_link_and_not_what_it_points_to() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("other"), "old").unwrap();
        symlink("other", dir.path().join("t")).unwrap();
        let staging = Staging::new(&dir.path().join("t")).unwrap();
        fs::write(staging.root(), "new").unwrap();
        staging.place_file().unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("t")).unwrap(), "new");
        assert_eq!(fs::read_to_string(dir.path().join("other")).unwrap(), "old");
    }

    #[test]
    fn a_target_without_a_directory_above_it_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let error = Staging::new(&dir.path().join("no/t")).err().unwrap();
        assert!(error.to_string().contains("/no` is not a directory\nhint: create it before"), "{error}");
    }
}
