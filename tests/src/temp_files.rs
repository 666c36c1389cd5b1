//! Our files and folders in a temporary folder, to tell what a test has left there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The prefix of the library's temporary files.
const PREFIX: &str = "seatrial-";
/// The longest time in which a file that is being deleted must be gone.
const GONE_WITHIN: Duration = Duration::from_secs(15);
/// The time between two looks at the folder.
const POLL: Duration = Duration::from_millis(50);

/// The files and folders with our prefix that were in a folder at one moment.
///
/// Tests that run at the same time share the system's folder; a [`Child`](crate::Child) can have one of its own, by
/// `TMPDIR`.
#[derive(Clone, Debug)]
pub struct TempFiles {
    folder: PathBuf,
    there: BTreeSet<PathBuf>,
}

impl TempFiles {
    /// Lists the files in the system's folder for temporary files.
    #[must_use]
    pub fn now() -> Self {
        Self::in_folder(std::env::temp_dir())
    }

    /// Lists the files in a folder. A folder that can't be read counts as empty.
    #[must_use]
    pub fn in_folder(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref().to_owned();
        let there = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
            .map(|entry| entry.path())
            .collect();
        Self { folder, there }
    }

    /// Returns the paths, in order.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.there.iter().cloned().collect()
    }

    /// Lists the files that are there now and were not there before.
    #[must_use]
    pub fn added_since(&self) -> Vec<PathBuf> {
        Self::in_folder(&self.folder).there.difference(&self.there).cloned().collect()
    }

    /// Waits until nothing is there that was not then.
    ///
    /// # Panics
    /// If something still is after 15 s, with a list.
    #[track_caller]
    pub fn assert_none_added(&self) {
        let start = Instant::now();
        loop {
            let added = self.added_since();
            if added.is_empty() {
                return;
            }
            assert!(start.elapsed() < GONE_WITHIN, "temporary files are left: {added:?}");
            std::thread::sleep(POLL);
        }
    }
}
