//! Installs a headless browser, which the test of the pool's timeline needs.

use crate::{command, console, debian};

/// The names of the browsers that the test can use, one per line.
const PROGRAMS: &str = include_str!("../../tests/src/browsers.txt");

/// Installs a browser if there is none, as root on Debian or Ubuntu; elsewhere prints which test will fail.
pub(crate) fn ensure() {
    if PROGRAMS.lines().any(command::exists) {
        return;
    }
    if let Err(error) = debian::install(&["chromium-headless-shell"], "the test of the pool's timeline") {
        console::warn(&format!("the test of the pool's timeline will fail: {error:#}"));
    }
}
