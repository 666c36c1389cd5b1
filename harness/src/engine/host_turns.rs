//! A limit on concurrent starts over all processes of a user on one machine, implemented by locks on a few files.
//!
//! The kernel releases a lock when its process ends, in whichever way. It can't wait for the first of several locks, so
//! the locks are polled.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::base::Backoff;

/// The maximum time to wait for a turn. A process that holds one for longer is stopped, or its engine hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A number of turns, shared by all processes of this user.
#[derive(Clone, Debug)]
pub(super) struct HostTurns {
    folder: PathBuf,
    count: NonZeroUsize,
}

/// A turn, which ends when this is dropped. It is empty if none could be taken.
#[derive(Debug)]
pub(super) struct HostTurn(
    #[cfg_attr(not(test), expect(dead_code, reason = "its lock is what it is for"))] Option<File>,
);

impl HostTurns {
    pub(super) fn new(count: NonZeroUsize) -> Self {
        let user = fs::metadata("/proc/self").map_or(0, |process| process.uid());
        Self { folder: std::env::temp_dir().join(format!("seatrial-{user}-starts")), count }
    }

    /// Waits for a turn. After [`PATIENCE`] it gives up and returns an empty one, since a limit must not prevent a
    /// start.
    pub(super) async fn take(&self) -> HostTurn {
        let began = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(50));
        loop {
            match self.try_take() {
                Ok(Some(file)) => return HostTurn(Some(file)),
                Ok(None) if began.elapsed() < PATIENCE => crate::base::sleep(backoff.next()).await,
                Ok(None) => {
                    tracing::warn!(
                        "starting without a turn: the limit of starts on this host was exhausted for {PATIENCE:?}"
                    );
                    return HostTurn(None);
                }
                Err(error) => {
                    let folder = self.folder.display();
                    tracing::warn!("starts on this host are not limited: `{folder}` can't be used: {error}");
                    return HostTurn(None);
                }
            }
        }
    }

    fn try_take(&self) -> io::Result<Option<File>> {
        own_folder(&self.folder)?;
        for number in 0..self.count.get() {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(self.folder.join(number.to_string()))?;
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// Creates the folder, or checks that an existing one is ours: the temporary directory is shared with other users.
fn own_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => return other,
    }
    let (found, user) = (fs::symlink_metadata(folder)?, fs::metadata("/proc/self")?.uid());
    if found.is_dir() && found.uid() == user {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not a folder owned by this user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(folder: &Path, count: usize) -> HostTurns {
        HostTurns { folder: folder.join("turns"), count: NonZeroUsize::new(count).expect("some") }
    }

    /// P16: there are only so many turns, and one that ends is available to the next start.
    #[tokio::test]
    async fn there_are_so_many_turns_and_one_that_ends_is_the_next_one_s() {
        let folder = tempfile::tempdir().expect("a folder");
        let turns = turns(folder.path(), 2);
        let first = turns.take().await;
        let _second = turns.take().await;
        assert!(turns.try_take().expect("usable").is_none());
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take().await }
        });
        drop(first);
        assert!(waiting.await.expect("no panic").0.is_some());
    }

    #[tokio::test]
    async fn a_folder_that_is_not_ours_bounds_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("/", folder.path().join("turns")).expect("a link");
        assert!(turns(folder.path(), 1).take().await.0.is_none());
    }
}
