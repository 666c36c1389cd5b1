//! What the tests of gVisor need: its program. The daemon that uses it is the tests' own.

use crate::{command, console, debian};

/// Installs it where that is our place; else says which tests will be skipped.
pub(crate) fn ensure() {
    if command::exists("runsc") {
        return;
    }
    if let Err(error) = debian::install(&["runsc"], "the tests with gVisor") {
        console::warn(&format!("the tests with gVisor will be skipped: {error:#}"));
    }
}
