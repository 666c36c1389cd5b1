//! What is said of a container that is kept: where it is.

use std::fmt::Write;

use crate::container::ContainerId;

/// How to look into a container that stays, and how to remove it.
pub(crate) fn notice(name: &str, id: &ContainerId) -> String {
    let mut text = format!("seatrial: kept container `{name}` ({})\n", id.short());
    for command in ["docker logs", "docker exec -it", "docker inspect", "docker rm -fv"] {
        let shell = if command.contains("exec") { " sh" } else { "" };
        writeln!(text, "  {command} {name}{shell}").expect("a string takes all that is written");
    }
    text
}
