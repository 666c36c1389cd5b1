//! Storage drivers of the private engine: which to try, and telling that one did not work.

use crate::command;

/// The drivers to try in order; none means the daemon's own choice.
pub(crate) fn candidates() -> Vec<Option<&'static str>> {
    let mut list = vec![None];
    if command::exists("fuse-overlayfs") {
        list.push(Some("fuse-overlayfs"));
    }
    // Works everywhere, and copies every file for every layer.
    list.push(Some("vfs"));
    list
}

/// Whether a daemon's log says that it ended for want of a storage driver.
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
    fn only_a_start_that_failed_for_its_driver_is_the_drivers_fault() {
        assert!(is_to_blame("failed to start daemon: error initializing graphdriver: driver not supported"));
        assert!(!is_to_blame("level=error msg=\"failed to mount overlay: x\" storage-driver=overlay2"));
        assert!(!is_to_blame("failed to start daemon: pid file found"));
    }

    #[test]
    fn the_daemons_own_choice_is_tried_first_and_vfs_last() {
        let list = candidates();
        assert_eq!((list.first(), list.last()), (Some(&None), Some(&Some("vfs"))));
    }
}
