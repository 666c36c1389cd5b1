//! What the test with the Python client needs: an interpreter that can make virtual environments.

use std::process::{Command, Stdio};

use crate::{console, debian};

/// Installs what lacks, where that is our place; else says what will fail.
pub(crate) fn ensure() {
    if can_make_environments() {
        return;
    }
    if let Err(error) = debian::install(&["python3", "python3-venv"], "the test with the Python client") {
        console::warn(&format!("the test with the Python client will fail: {error:#}"));
    }
}

fn can_make_environments() -> bool {
    // Debian's `venv` is there without what it needs.
    let mut python = Command::new("python3");
    python.args(["-c", "import venv, ensurepip"]);
    python.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}
