//! The number that a process of this machine has within its container, where we can see it.

use crate::words::ContainerId;

/// The process's number within the container; nothing if the engine counts the processes of another machine.
pub(super) fn within(pid: u32, id: &ContainerId) -> Option<u32> {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    // Another machine's numbers mean other processes here: this one must be in the container by its control group.
    let groups = read("cgroup")?;
    if !groups.contains(id.as_str()) {
        return None;
    }
    innermost(&read("status")?)
}

/// The last number of the line `NSpid:`, which has one per level of process name spaces.
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
    fn the_innermost_number_is_the_container_s() {
        assert_eq!(innermost("Name:\tsh\nNSpid:\t4711\t17\nNSsid:\t1\t1\n"), Some(17));
        assert_eq!(innermost("NSpid:\t4711\t300\t17\n"), Some(17));
    }

    #[test]
    fn a_process_that_shares_our_view_has_no_number_of_its_own() {
        assert_eq!(innermost("NSpid:\t4711\n"), None);
        assert_eq!(innermost("Name:\tsh\n"), None);
    }
}
