//! The file that tells clients on the same host where a reaper listens that runs as a process, and of which there is to
//! be one only. It knows no sockets.
//!
//! Its owner holds a lock (`flock`) on it for as long as it lives, so a file without a lock is that of a dead one. It
//! appears whole and locked, or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rand::RngExt;

/// Who only looks whether the lock is held has it for a moment; so often, and in such pauses, it is tried again.
const TRIES: (u32, Duration) = (25, Duration::from_millis(10));

/// Our file; locked while this lives, and deleted when it is dropped.
#[derive(Debug)]
pub struct AddressFile {
    path: PathBuf,
    file: File,
}

/// What came of the attempt to be the one reaper of a file.
#[derive(Debug)]
pub enum Claim {
    /// We are.
    Ours(AddressFile),
    /// Another one is, and lives.
    Taken,
}

impl AddressFile {
    /// Writes the address and the token (an empty line if there is none) into a file that only we may read, unless
    /// there is one whose owner lives.
    ///
    /// # Errors
    /// If its folder can't be written to, or what is there is not such a file.
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

    /// The address that a file tells.
    ///
    /// # Errors
    /// If it can't be read, or holds something else.
    pub fn read(path: &Path) -> io::Result<SocketAddr> {
        address(&fs::read_to_string(path)?).ok_or_else(something_else)
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        // Still locked, so nobody takes it for a dead one's meanwhile. What is there under the name may not be ours any
        // more, if somebody cleaned up.
        if is_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A file beside the one that is wanted, with all that it is to have; its name goes when this is dropped.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn write(beside: &Path, content: &str) -> io::Result<Self> {
        let name = beside.file_name().unwrap_or_default().to_string_lossy();
        // The process's id alone would not do: it is 1 in every container.
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

/// Deletes a dead one's file; false if its owner lives.
fn clear(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(something_else()),
        Err(error) => return Err(error),
    }
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file?,
    };
    if !lock(&file)? {
        return Ok(false);
    }
    // Only who has the lock deletes, so what is there under the name stays what it is from here on.
    if is_at(&file, path)? {
        let content = fs::read_to_string(path)?;
        if !content.is_empty() && address(&content).is_none() {
            return Err(something_else());
        }
        fs::remove_file(path)?;
    }
    Ok(true)
}

/// Locks a file unless somebody holds it for longer than a look takes.
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

/// Whether the file is the one that has this name now.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
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

fn something_else() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it is there, and holds something else than a reaper's address",
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
    fn the_file_tells_address_and_token_to_its_owner_and_goes_with_the_claim() {
        let folder = Folder::make("owner");
        let Claim::Ours(ours) = claim(&folder.file()) else { panic!("nobody else is there") };
        assert_eq!(fs::read_to_string(folder.file()).expect("a file"), "127.0.0.1:4321\nsecret\n");
        assert_eq!(fs::metadata(folder.file()).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(AddressFile::read(&folder.file()).expect("an address"), ADDRESS);
        assert!(matches!(claim(&folder.file()), Claim::Taken));
        assert_eq!(folder.names(), ["reaper"], "no draft stays");
        drop(ours);
        assert!(folder.names().is_empty());
    }

    #[test]
    fn a_dead_ones_file_is_replaced_and_what_somebody_else_put_there_is_not() {
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
    fn a_file_that_is_not_ours_any_more_is_left_alone() {
        let folder = Folder::make("moved");
        let Claim::Ours(ours) = claim(&folder.file()) else { panic!("nobody else is there") };
        fs::remove_file(folder.file()).expect("somebody cleans up");
        let Claim::Ours(next) = claim(&folder.file()) else { panic!("nobody else is there") };
        drop(ours);
        assert_eq!(folder.names(), ["reaper"]);
        drop(next);
    }

    #[test]
    fn of_many_that_come_at_once_over_a_dead_ones_file_one_has_it() {
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
