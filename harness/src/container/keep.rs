//! The notice about a container that is kept.

use std::fmt::Write;

use crate::words::ContainerId;

/// Returns a text that names a kept container with the commands to inspect and remove it. `for_good` states that no
/// reaper will remove it.
pub(crate) fn notice(name: &str, id: &ContainerId, for_good: bool) -> String {
    let mut text = format!("seatrial: kept container `{name}` ({})\n", id.short());
    for command in ["docker logs", "docker exec -it", "docker inspect", "docker rm -fv"] {
        let shell = if command.contains("exec") { " sh" } else { "" };
        writeln!(text, "  {command} {name}{shell}").expect("a string takes all that is written");
    }
    if !for_good {
        text.push_str(
            "  the session's reaper removes it after the run; set SEATRIAL_KEEP=always to keep it\n",
        );
    }
    text
}
