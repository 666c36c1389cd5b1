//! Validates sources before a container is created for them. It reads no file content.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};

use super::failure::{cannot, files};
use super::source::{CopyIn, Source};
use super::walk::{EntryKind, special, walk};
use crate::words::{Error, Result};

/// Checks all sources of one request together.
///
/// # Errors
/// - Files: a source does not exist, can't be read, is of another kind than declared, or contains something that can't
///   be copied.
/// - Invalid: a path in the container is malformed, or two sources have the same path.
pub(crate) fn check(sources: &[CopyIn]) -> Result<()> {
    let mut taken = Taken::default();
    for source in sources {
        let target = source.entry_path()?;
        taken.targets(&target, source)?;
        match &source.source {
            Source::Dir(dir) => check_dir(dir, &target, source, &mut taken)?,
            Source::File(file) => {
                check_file(file)?;
                taken.leaf(&target, source)?;
            }
            Source::Bytes(_) | Source::Reader { .. } => taken.leaf(&target, source)?,
        }
    }
    Ok(())
}

fn check_file(file: &Path) -> Result<()> {
    let meta = metadata(file)?;
    if meta.is_dir() {
        return Err(files(format!("`{}` is a directory, not a file", file.display()))
            .with_hint("`CopyIn::dir` copies the content of a directory"));
    }
    if !meta.is_file() {
        return Err(special(file, meta.file_type()));
    }
    File::open(file).map_err(|error| cannot("read", file, error))?;
    Ok(())
}

fn check_dir<'a>(dir: &Path, target: &Path, source: &'a CopyIn, taken: &mut Taken<'a>) -> Result<()> {
    if !metadata(dir)?.is_dir() {
        return Err(files(format!("`{}` is not a directory", dir.display()))
            .with_hint("`CopyIn::file` copies a file"));
    }
    taken.dir(target, source)?;
    for found in walk(dir, source.links) {
        let found = found?;
        let path = target.join(&found.below);
        match found.kind {
            EntryKind::Dir => taken.dir(&path, source)?,
            EntryKind::File | EntryKind::Symlink { .. } => taken.leaf(&path, source)?,
        }
    }
    Ok(())
}

fn metadata(path: &Path) -> Result<Metadata> {
    fs::metadata(path).map_err(|error| cannot("read", path, error))
}

/// The paths in the container that earlier sources occupy, each with its source.
#[derive(Default)]
struct Taken<'a> {
    targets: BTreeMap<PathBuf, &'a CopyIn>,
    paths: BTreeMap<PathBuf, (Use, &'a CopyIn)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// A directory, into which other sources may put entries.
    Dir,
    /// A file or a symbolic link.
    Leaf,
}

impl<'a> Taken<'a> {
    fn targets(&mut self, target: &Path, source: &'a CopyIn) -> Result<()> {
        match self.targets.insert(target.to_owned(), source) {
            Some(other) => Err(clash(target, other, source)),
            None => Ok(()),
        }
    }

    fn leaf(&mut self, path: &Path, source: &'a CopyIn) -> Result<()> {
        if let Some(parent) = path.parent() {
            self.dir(parent, source)?;
        }
        match self.paths.insert(path.to_owned(), (Use::Leaf, source)) {
            Some((_, other)) => Err(clash(path, other, source)),
            None => Ok(()),
        }
    }

    fn dir(&mut self, path: &Path, source: &'a CopyIn) -> Result<()> {
        for path in path.ancestors() {
            match self.paths.get(path) {
                Some((Use::Dir, _)) => break,
                Some((Use::Leaf, other)) => return Err(clash(path, other, source)),
                None => self.paths.insert(path.to_owned(), (Use::Dir, source)),
            };
        }
        Ok(())
    }
}

fn clash(path: &Path, first: &CopyIn, second: &CopyIn) -> Error {
    let path = Path::new("/").join(path);
    Error::invalid(format!("`{}` in the container would come from both {first} and {second}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn host() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("d/sub")).unwrap();
        fs::write(dir.path().join("d/f"), "x").unwrap();
        symlink("/nowhere", dir.path().join("d/link")).unwrap();
        dir
    }

    #[track_caller]
    fn refused(sources: &[CopyIn], why: &str) {
        let error = check(sources).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }

    #[test]
    fn sources_that_do_not_meet_are_fine() {
        let (dir, host) = (host(), Path::to_owned);
        let at = |name: &str| host(&dir.path().join(name));
        check(&[
            CopyIn::dir(at("d"), "/data"),
            CopyIn::file(at("d/f"), "/data/sub/f"),
            CopyIn::file(at("d/f"), "/data2"),
            CopyIn::bytes("x", "/data/g"),
            CopyIn::dir(at("d/sub"), "/data/sub/deep"),
            CopyIn::reader(|| Ok(std::io::empty()), 0, "/etc/x"),
        ])
        .unwrap();
    }

    #[test]
    fn two_sources_of_one_path_are_refused_by_name() {
        let dir = host();
        let d = dir.path().join("d");
        refused(
            &[CopyIn::bytes("a", "/x"), CopyIn::bytes("bc", "//x")],
            "`/x` in the container would come from both 1",
        );
        refused(&[CopyIn::dir(&d, "/x"), CopyIn::dir(&d, "/x/")], "`/x`");
        refused(&[CopyIn::dir(&d, "/x"), CopyIn::bytes("a", "/x/f")], "`/x/f`");
        refused(&[CopyIn::bytes("a", "/x/f"), CopyIn::dir(&d, "/x")], "`/x/f`");
        refused(&[CopyIn::dir(&d, "/x"), CopyIn::bytes("a", "/x/link/y")], "`/x/link`");
        refused(&[CopyIn::bytes("a", "/x/f/g"), CopyIn::dir(&d, "/x")], "`/x/f`");
        refused(&[CopyIn::bytes("a", "/x"), CopyIn::bytes("a", "/x/y")], "`/x`");
        refused(&[CopyIn::dir(&d, "/"), CopyIn::bytes("a", "/sub")], "`/sub`");
    }

    #[test]
    fn a_source_that_is_not_as_told_is_refused_with_what_would_be_right() {
        let dir = host();
        refused(&[CopyIn::file("no-such-file", "/x")], "`no-such-file` does not exist\nhint: ");
        refused(&[CopyIn::dir("no-such-dir", "/x")], "`no-such-dir` does not exist");
        refused(
            &[CopyIn::file(dir.path().join("d"), "/x")],
            "is a directory, not a file\nhint: `CopyIn::dir`",
        );
        refused(&[CopyIn::dir(dir.path().join("d/f"), "/x")], "is not a directory\nhint: `CopyIn::file`");
        refused(&[CopyIn::file("/dev/null", "/x")], "`/dev/null` is a device, which can't be copied");
        assert!(check(&[CopyIn::file("no-such-file", "/x")]).unwrap_err().is_files());
    }
}
