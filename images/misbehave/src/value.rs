//! Parses the values that steps take: durations, sizes, signals, streams. No I/O.

use std::time::Duration;

/// The stream that the program prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
    /// Each piece is written to stdout and then to stderr.
    Both,
}

/// A period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    For(Duration),
    Forever,
}

/// A number of repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    Count(u64),
    Forever,
}

/// An amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Bytes(u64),
    /// As much as the kernel provides.
    All,
}

/// A signal by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal(pub(crate) i32);

/// The kind of process that the program leaves running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orphan {
    /// A child that inherits the output streams.
    Child,
    /// A child of a child that has ended, which inherits the output streams.
    Grandchild,
    /// A grandchild in a session of its own, with its streams on `/dev/null`.
    Daemon,
}

const SIGNALS: [(&str, i32); 13] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("TERM", libc::SIGTERM),
];

impl Signal {
    /// Returns the signal's name without `SIG`, or its number if the name is not known.
    pub(crate) fn name(self) -> &'static str {
        SIGNALS.iter().find(|(_, number)| *number == self.0).map_or("?", |(name, _)| name)
    }
}

/// Parses a duration: `250us`, `100ms`, `2s`, `1m`, or `0`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration; write `250us`, `100ms`, `2s`, `1m` or `0`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    match &text[digits..] {
        "us" => Ok(Duration::from_micros(number)),
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

/// Parses a duration or `forever`.
pub(crate) fn span(text: &str) -> Result<Span, String> {
    if text == "forever" { Ok(Span::Forever) } else { duration(text).map(Span::For) }
}

/// Parses a count or `forever`.
pub(crate) fn times(text: &str) -> Result<Times, String> {
    if text == "forever" { Ok(Times::Forever) } else { number(text).map(Times::Count) }
}

/// Parses a number that fits the type.
pub(crate) fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number in range"))
}

/// Parses a size: `512`, `4KiB`, `64MiB`, `1GiB`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let shift = match &text[digits..] {
        "" | "B" => Some(0),
        "KiB" => Some(10),
        "MiB" => Some(20),
        "GiB" => Some(30),
        _ => None,
    };
    let number: Option<u64> = text[..digits].parse().ok();
    shift
        .zip(number)
        .and_then(|(shift, number)| number.checked_mul(1 << shift))
        .ok_or_else(|| format!("`{text}` is not a size; write `512`, `4KiB`, `64MiB` or `1GiB`"))
}

/// Parses a size or `all`.
pub(crate) fn amount(text: &str) -> Result<Amount, String> {
    if text == "all" { Ok(Amount::All) } else { bytes(text).map(Amount::Bytes) }
}

/// Parses a mode in octal, as `chmod` takes it.
pub(crate) fn mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| format!("`{text}` is not a mode in octal, as in `755`"))
}

/// Parses a signal: `TERM`, `SIGTERM` or `15`.
pub(crate) fn signal(text: &str) -> Result<Signal, String> {
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let known = SIGNALS.iter().find(|(known, number)| *known == name || number.to_string() == name);
    known.map(|(_, number)| Signal(*number)).ok_or_else(|| {
        let names = SIGNALS.map(|(name, _)| name).join(", ");
        format!("`{text}` is not a signal that is known here; known are {names}")
    })
}

/// Parses a stream: `stdout`, `stderr` or `both`.
pub(crate) fn stream(text: &str) -> Result<Stream, String> {
    match text {
        "stdout" => Ok(Stream::Stdout),
        "stderr" => Ok(Stream::Stderr),
        "both" => Ok(Stream::Both),
        _ => Err(format!("`{text}` is not a stream; streams are `stdout`, `stderr` and `both`")),
    }
}

/// Parses a kind of process: `child`, `grandchild` or `daemon`.
pub(crate) fn orphan(text: &str) -> Result<Orphan, String> {
    match text {
        "child" => Ok(Orphan::Child),
        "grandchild" => Ok(Orphan::Grandchild),
        "daemon" => Ok(Orphan::Daemon),
        _ => Err(format!("`{text}` cannot be left behind; `child`, `grandchild` and `daemon` can")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_unit_and_refused_without_one() {
        assert_eq!(duration("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for text in ["", "5", "ms", "-1s", "1h", "1.5s", "99999999999999999999s", "18446744073709551615m"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_binary_and_refused_when_they_overflow() {
        assert_eq!(bytes("512"), Ok(512));
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert!(bytes("64MB").is_err());
        assert!(bytes("99999999999GiB").is_err());
        assert_eq!(amount("all"), Ok(Amount::All));
    }

    #[test]
    fn signals_are_read_by_name_with_or_without_prefix_and_by_number() {
        for text in ["TERM", "SIGTERM", "15"] {
            assert_eq!(signal(text), Ok(Signal(15)), "{text}");
        }
        assert_eq!(signal("KILL").map(Signal::name), Ok("KILL"));
        assert!(signal("term").is_err());
    }

    #[test]
    fn modes_are_octal_and_no_larger_than_modes_are() {
        assert_eq!(mode("1777"), Ok(0o1777));
        assert!(mode("8").is_err());
        assert!(mode("17777").is_err());
    }
}
