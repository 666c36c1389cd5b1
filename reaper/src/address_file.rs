//! The address file of a reaper that runs as a process on the host. It leads clients to the reaper, and ensures that
//! only one reaper runs for each file. This module opens no sockets.
//!
//! The reaper holds a lock (`flock`) on its file for as long as it lives, so a file without a lock belongs to a reaper
//! that is dead. The file appears complete and locked, or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rand::RngExt;

/// The number of attempts to take a lock, and the pause between them. A process that only checks for the lock holds it
/// for a moment.
const TRIES: (u32, Duration) = (25, Duration::from_millis(10));

/// This reaper's address file. It is locked while this value lives, and deleted when this value is dropped.
#[derive(Debug)]
pub struct AddressFile {
    path: PathBuf,
    file: File,
}

/// The outcome of [`AddressFile::claim`].
#[derive(Debug)]
pub enum Claim {
    /// The file is this reaper's.
    Ours(AddressFile),
    /// The file belongs to another reaper that is alive.
    Taken,
}

impl AddressFile {
    /// Writes the address and the token (an empty line if there is none) into a file that only the same user may read,
    /// unless the file belongs to another reaper that is alive.
    ///
    /// # Errors
    /// The folder can't be written to, or there is another kind of file under this name.
    pub fn claim(path: &Path, address: SocketAddr, token: Option<&str>) -> io::Result<Claim> {
        let draft = Draft::write(path, &format!("{address}\n{}\n", token.unwrap_or_default()))?;
        loop {
            match fs::hard_link(&draft.path, path) {
                Ok(()) => {
                    let file = draft.file.try_clone()?;
                    return Ok(Claim::Ours(Self { path: path.to_owned(), file }));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            if !clear(path)? {
                return Ok(Claim::Taken);
            }
        }
    }

    /// Reads the address from a file.
    ///
    /// # Errors
    /// The file can't be read, or contains no address.
    pub fn read(path: &Path) -> io::Result<SocketAddr> {
        address(&fs::read_to_string(path)?).ok_or_else(not_an_address_file)
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        // The lock is still held, so no other reaper takes the file for a dead one's meanwhile. If somebody deleted the
        // file, another one may have the name.
        if has_name(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A complete and locked file under a temporary name, in the same folder. The name is deleted when this is dropped.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn write(beside: &Path, content: &str) -> io::Result<Self> {
        let name = beside.file_name().unwrap_or_default().to_string_lossy();
        // The process's id alone is not unique: it is 1 in every container.
        let unique = format!(".{name}.{}-{:08x}", std::process::id(), rand::rng().random::<u32>());
        let path = beside.with_file_name(unique);
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        let mut draft = Self { path, file };
        draft.file.write_all(content.as_bytes())?;
        draft.file.lock()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Deletes the file of a dead reaper. Returns `false` if its reaper is alive.
fn clear(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(not_an_address_file()),
        Err(error) => return Err(error),
    }
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file?,
    };
    if !lock(&file)? {
        return Ok(false);
    }
    // Only the holder of the lock deletes the file, so from here on the name stays with this file.
    if has_name(&file, path)? {
        let content = fs::read_to_string(path)?;
        if !content.is_empty() && address(&content).is_none() {
            return Err(not_an_address_file());
        }
        fs::remove_file(path)?;
    }
    Ok(true)
}

/// Locks a file. Returns `false` if another process holds the lock for longer than a check takes.
fn lock(file: &File) -> io::Result<bool> {
    for _ in 0..TRIES.0 {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => thread::sleep(TRIES.1),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

/// Returns `true` if the file has this name.
fn has_name(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn address(content: &str) -> Option<SocketAddr> {
    content.lines().next()?.parse().ok()
}

fn not_an_address_file() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a file with this name exists, and it contains no reaper's address; choose another name",
    )
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;

    use super::*;

    const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4321);

    struct Folder(PathBuf);

    impl Folder {
        fn make(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("seatrial-reaper-{name}-{}", std::process::id()));
            fs::create_dir(&path).expect("a folder");
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("reaper")
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("a folder").map(|entry| entry.expect("an entry"));
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[track_caller]
    fn claim(path: &Path) -> Claim {
        AddressFile::claim(path, ADDRESS, Some("secret")).expect("a claim")
    }

    #[test]
    fn the_file_has_the_address_and_the_token_and_is_deleted_with_the_claim() {
        let folder = Folder::make("owner");
        let Claim::Ours(ours) = claim(&folder.file()) else { panic!("nobody else is there") };
        assert_eq!(fs::read_to_string(folder.file()).expect("a file"), "127.0.0.1:4321\nsecret\n");
        assert_eq!(fs::metadata(folder.file()).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(AddressFile::read(&folder.file()).expect("an address"), ADDRESS);
        assert!(matches!(claim(&folder.file()), Claim::Taken));
        assert_eq!(folder.names(), ["reaper"], "the temporary name is gone");
        drop(ours);
        assert!(folder.names().is_empty());
    }

    #[test]
    fn a_dead_reapers_file_is_replaced_and_another_file_is_not() {
        let folder = Folder::make("dead");
        for dead in ["127.0.0.1:1\n\n", ""] {
            fs::write(folder.file(), dead).expect("a file");
            assert!(matches!(claim(&folder.file()), Claim::Ours(_)));
        }
        fs::write(folder.file(), "dear diary\n").expect("a file");
        let error = AddressFile::claim(&folder.file(), ADDRESS, None).expect_err("not ours");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(fs::read_to_string(folder.file()).expect("a file"), "dear diary\n");
        assert!(AddressFile::claim(&folder.0.join("no/such/folder"), ADDRESS, None).is_err());
        assert!(AddressFile::claim(&folder.0, ADDRESS, None).is_err());
    }

    #[test]
    fn another_reapers_file_under_the_same_name_is_left_alone() {
        let folder = Folder::make("moved");
        let Claim::Ours(ours) = claim(&folder.file()) else { panic!("nobody else is there") };
        fs::remove_file(folder.file()).expect("somebody cleans up");
        let Claim::Ours(next) = claim(&folder.file()) else { panic!("nobody else is there") };
        drop(ours);
        assert_eq!(folder.names(), ["reaper"]);
        drop(next);
    }

    #[test]
    fn of_many_reapers_that_claim_a_dead_ones_file_at_once_one_gets_it() {
        let folder = Folder::make("many");
        for _ in 0..3 {
            fs::write(folder.file(), "127.0.0.1:1\n\n").expect("a file");
            let (start, path) = (Barrier::new(8), folder.file());
            let claims: Vec<Claim> = thread::scope(|scope| {
                let one = || {
                    start.wait();
                    claim(&path)
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
                threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
            });
            assert_eq!(claims.iter().filter(|claim| matches!(claim, Claim::Ours(_))).count(), 1);
        }
    }
}
