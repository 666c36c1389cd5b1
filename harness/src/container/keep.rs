//! Keeping a container instead of removing it, and saying where it is.

use std::fmt::Write;

use crate::config::Keep;
use crate::container::ContainerId;

/// Whether a container that is given up stays.
pub(super) fn stays(keep: Keep, failed: bool) -> bool {
    match keep {
        Keep::Always => true,
        Keep::OnFailure => failed,
        Keep::Never => false,
    }
}

/// How to look into a container that stays, and how to remove it.
pub(super) fn notice(name: &str, id: &ContainerId) -> String {
    let mut text = format!("seatrial: kept container `{name}` ({})\n", id.short());
    for command in ["docker logs", "docker exec -it", "docker inspect", "docker rm -fv"] {
        let shell = if command.contains("exec") { " sh" } else { "" };
        writeln!(text, "  {command} {name}{shell}").expect("a string takes all that is written");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C12.
    #[test]
    fn a_container_stays_as_its_mode_says() {
        let table = [
            (Keep::Always, false, true),
            (Keep::Always, true, true),
            (Keep::OnFailure, false, false),
            (Keep::OnFailure, true, true),
            (Keep::Never, true, false),
        ];
        for (keep, failed, expected) in table {
            assert_eq!(stays(keep, failed), expected, "{keep:?}, failed: {failed}");
        }
    }
}
