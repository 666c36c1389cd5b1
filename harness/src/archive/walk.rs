//! Walks a directory tree of the host without following links. It reads no file content.

use std::fs::{self, FileType, Metadata};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::failure::{cannot, files};
use crate::words::{Error, Result};

/// An entry of the walked directory tree.
#[derive(Debug)]
pub(super) struct Found {
    /// The full path on the host.
    pub(super) host: PathBuf,
    /// The path relative to the walked directory.
    pub(super) below: PathBuf,
    /// The type of the entry.
    pub(super) what: What,
    /// The metadata. For a link, that of the link itself.
    pub(super) meta: Metadata,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    File,
    Dir,
    Symlink { to: PathBuf },
}

/// Iterates over everything below `root`, without `root` itself: parents before children, siblings by name.
///
/// An entry that is not a file, directory or link yields an error that names it, and ends the walk.
pub(super) fn walk(root: &Path) -> Walk {
    Walk { root: root.to_owned(), pending: Vec::new(), started: false }
}

pub(super) struct Walk {
    root: PathBuf,
    /// Paths still to visit, relative to the root. The last one is visited next.
    pending: Vec<PathBuf>,
    started: bool,
}

impl Iterator for Walk {
    type Item = Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = if self.started { Ok(()) } else { self.list(Path::new("")) };
        self.started = true;
        let found = match next {
            Ok(()) => self.pending.pop().map(|below| self.visit(below))?,
            Err(error) => Err(error),
        };
        if found.is_err() {
            self.pending.clear();
        }
        Some(found)
    }
}

impl Walk {
    fn visit(&mut self, below: PathBuf) -> Result<Found> {
        let host = self.root.join(&below);
        let meta = fs::symlink_metadata(&host).map_err(|error| cannot("read", &host, error))?;
        let what = what(&host, meta.file_type())?;
        if what == What::Dir {
            self.list(&below)?;
        }
        Ok(Found { host, below, what, meta })
    }

    fn list(&mut self, below: &Path) -> Result<()> {
        let dir = join(&self.root, below);
        let failed = |error| cannot("listed", &dir, error);
        let entries = fs::read_dir(&dir).map_err(failed)?;
        let names = entries.map(|entry| Ok(entry.map_err(failed)?.file_name()));
        let mut names = names.collect::<Result<Vec<_>>>()?;
        names.sort_by(|a, b| b.cmp(a));
        self.pending.extend(names.iter().map(|name| below.join(name)));
        Ok(())
    }
}

/// Joins two paths like `Path::join`, except that an empty `below` adds no trailing slash, with which no file is found.
pub(super) fn join(root: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() { root.to_owned() } else { root.join(below) }
}

fn what(host: &Path, kind: FileType) -> Result<What> {
    if kind.is_file() {
        Ok(What::File)
    } else if kind.is_dir() {
        Ok(What::Dir)
    } else if kind.is_symlink() {
        let to = fs::read_link(host).map_err(|error| cannot("read", host, error))?;
        Ok(What::Symlink { to })
    } else {
        Err(special(host, kind))
    }
}

/// Creates the error for an entry of a type that can't be copied.
pub(super) fn special(host: &Path, kind: FileType) -> Error {
    let name = if kind.is_socket() {
        "a socket"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "neither a file nor a directory"
    };
    files(format!("`{}` is {name}, which can't be copied", host.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn all_is_found_in_order_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("b/empty")).unwrap();
        fs::write(dir.path().join("b/f"), "x").unwrap();
        fs::write(dir.path().join("c"), "x").unwrap();
        symlink("b", dir.path().join("a")).unwrap();
        let found: Vec<_> =
            walk(dir.path()).map(Result::unwrap).map(|found| (found.below, found.what)).collect();
        let expected = [
            ("a", What::Symlink { to: "b".into() }),
            ("b", What::Dir),
            ("b/empty", What::Dir),
            ("b/f", What::File),
            ("c", What::File),
        ];
        assert_eq!(found, expected.map(|(below, what)| (PathBuf::from(below), what)));
    }

    #[test]
    fn a_socket_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s.sock");
        let _listener = UnixListener::bind(&socket).unwrap();
        let error = walk(dir.path()).next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), format!("`{}` is a socket, which can't be copied", socket.display()));
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error_once() {
        let mut walk = walk(Path::new("/no/such/dir"));
        assert!(walk.next().unwrap().unwrap_err().to_string().starts_with("`/no/such/dir` does not exist"));
        assert!(walk.next().is_none());
    }
}
