//! Results of health checks, by a file or by the time since PID 1 started.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::output::Output;
use crate::sys;

/// Reports healthy if the file exists.
pub(crate) fn by_file(output: &Output, path: &str) -> io::Result<u8> {
    let there = Path::new(path).exists();
    verdict(output, there, &format!("`{path}` is {}there", if there { "" } else { "not " }))
}

/// Reports healthy if PID 1 has run for at least this time.
pub(crate) fn from(output: &Output, start: Duration) -> io::Result<u8> {
    let age = age_of_init()?;
    verdict(output, age >= start, &format!("PID 1 began {} ms ago", age.as_millis()))
}

/// Reports healthy if PID 1 has run for less than this time.
pub(crate) fn until(output: &Output, end: Duration) -> io::Result<u8> {
    let age = age_of_init()?;
    verdict(output, age < end, &format!("PID 1 began {} ms ago", age.as_millis()))
}

fn verdict(output: &Output, healthy: bool, reason: &str) -> io::Result<u8> {
    output.line(&format!("{}: {reason}", if healthy { "healthy" } else { "unhealthy" }))?;
    Ok(u8::from(!healthy))
}

fn age_of_init() -> io::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/1/stat")?;
    let started = start_ticks(&stat).ok_or_else(|| io::Error::other("`/proc/1/stat` has no start time"))?;
    let (now, per_second) = sys::boot_ticks();
    Ok(Duration::from_millis(now.saturating_sub(started) * 1000 / per_second))
}

/// Returns field 22 of a `stat` file. The name in it is in parentheses, and may have spaces and parentheses in it.
fn start_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_a_hostile_name() {
        let stat = "1 (a) b 7 (c) S 0 1 1 0 -1 4194560 95 0 0 0 0 0 0 0 20 0 1 0 4711 1069056 1";
        assert_eq!(start_ticks(stat), Some(4711));
        assert_eq!(start_ticks("1 (short) S 0"), None);
    }
}
