//! The process id that a process of this machine has in its container, if it can be seen from here.

use crate::words::ContainerId;

/// Returns the process id within the container; `None` if the engine's process ids are those of another machine.
pub(super) fn within(pid: u32, id: &ContainerId) -> Option<u32> {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    // Another machine's ids belong to other processes here, so the process's control group must name the container.
    let groups = read("cgroup")?;
    if !groups.contains(id.as_str()) {
        return None;
    }
    innermost(&read("status")?)
}

/// Returns the last number of the line `NSpid:`, which has one per nested PID namespace.
fn innermost(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    let mut numbers = line.split_whitespace();
    numbers.next()?;
    numbers.next_back()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_process_id_is_the_container_s() {
        assert_eq!(innermost("Name:\tsh\nNSpid:\t4711\t17\nNSsid:\t1\t1\n"), Some(17));
        assert_eq!(innermost("NSpid:\t4711\t300\t17\n"), Some(17));
    }

    #[test]
    fn a_process_in_our_own_pid_namespace_has_no_other_id() {
        assert_eq!(innermost("NSpid:\t4711\n"), None);
        assert_eq!(innermost("Name:\tsh\n"), None);
    }
}
