//! Temporary copies of files and directories for a container to mount. It mounts nothing itself.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::failure::{cannot, files};
use super::walk::{EntryKind, Links, special, walk};
use crate::words::{Error, Kind, Result};

/// A temporary directory with copies of files, to be mounted into a container.
///
/// Every user in the container can read the copies, regardless of their owner on the host. They are deleted when this
/// value is dropped, so the owner keeps it until the container is gone; [`MountedFiles::remove`] also reports errors. A
/// container that runs as root may leave files that only root can delete.
///
/// The engine mounts the directory by its path, so it has to share the host's file system.
#[derive(Debug)]
#[must_use = "the copies are removed when this is dropped"]
pub(crate) struct MountedFiles {
    dir: TempDir,
}

/// The access that users in the container get.
#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

impl MountedFiles {
    /// Copies sources for a read-only mount.
    ///
    /// Each source keeps its own name in the directory. A source that is a symbolic link is followed; `links` applies to
    /// those inside of a source directory.
    ///
    /// # Errors
    /// - Files: a source can't be read, or is or contains something that can't be copied.
    /// - Invalid: two sources have the same name.
    pub(crate) fn read_only<P: AsRef<Path>>(
        sources: impl IntoIterator<Item = P>,
        links: Links,
    ) -> Result<Self> {
        Self::copy(sources, Access::Read, links)
    }

    /// Copies sources for a mount that every user in the container may write to. Otherwise like
    /// [`MountedFiles::read_only`].
    pub(crate) fn writable<P: AsRef<Path>>(
        sources: impl IntoIterator<Item = P>,
        links: Links,
    ) -> Result<Self> {
        Self::copy(sources, Access::Write, links)
    }

    fn copy<P: AsRef<Path>>(
        sources: impl IntoIterator<Item = P>,
        access: Access,
        links: Links,
    ) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("seatrial-").tempdir();
        let dir =
            dir.map_err(|error| files("a temporary directory could not be created").with_source(error))?;
        for source in sources {
            let source = source.as_ref();
            let target = dir.path().join(base_name(source)?);
            if fs::symlink_metadata(&target).is_ok() {
                return Err(Error::invalid(format!(
                    "`{}` can't be mounted: another mounted file has the same name",
                    source.display()
                )));
            }
            copy_source(source, &target, access, links)?;
        }
        set_mode(dir.path(), access.dir())?;
        Ok(Self { dir })
    }

    /// Returns the directory to mount.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Keeps the copies on disk, for a container that is kept.
    pub(crate) fn keep(self) {
        let path = self.dir.keep();
        tracing::info!(path = %path.display(), "kept the mounted files of a container that is kept");
    }

    /// Deletes the directory with the copies and everything that the container added. To be called once no container
    /// mounts it.
    ///
    /// # Errors
    /// Leftover, with the path, if some of it could not be deleted.
    pub(crate) fn remove(self) -> Result<()> {
        let path = self.dir.path().to_owned();
        self.dir.close().map_err(|error| {
            Error::new(Kind::Leftover, format!("`{}` could not be deleted", path.display()))
                .with_source(error)
        })
    }
}

impl Access {
    fn dir(self) -> u32 {
        match self {
            Self::Read => 0o755,
            Self::Write => 0o777,
        }
    }

    /// Returns the mode for a copied file. It is executable for all if it was for anyone.
    fn file(self, mode: u32) -> u32 {
        let run = if mode & 0o111 == 0 { 0 } else { 0o111 };
        match self {
            Self::Read => 0o644 | run,
            Self::Write => 0o666 | run,
        }
    }
}

/// Returns the file name of a source. Paths such as `.` and `a/..` are resolved first.
fn base_name(source: &Path) -> Result<PathBuf> {
    if let Some(name) = source.file_name() {
        return Ok(name.into());
    }
    let whole = fs::canonicalize(source).map_err(|error| cannot("read", source, error))?;
    let name = whole.file_name().map(PathBuf::from);
    name.ok_or_else(|| {
        Error::invalid(format!("`{}` can't be mounted: it has no file name", source.display()))
    })
}

fn copy_source(source: &Path, target: &Path, access: Access, links: Links) -> Result<()> {
    let meta = fs::metadata(source).map_err(|error| cannot("read", source, error))?;
    if meta.is_file() {
        copy_file(source, target, access)
    } else if meta.is_dir() {
        copy_dir(source, target, access, links)
    } else {
        Err(special(source, meta.file_type()))
    }
}

fn copy_dir(source: &Path, target: &Path, access: Access, links: Links) -> Result<()> {
    make_dir(target, access)?;
    for found in walk(source, links) {
        let found = found?;
        let target = target.join(&found.below);
        match found.kind {
            EntryKind::Dir => make_dir(&target, access)?,
            EntryKind::File => copy_file(&found.host, &target, access)?,
            EntryKind::Symlink { to } => {
                symlink(to, &target).map_err(|error| cannot("created", &target, error))?
            }
        }
    }
    Ok(())
}

fn make_dir(target: &Path, access: Access) -> Result<()> {
    fs::create_dir(target).map_err(|error| cannot("created", target, error))?;
    set_mode(target, access.dir())
}

fn copy_file(source: &Path, target: &Path, access: Access) -> Result<()> {
    fs::copy(source, target).map_err(|error| cannot("copied", source, error))?;
    let meta = fs::metadata(target).map_err(|error| cannot("read", target, error))?;
    set_mode(target, access.file(meta.permissions().mode()))
}

/// Sets the mode of an existing path. Passing it at creation would not do, since the process's umask would apply.
fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|error| cannot("given its permissions", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("conf/sub")).unwrap();
        fs::create_dir(path("other")).unwrap();
        for (name, mode) in [("conf/secret", 0o600), ("conf/sub/run", 0o700), ("other/conf", 0o400)] {
            fs::write(path(name), name).unwrap();
            set_mode(&path(name), mode).unwrap();
        }
        set_mode(&path("conf/sub"), 0o700).unwrap();
        symlink("sub/run", path("conf/link")).unwrap();
        dir
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn anyone_can_read_the_copies() {
        let host = host();
        let mounted = MountedFiles::read_only([host.path().join("conf")], Links::Keep).unwrap();
        let modes = ["", "conf", "conf/secret", "conf/sub", "conf/sub/run"]
            .map(|name| mode(&mounted.path().join(name)));
        assert_eq!(modes, [0o755, 0o755, 0o644, 0o755, 0o755]);
        assert_eq!(fs::read_to_string(mounted.path().join("conf/secret")).unwrap(), "conf/secret");
        assert_eq!(fs::read_link(mounted.path().join("conf/link")).unwrap(), Path::new("sub/run"));
    }

    #[test]
    fn anyone_can_write_where_that_was_asked_for() {
        let host = host();
        let mounted = MountedFiles::writable([host.path().join("conf")], Links::Keep).unwrap();
        let modes = ["", "conf", "conf/secret", "conf/sub/run"].map(|name| mode(&mounted.path().join(name)));
        assert_eq!(modes, [0o777, 0o777, 0o666, 0o777]);
    }

    #[test]
    fn two_sources_of_one_name_are_refused() {
        let host = host();
        let error =
            MountedFiles::read_only([host.path().join("conf"), host.path().join("other/conf")], Links::Keep)
                .unwrap_err();
        assert!(error.is_invalid() && error.to_string().contains("other/conf` can't be mounted"), "{error}");
    }

    #[test]
    fn a_source_gets_its_own_name_however_it_was_given() {
        let host = host();
        let mounted = MountedFiles::read_only([host.path().join("conf/sub/..")], Links::Keep).unwrap();
        assert!(mounted.path().join("conf/secret").exists());
        assert!(
            MountedFiles::read_only(["/"], Links::Keep).unwrap_err().to_string().contains("has no file name")
        );
        let error = MountedFiles::read_only(["no-such-file"], Links::Keep).unwrap_err();
        assert!(error.to_string().starts_with("`no-such-file` does not exist"));
    }

    #[test]
    fn the_copies_go_with_the_value() {
        let host = host();
        let dropped = |mounted| {
            drop(mounted);
            Ok(())
        };
        for remove in [MountedFiles::remove, dropped] {
            let mounted = MountedFiles::writable([host.path().join("conf")], Links::Keep).unwrap();
            let path = mounted.path().to_owned();
            fs::write(path.join("conf/sub/new"), "from the container").unwrap();
            remove(mounted).unwrap();
            assert!(!path.exists());
        }
        assert!(host.path().join("conf/secret").exists());
    }
}
