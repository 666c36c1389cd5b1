//! Installs gVisor's program `runsc`, which some tests need. Those tests start a daemon of their own with it.

use crate::{command, console, debian};

/// Installs `runsc` as root on Debian or Ubuntu; elsewhere prints which tests will be skipped.
pub(crate) fn ensure() {
    if command::exists("runsc") {
        return;
    }
    if let Err(error) = debian::install(&["runsc"], "the tests with gVisor") {
        console::warn(&format!("the tests with gVisor will be skipped: {error:#}"));
    }
}
