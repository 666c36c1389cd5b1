//! The storage drivers that the private engine tries.

use crate::command;

/// Returns the drivers in the order in which they are tried. `None` is the daemon's default.
pub(crate) fn candidates() -> Vec<Option<&'static str>> {
    let mut list = vec![None];
    if command::exists("fuse-overlayfs") {
        list.push(Some("fuse-overlayfs"));
    }
    // It works everywhere, but copies all files for each layer.
    list.push(Some("vfs"));
    list
}

/// Returns `true` if a daemon's log says that it exited because its storage driver does not work.
pub(crate) fn is_to_blame(log: &str) -> bool {
    let words = ["graphdriver", "storage driver", "storage-driver", "driver not supported", "overlay"];
    log.lines()
        .filter(|line| line.contains("failed to start daemon") || line.contains("error initializing"))
        .any(|line| {
            let line = line.to_lowercase();
            words.iter().any(|word| line.contains(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_is_to_blame_only_if_the_start_failed_because_of_it() {
        assert!(is_to_blame("failed to start daemon: error initializing graphdriver: driver not supported"));
        assert!(!is_to_blame("level=error msg=\"failed to mount overlay: x\" storage-driver=overlay2"));
        assert!(!is_to_blame("failed to start daemon: pid file found"));
    }

    #[test]
    fn the_daemons_default_driver_is_tried_first_and_vfs_last() {
        let list = candidates();
        assert_eq!((list.first(), list.last()), (Some(&None), Some(&Some("vfs"))));
    }
}
