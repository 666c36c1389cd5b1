//! Walks a directory tree of the host. It reads no file content.

use std::fs::{self, FileType, Metadata};
use std::io;
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
    pub(super) kind: EntryKind,
    /// The metadata. For a link that is kept, that of the link itself.
    pub(super) meta: Metadata,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Dir,
    Symlink { to: PathBuf },
}

/// The treatment of links inside of a walked directory tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// Links stay links.
    Keep,
    /// A link counts as the file or directory that it leads to.
    Follow,
}

/// Iterates over everything below `root`, without `root` itself: parents before children, siblings by name.
///
/// An entry that is not a file, directory or link yields an error that names it, and ends the walk. If links are
/// followed, so does a link that leads nowhere, and one that leads to a directory above itself.
pub(super) fn walk(root: &Path, links: Links) -> Walk {
    Walk { root: root.to_owned(), links, pending: Vec::new(), started: false }
}

pub(super) struct Walk {
    root: PathBuf,
    links: Links,
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
        let mut meta = fs::symlink_metadata(&host).map_err(|error| cannot("read", &host, error))?;
        if meta.is_symlink() && self.links == Links::Follow {
            meta = fs::metadata(&host).map_err(|error| leads_nowhere(&host, error))?;
            if meta.is_dir() {
                self.check_circle(&host, &below)?;
            }
        }
        let kind = kind_of(&host, meta.file_type())?;
        if kind == EntryKind::Dir {
            self.list(&below)?;
        }
        Ok(Found { host, below, kind, meta })
    }

    /// Checks that a link does not lead to one of the directories that it is in, since the walk would never end.
    fn check_circle(&self, host: &Path, below: &Path) -> Result<()> {
        let resolved = |path: &Path| fs::canonicalize(path).map_err(|error| cannot("read", path, error));
        let to = resolved(host)?;
        for above in below.ancestors().skip(1) {
            if resolved(&join(&self.root, above))? == to {
                let (host, to) = (host.display(), to.display());
                return Err(files(format!("`{host}` is a link to `{to}`, which contains it"))
                    .with_hint("remove the link, or copy without `follow_links`"));
            }
        }
        Ok(())
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

/// Creates the error for a link that can't be followed.
fn leads_nowhere(host: &Path, error: io::Error) -> Error {
    let to = fs::read_link(host).unwrap_or_default();
    let (host, to, reason) = (host.display(), to.display(), error.kind());
    files(format!("`{host}` is a link to `{to}`, which can't be followed: {reason}")).with_source(error)
}

fn kind_of(host: &Path, file_type: FileType) -> Result<EntryKind> {
    if file_type.is_file() {
        Ok(EntryKind::File)
    } else if file_type.is_dir() {
        Ok(EntryKind::Dir)
    } else if file_type.is_symlink() {
        let to = fs::read_link(host).map_err(|error| cannot("read", host, error))?;
        Ok(EntryKind::Symlink { to })
    } else {
        Err(special(host, file_type))
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
    fn entries_are_found_in_order_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("b/empty")).unwrap();
        fs::write(dir.path().join("b/f"), "x").unwrap();
        fs::write(dir.path().join("c"), "x").unwrap();
        symlink("b", dir.path().join("a")).unwrap();
        let found: Vec<_> = walk(dir.path(), Links::Keep)
            .map(Result::unwrap)
            .map(|found| (found.below, found.kind))
            .collect();
        let expected = [
            ("a", EntryKind::Symlink { to: "b".into() }),
            ("b", EntryKind::Dir),
            ("b/empty", EntryKind::Dir),
            ("b/f", EntryKind::File),
            ("c", EntryKind::File),
        ];
        assert_eq!(found, expected.map(|(below, kind)| (PathBuf::from(below), kind)));
    }

    /// C19: if links are followed, they are the files and directories that they lead to, also through other links.
    #[test]
    fn links_are_followed_where_that_is_asked_for() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(outside.path().join("d")).unwrap();
        fs::write(outside.path().join("d/f"), "four").unwrap();
        symlink("f", outside.path().join("d/g")).unwrap();
        symlink(outside.path().join("d"), dir.path().join("a")).unwrap();
        symlink("a/g", dir.path().join("b")).unwrap();
        let found = walk(dir.path(), Links::Follow).map(Result::unwrap);
        let found: Vec<_> = found
            .map(|Found { below, kind, meta, .. }| (below, kind, meta.is_dir() || meta.len() == 4))
            .collect();
        let expected = [
            ("a", EntryKind::Dir),
            ("a/f", EntryKind::File),
            ("a/g", EntryKind::File),
            ("b", EntryKind::File),
        ];
        assert_eq!(found, expected.map(|(below, kind)| (PathBuf::from(below), kind, true)));
    }

    /// C19: a followed link that leads nowhere, to itself or to a directory above it is an error that names it.
    #[test]
    fn a_link_that_cannot_be_followed_is_an_error_that_names_it() {
        for (to, reason) in [
            ("nowhere", "is a link to `nowhere`, which can't be followed"),
            ("link", "is a link to `link`, which can't be followed"),
            (".", "which contains it\nhint: "),
            ("../sub", "which contains it\nhint: "),
            ("..", "which contains it\nhint: "),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("sub")).unwrap();
            symlink(to, dir.path().join("sub/link")).unwrap();
            let error = walk(dir.path(), Links::Follow).find_map(Result::err).expect(to);
            let text = error.to_string();
            assert!(
                error.is_files() && text.contains("sub/link` is a link") && text.contains(reason),
                "{text}"
            );
        }
    }

    #[test]
    fn a_socket_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s.sock");
        let _listener = UnixListener::bind(&socket).unwrap();
        let error = walk(dir.path(), Links::Keep).next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), format!("`{}` is a socket, which can't be copied", socket.display()));
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error_once() {
        let mut walk = walk(Path::new("/no/such/dir"), Links::Keep);
        assert!(walk.next().unwrap().unwrap_err().to_string().starts_with("`/no/such/dir` does not exist"));
        assert!(walk.next().is_none());
    }
}
