//! Processes of this machine, identified by their command lines, so that only those of the private engine are ended.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The pause between two looks at a process; the kernel notifies only its parent of its end.
const POLL: Duration = Duration::from_millis(50);

/// Returns the processes whose program's name begins with one of these names and that have an argument with this text.
pub(crate) fn with_argument(programs: &[&str], text: &str) -> Vec<i32> {
    all()
        .filter(|pid| {
            let line = command_line(*pid);
            let program = line.first().map(|first| name(first)).unwrap_or_default();
            programs.iter().any(|begin| program.starts_with(begin))
                && line.iter().skip(1).any(|argument| argument.contains(text))
        })
        .collect()
}

/// Returns `true` if a program of this name runs, whoever started it.
pub(crate) fn runs(program: &str) -> bool {
    all().any(|pid| command_line(pid).first().is_some_and(|first| name(first) == program))
}

/// Returns `true` if a process is this program with this argument.
pub(crate) fn is(pid: i32, program: &str, argument: &str) -> bool {
    let line = command_line(pid);
    line.first().is_some_and(|first| name(first) == program) && line.iter().any(|word| word == argument)
}

/// Sends SIGTERM to processes, and SIGKILL to those that still run after `patience`. Returns `true` if there were any.
pub(crate) fn end(pids: &[i32], patience: Duration) -> bool {
    let signal = |pid: i32, signal| {
        if let Some(process) = Pid::from_raw(pid) {
            // The process may have ended already.
            let _ = kill_process(process, signal);
        }
    };
    pids.iter().for_each(|pid| signal(*pid, Signal::TERM));
    let deadline = Instant::now() + patience;
    let deaf: Vec<i32> = pids.iter().copied().filter(|pid| !ends_by(*pid, deadline)).collect();
    deaf.iter().for_each(|pid| signal(*pid, Signal::KILL));
    let deadline = Instant::now() + patience;
    for pid in &deaf {
        ends_by(*pid, deadline);
    }
    !deaf.is_empty()
}

fn ends_by(pid: i32, deadline: Instant) -> bool {
    loop {
        // A zombie's command line is empty.
        if command_line(pid).is_empty() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(POLL);
    }
}

fn all() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn command_line(pid: i32) -> Vec<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let mut words: Vec<String> = words.collect();
    // A command line ends with a zero byte, so the last part is empty.
    words.pop();
    words
}

fn name(program: &str) -> &str {
    Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_identified_by_program_and_argument_and_ends_on_sigterm() {
        let mut child = Command::new("sleep").arg("4711").spawn().expect("sleep starts");
        let pid = i32::try_from(child.id()).expect("a process id");
        // Between fork and exec the child has the parent's command line.
        while !is(pid, "sleep", "4711") {
            std::thread::sleep(POLL);
        }
        assert!(!is(pid, "sleep", "1"));
        assert!(!is(pid, "cat", "4711"));
        assert!(with_argument(&["slee"], "471").contains(&pid));
        assert!(!with_argument(&["cat"], "471").contains(&pid));
        assert!(!end(&[pid], Duration::from_secs(10)), "SIGTERM is enough for sleep");
        child.wait().expect("it ended");
    }
}
