//! Installs Python with virtual environments, which the test with the Python client needs.

use std::process::{Command, Stdio};

use crate::{console, debian};

/// Installs the missing packages as root on Debian or Ubuntu; elsewhere prints which test will fail.
pub(crate) fn ensure() {
    if can_make_environments() {
        return;
    }
    if let Err(error) = debian::install(&["python3", "python3-venv"], "the test with the Python client") {
        console::warn(&format!("the test with the Python client will fail: {error:#}"));
    }
}

fn can_make_environments() -> bool {
    // On Debian `venv` can be imported even if the package that it needs is missing.
    let mut python = Command::new("python3");
    python.args(["-c", "import venv, ensurepip"]);
    python.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}
