//! CPU time and memory of this process, of others and of the engine.

use std::fs;
use std::time::Duration;

/// The clock ticks per second in `/proc`, the same on every Linux that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// Returns the CPU time of this process so far, user and system.
#[expect(unsafe_code, reason = "the standard library does not ask for resource usage")]
pub(crate) fn cpu_time() -> Duration {
    // SAFETY: all fields of `rusage` are integers, for which zero is valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a `rusage` that outlives the call.
    let got = unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
    assert_eq!(got, 0, "a process can always ask for its own usage");
    [usage.ru_utime, usage.ru_stime]
        .map(|time| Duration::new(time.tv_sec.unsigned_abs(), time.tv_usec as u32 * 1_000))
        .iter()
        .sum()
}

/// Returns the largest resident set size of this process, in MiB.
///
/// It is read from `/proc`, since a child's `ru_maxrss` includes its parent's size at the fork.
pub(crate) fn peak_rss_mib() -> f64 {
    of_status("VmHWM:")
}

/// Returns a value of `/proc/self/status`, in MiB; NaN if it is missing.
fn of_status(key: &str) -> f64 {
    of_process(std::process::id(), key)
}

/// Returns a value of a process's status in `/proc`, in MiB; NaN if it is missing.
pub(crate) fn of_process(pid: u32, key: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB")?.parse().ok());
    kib.map_or(f64::NAN, |kib: f64| kib / 1024.0)
}

/// Returns the resident memory of a container's processes whose program has this path, in MiB; NaN if they cannot be
/// seen.
pub(crate) fn resident_mib(container: &str, program: &str) -> f64 {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let is_its = |path: &std::path::PathBuf| {
        let read = |file: &str| fs::read_to_string(path.join(file)).unwrap_or_default();
        read("cmdline").starts_with(program) && read("cgroup").contains(container)
    };
    let resident = |path: std::path::PathBuf| {
        let status = fs::read_to_string(path.join("status")).ok()?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))?;
        kib.parse::<f64>().ok()
    };
    let kib: Vec<f64> = pids.filter(is_its).filter_map(resident).collect();
    if kib.is_empty() { f64::NAN } else { kib.iter().sum::<f64>() / 1024.0 }
}

/// Returns the resident memory of this process, in MiB.
pub(crate) fn rss_mib() -> f64 {
    of_status("VmRSS:")
}

/// Returns the CPU time of the engine's daemon so far, in ms; NaN if it cannot be seen.
pub(crate) fn engine_cpu_ms() -> f64 {
    let read = || {
        let pid = fs::read_to_string("/var/run/docker.pid").ok()?;
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).ok()?;
        // After the name in parentheses, user and system time are the 12th and 13th field.
        let (_, fields) = stat.rsplit_once(") ")?;
        let ticks: Vec<f64> =
            fields.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Some(ticks.iter().sum::<f64>() * 1_000.0 / TICKS_PER_SECOND)
    };
    read().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let before = cpu_time();
        while cpu_time() == before {
            std::hint::black_box(vec![0_u8; 1 << 16]);
        }
        assert!(peak_rss_mib() > 0.5);
    }
}
