//! Mounts below a folder, which have to go before its files are removed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;

/// Unmounts everything below a folder, the deepest mount first.
///
/// # Errors
/// Fails if the table of mounts cannot be read, or `umount` fails.
pub(crate) fn unmount_below(directory: &Path) -> Result<()> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").context("failed to read the mount table")?;
    for point in mounts_below(&table, directory) {
        command::quiet(Command::new("umount").arg("--lazy").arg(&point))?;
    }
    Ok(())
}

/// Returns the mount points below a folder in a `mountinfo` table, the deepest first.
fn mounts_below(table: &str, directory: &Path) -> Vec<String> {
    let points =
        table.lines().filter_map(|line| line.split(' ').nth(4)).map(|point| point.replace("\\040", " "));
    let mut points: Vec<String> = points.filter(|point| Path::new(point).starts_with(directory)).collect();
    points.sort_by_key(|point| std::cmp::Reverse(point.len()));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_below_a_directory_come_deepest_first() {
        let table = "1 0 8:1 / / rw - ext4 /dev/a rw\n\
            2 1 0:1 / /t/engine/data/x rw - overlay overlay rw\n\
            3 1 0:1 / /t/engine/data/x/deep\\040er rw - overlay overlay rw\n\
            4 1 0:1 / /t/engine2/data rw - overlay overlay rw\n";
        assert_eq!(
            mounts_below(table, Path::new("/t/engine")),
            ["/t/engine/data/x/deep er", "/t/engine/data/x"]
        );
    }
}
