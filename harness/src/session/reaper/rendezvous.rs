//! The file by which processes find a reaper that is a process: its address, and the token that it requires.
//!
//! The reaper writes the file, holds a lock on it as long as it lives, and deletes it at its end. Here it is only read.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use seatrial_core::SessionId;

use super::link::Address;
use crate::config::{Endpoint, fnv1a};
use crate::session::private_folder::{private_folder, unusable};
use crate::words::Result;

/// The place of the file of one session on one engine.
#[derive(Clone, Debug)]
pub(super) struct Rendezvous {
    path: PathBuf,
    /// The engine, and the network namespace in which the reaper listens.
    engine: String,
}

impl Rendezvous {
    /// Finds the place, in the private folder of this user. The same for all programs of a user that see the same
    /// files, whatever their `TMPDIR` is.
    ///
    /// # Errors
    /// Reaper, if there is no folder that only this user can use.
    pub(super) fn of(session: &SessionId, engine: &Endpoint, runtime_dir: Option<&Path>) -> Result<Self> {
        let folder = private_folder(runtime_dir)?;
        // A reaper listens on the loopback of its network namespace.
        let network = fs::read_link("/proc/self/ns/net").unwrap_or_default();
        let engine = format!("{} {}", engine_key(engine), network.display());
        let path = folder.join(format!("reaper_{session}_{:016x}", fnv1a(engine.as_bytes())));
        Ok(Self { path, engine })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a digest of the place and the engine: the same only for processes that find the same reaper.
    pub(super) fn digest(&self) -> String {
        // By device and inode: a container or a sandbox has folders of its own under the same path.
        let folder = self.path.parent().and_then(|folder| fs::metadata(folder).ok());
        let folder = folder.map(|folder| (folder.dev(), folder.ino()));
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        format!("{:016x}", fnv1a(format!("{boot} {folder:?} {}", self.engine).as_bytes()))
    }

    /// Returns the address of the reaper that lives; `None` if there is no file, or nobody holds its lock any more.
    ///
    /// # Errors
    /// Reaper, if the file can't be read, or has no address.
    pub(super) fn look(&self) -> Result<Option<Address>> {
        self.read().map_err(|error| unusable(&self.path.display().to_string(), error))
    }

    fn read(&self) -> io::Result<Option<Address>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
            // Closing the file releases the lock; the next reaper replaces the file.
            Ok(()) => return Ok(None),
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        parse(&text).map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it has no address"))
    }
}

/// Returns a text that names an engine. Two texts may mean the same engine, which then has two reapers.
fn engine_key(engine: &Endpoint) -> String {
    match engine {
        // `/var/run` is mostly a link to `/run`.
        Endpoint::Unix(path) => fs::canonicalize(path).unwrap_or_else(|_| path.clone()).display().to_string(),
        Endpoint::Tcp { host, port, .. } => format!("tcp://{host}:{port}"),
    }
}

/// Parses two lines: the address, and the token or nothing.
fn parse(text: &str) -> Option<Address> {
    let mut lines = text.lines();
    let address: SocketAddr = lines.next()?.parse().ok()?;
    let token = lines.next().filter(|token| !token.is_empty()).map(str::to_owned);
    Some(Address { host: address.ip().to_string(), port: address.port(), token })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn rendezvous(folder: &Path, engine: &str) -> Rendezvous {
        let session = SessionId::new("s").expect("an id");
        Rendezvous::of(&session, &Endpoint::Unix(engine.into()), Some(folder)).expect("a folder")
    }

    #[test]
    fn a_file_is_of_use_only_while_it_is_locked() {
        let folder = tempfile::tempdir().expect("a folder");
        let rendezvous = rendezvous(folder.path(), "/e");
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
    fn each_engine_has_a_file_of_its_own_under_whatever_path_it_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let (engine, link) = (folder.path().join("engine.sock"), folder.path().join("link.sock"));
        fs::write(&engine, "").expect("written");
        symlink(&engine, &link).expect("a link");
        let of = |engine: &Path| rendezvous(folder.path(), engine.to_str().expect("unicode"));
        let (by_path, by_link, other) = (of(&engine), of(&link), of(&folder.path().join("other.sock")));
        assert_eq!((by_path.path(), by_path.digest()), (by_link.path(), by_link.digest()));
        assert_ne!(by_path.path(), other.path());
        assert_ne!(by_path.digest(), other.digest());
    }

    #[test]
    fn an_address_may_come_without_a_token() {
        let address = parse("[::1]:9\n\n").expect("an address");
        assert_eq!((address.host.as_str(), address.port, address.token), ("::1", 9, None));
        assert_eq!(parse(""), None);
    }
}
