//! The folder of this user for files by which processes of a session find each other.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::words::{Error, Kind, Result};

/// Finds or makes the folder that only this user can use: in the user's runtime folder if there is one, else in `/tmp`.
/// `TMPDIR` does not count, since programs of one session may have one each.
///
/// # Errors
/// Reaper, if there is none and none can be made.
pub(super) fn private_folder(runtime_dir: Option<&Path>) -> Result<PathBuf> {
    let user = fs::metadata("/proc/self").map(|own| own.uid()).map_err(|error| unusable("/proc", error))?;
    let folder = match runtime_dir.filter(|folder| folder.is_dir()) {
        Some(folder) => folder.join("seatrial"),
        None => Path::new("/tmp").join(format!("seatrial_{user}")),
    };
    private(&folder, user).map_err(|error| unusable(&folder.display().to_string(), error))?;
    Ok(folder)
}

/// Makes a folder that only this user can use, or checks that it is one.
fn private(folder: &Path, user: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        done => return done,
    }
    // Not through a link, which somebody else may have put there.
    let found = fs::symlink_metadata(folder)?;
    if found.is_dir() && found.uid() == user && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not a folder of this user's alone"))
}

/// Returns the error for a file or folder that can't be used.
pub(super) fn unusable(path: &str, error: io::Error) -> Error {
    Error::new(Kind::Reaper, format!("`{path}`, where a reaper writes its address, can't be used: {error}"))
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_may_use_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let ours = folder.path().join("seatrial");
        let refused = || private_folder(Some(folder.path())).expect_err("not private").to_string();
        fs::create_dir(&ours).expect("a folder");
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o755)).expect("ours");
        assert!(refused().contains("not a folder of this user's alone"));
        fs::remove_dir(&ours).expect("empty");
        let elsewhere = tempfile::tempdir().expect("a folder");
        symlink(elsewhere.path(), &ours).expect("a link");
        assert!(refused().contains(ours.to_str().expect("unicode")));
    }
}
