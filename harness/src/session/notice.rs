//! Warnings for the user that are printed once per session, not by each of its processes.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::Session;
use super::private_folder::private_folder;
use crate::base::tell;
use crate::config::fnv1a;

/// The start of the names of the files that mark warnings as printed.
const MARK: &str = "told_";
/// The age at which such a file is removed: no session lives that long.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// Logs a warning, and prints it on stderr unless a process of the session has printed it before.
pub(super) fn once(session: &Session, text: &str) {
    tracing::warn!("{text}");
    let name = format!("{MARK}{}_{:016x}", session.id(), fnv1a(text.as_bytes()));
    let folder = private_folder(session.config().engine.runtime_dir.as_deref());
    // Without a folder to remember it in, each process prints it.
    if folder.map_or(true, |folder| is_first(&folder, &name)) {
        tell(&format!("seatrial: {text}\n"));
    }
}

/// Returns `true` for the first caller of any process with this name.
fn is_first(folder: &Path, name: &str) -> bool {
    match File::create_new(folder.join(name)) {
        Ok(_) => {
            remove_old(folder);
            true
        }
        Err(error) => error.kind() != io::ErrorKind::AlreadyExists,
    }
}

/// Removes the marks of old sessions. One that can't be removed does no harm.
fn remove_old(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > OLD));
        if is_old && entry.file_name().to_string_lossy().starts_with(MARK) {
            fs::remove_file(entry.path()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_first_once_and_old_marks_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = File::create(folder.path().join("told_old")).expect("written");
        let other = File::create(folder.path().join("reaper_old")).expect("written");
        for file in [old, other] {
            file.set_modified(std::time::SystemTime::now() - OLD * 2).expect("set");
        }
        assert!(is_first(folder.path(), "told_a"));
        assert!(!is_first(folder.path(), "told_a"));
        assert!(is_first(folder.path(), "told_b"));
        let exists = |name: &str| folder.path().join(name).exists();
        assert_eq!([exists("told_old"), exists("reaper_old"), exists("told_a")], [false, true, true]);
    }
}
