//! A file that is written beside its place, and takes the place once it is complete.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that is being written. Until [`commit`](Self::commit), the file of that name stays as it was.
///
/// A path that is no regular file, such as a pipe or `/dev/stdout`, is written directly.
#[derive(Debug)]
pub(crate) struct Replacement {
    /// The path to replace: that of the file itself, if the name is a symbolic link.
    path: PathBuf,
    to: BufWriter<Target>,
}

#[derive(Debug)]
enum Target {
    Beside(NamedTempFile),
    Direct(File),
}

impl Replacement {
    /// Creates the file beside its place.
    ///
    /// # Errors
    /// The system's error, if nothing can be written there.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let (path, target) = match fs::metadata(path) {
            Ok(about) if about.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(about) if !about.is_file() => {
                (path.to_owned(), Target::Direct(File::options().write(true).open(path)?))
            }
            Ok(about) => {
                let path = path.canonicalize()?;
                let target = Target::Beside(beside(&path, about.permissions())?);
                (path, target)
            }
            // As a file that is simply created: the process's mask takes away what others may not do.
            Err(_) => (path.to_owned(), Target::Beside(beside(path, Permissions::from_mode(0o666))?)),
        };
        Ok(Self { path, to: BufWriter::new(target) })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// The system's error, if the file could not be written completely. The file of that name is as it was before.
    pub(crate) fn commit(self) -> io::Result<()> {
        match self.to.into_inner().map_err(io::IntoInnerError::into_error)? {
            Target::Direct(mut file) => file.flush(),
            Target::Beside(file) => {
                // Some file systems find out only now that there is no room.
                file.as_file().sync_all()?;
                file.persist(&self.path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

fn beside(path: &Path, permissions: Permissions) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    tempfile::Builder::new().prefix(&prefix).suffix(".part").permissions(permissions).tempfile_in(folder)
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside(file) => file.write(bytes),
            Self::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside(file) => file.flush(),
            Self::Direct(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
        names.sort_unstable();
        names
    }

    /// R25. A file keeps its content until the new one is complete.
    #[test]
    fn a_file_is_replaced_only_when_the_new_one_is_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.xml");
        fs::write(&path, "old").expect("a file");
        let mut given_up = Replacement::create(&path).expect("created");
        given_up.write_all(b"half").and_then(|()| given_up.flush()).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("a file"), "old");
        drop(given_up);
        assert_eq!(names(folder.path()), ["report.xml"], "nothing is left beside it");
        let mut whole = Replacement::create(&path).expect("created");
        whole.write_all(b"whole").expect("written");
        whole.commit().expect("in its place");
        assert_eq!(fs::read_to_string(&path).expect("a file"), "whole");
        assert_eq!(names(folder.path()), ["report.xml"]);
    }

    /// R25. A link keeps its target, and a file its permissions.
    #[test]
    fn links_and_permissions_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&path, "old").expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("permissions");
        std::os::unix::fs::symlink("real", &link).expect("a link");
        let mut file = Replacement::create(&link).expect("created");
        file.write_all(b"new").expect("written");
        file.commit().expect("in its place");
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::read_to_string(&path).expect("a file"), "new");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o640);
    }

    /// R25. A disk that is full is an error, whatever kind of file it is found out at.
    #[test]
    fn a_full_disk_is_an_error() {
        let mut full = Replacement::create(Path::new("/dev/full")).expect("opened");
        let written = full.write_all(b"report").and_then(|()| full.commit());
        assert_eq!(written.expect_err("no room").kind(), io::ErrorKind::StorageFull);
        assert!(Path::new("/dev/full").exists(), "a device is not replaced");
        assert!(Replacement::create(Path::new("/nowhere/at/all")).is_err());
        assert!(Replacement::create(Path::new("/tmp")).is_err());
    }
}
