//! The number of crates that a dependency adds.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::table;

/// The folder of this package.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

pub(crate) fn run() -> Result<String> {
    let rows = vec![
        vec![String::new(), "crates".to_owned()],
        vec![
            "seatrial, default features".to_owned(),
            brought_by("seatrial", &format!("{HERE}/../Cargo.toml"))?,
        ],
        vec![
            "testcontainers 0.28, default features".to_owned(),
            brought_by("testcontainers", &format!("{HERE}/Cargo.toml"))?,
        ],
    ];
    Ok(format!(
        "## Crates\n\nIn `cargo tree` with normal and build dependencies, for this machine's target, without the \
         crate itself.\n\n{}",
        table::of_rows(&rows)
    ))
}

fn brought_by(package: &str, manifest: &str) -> Result<String> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"])
        .args(["--format", "{p}", "--manifest-path", manifest])
        .output()
        .context("cargo could not be run")?;
    ensure!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    // `cargo tree` marks a crate that it has printed before.
    let crates: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    Ok(crates.len().saturating_sub(1).to_string())
}
