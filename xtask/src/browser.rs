//! What the test of the pool's timeline needs: a browser, without a window.

use crate::{command, console, debian};

/// The programs that the test takes, one per line.
const PROGRAMS: &str = include_str!("../../tests/src/browsers.txt");

/// Installs one if there is none, where that is our place; else says what will fail.
pub(crate) fn ensure() {
    if PROGRAMS.lines().any(command::exists) {
        return;
    }
    if let Err(error) = debian::install(&["chromium-headless-shell"], "the test of the pool's timeline") {
        console::warn(&format!("the test of the pool's timeline will fail: {error:#}"));
    }
}
