//! The file by which a session's processes find a reaper that is a process: its address, and the token it wants.
//!
//! The reaper writes it, holds a lock on it for as long as it lives, and deletes it at its end. Here it is only read.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use seatrial_core::SessionId;

use super::link::Address;
use crate::words::{Error, Kind, Result};

/// Where the file is.
#[derive(Clone, Debug)]
pub(super) struct Rendezvous(PathBuf);

impl Rendezvous {
    /// In the user's runtime folder if there is one, else in the temporary folder; in a folder that only the user has.
    pub(super) fn of(session: &SessionId, runtime_dir: Option<&Path>) -> Result<Self> {
        let user =
            fs::metadata("/proc/self").map(|own| own.uid()).map_err(|error| unusable("/proc", error))?;
        let folder = match runtime_dir.filter(|folder| folder.is_dir()) {
            Some(folder) => folder.join("seatrial"),
            None => std::env::temp_dir().join(format!("seatrial_{user}")),
        };
        private(&folder, user).map_err(|error| unusable(&folder.display().to_string(), error))?;
        Ok(Self(folder.join(format!("reaper_{session}"))))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The reaper that lives; none if there is no file, or nobody has it locked any more.
    pub(super) fn look(&self) -> Result<Option<Address>> {
        self.read().map_err(|error| unusable(&self.0.display().to_string(), error))
    }

    fn read(&self) -> io::Result<Option<Address>> {
        let mut file = match File::open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
            // Let go of as the file is closed: who makes the next one replaces it.
            Ok(()) => return Ok(None),
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        parse(&text).map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it has no address"))
    }
}

/// Two lines: the address, and the token or nothing.
fn parse(text: &str) -> Option<Address> {
    let mut lines = text.lines();
    let address: SocketAddr = lines.next()?.parse().ok()?;
    let token = lines.next().filter(|token| !token.is_empty()).map(str::to_owned);
    Some(Address { host: address.ip().to_string(), port: address.port(), token })
}

/// Makes a folder that nobody else may look into, or sees that it is one.
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

fn unusable(path: &str, error: io::Error) -> Error {
    Error::new(Kind::Reaper, format!("`{path}`, where a reaper tells its address, can't be used: {error}"))
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn rendezvous(folder: &Path) -> Rendezvous {
        Rendezvous::of(&SessionId::new("s").expect("an id"), Some(folder)).expect("a folder")
    }

    #[test]
    fn a_file_is_of_use_only_while_it_is_locked() {
        let folder = tempfile::tempdir().expect("a folder");
        let rendezvous = rendezvous(folder.path());
        assert_eq!(rendezvous.look().expect("nothing"), None);
        fs::write(rendezvous.path(), "127.0.0.1:80\nsecret\n").expect("written");
        assert_eq!(rendezvous.look().expect("a dead one's"), None);
        let owner = File::open(rendezvous.path()).expect("a file");
        owner.lock().expect("nobody has it");
        let expected = Address { host: "127.0.0.1".into(), port: 80, token: Some("secret".into()) };
        assert_eq!(rendezvous.look().expect("a living one's"), Some(expected));
        fs::write(rendezvous.path(), "dear diary").expect("written");
        let error = rendezvous.look().expect_err("no address").to_string();
        assert!(error.contains("it has no address"), "{error}");
    }

    #[test]
    fn an_address_may_come_without_a_token() {
        let address = parse("[::1]:9\n\n").expect("an address");
        assert_eq!((address.host.as_str(), address.port, address.token), ("::1", 9, None));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_folder_that_others_may_use_is_refused() {
        let (folder, session) = (tempfile::tempdir().expect("a folder"), SessionId::new("s").expect("an id"));
        let ours = folder.path().join("seatrial");
        let refused = || Rendezvous::of(&session, Some(folder.path())).expect_err("not private").to_string();
        fs::create_dir(&ours).expect("a folder");
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o755)).expect("ours");
        assert!(refused().contains("not a folder of this user's alone"));
        fs::remove_dir(&ours).expect("empty");
        let elsewhere = tempfile::tempdir().expect("a folder");
        symlink(elsewhere.path(), &ours).expect("a link");
        assert!(refused().contains(ours.to_str().expect("unicode")));
    }
}
