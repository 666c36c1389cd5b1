//! What is said of a container that is kept: where it is.

use std::fmt::Write;

use crate::words::ContainerId;

/// How to look into a container that stays, and how to remove it; `for_good` unless a reaper will.
pub(crate) fn notice(name: &str, id: &ContainerId, for_good: bool) -> String {
    let mut text = format!("seatrial: kept container `{name}` ({})\n", id.short());
    for command in ["docker logs", "docker exec -it", "docker inspect", "docker rm -fv"] {
        let shell = if command.contains("exec") { " sh" } else { "" };
        writeln!(text, "  {command} {name}{shell}").expect("a string takes all that is written");
    }
    if !for_good {
        text.push_str("  the session's reaper removes it after the run; SEATRIAL_KEEP=always has it stay\n");
    }
    text
}
