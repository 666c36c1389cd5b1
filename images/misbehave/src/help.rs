//! The list of steps with their arguments and meanings, for `--help` and for the parser.

use std::fmt::Write as _;

/// A step's name, arguments and meaning.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) args: &'static [&'static str],
    meaning: &'static str,
}

const fn step(name: &'static str, args: &'static [&'static str], meaning: &'static str) -> Spec {
    Spec { name, args, meaning }
}

/// All steps, in the order of the help.
pub(crate) const STEPS: &[Spec] = &[
    step("to", &["STREAM"], "the steps that follow print to `stdout` (default), `stderr`, or `both`"),
    step("print", &["TEXT"], "a line"),
    step("print-partial", &["TEXT"], "a text without a newline"),
    step("print-lines", &["N"], "`line 1` to `line N`, as fast as can be"),
    step("print-bytes", &["SIZE"], "SIZE times `x`, without a newline"),
    step("stamp", &["TEXT"], "`TEXT <ns>`: the realtime clock's nanoseconds, read just before the write"),
    step("tick", &["DURATION", "N"], "`tick 1 <ns>` to `tick N <ns>`, one per DURATION; N may be `forever`"),
    step("flood", &[], "`flood <n>` lines without end"),
    step("env", &[], "the environment, one `KEY=value` per line, sorted"),
    step("args", &[], "our own arguments, one per line"),
    step("ids", &[], "`pid=… ppid=… uid=… gid=… cwd=… host=…`"),
    step("cat", &["PATH"], "a file's content"),
    step("cat-stdin", &[], "standard input until its end"),
    step(
        "ls",
        &["PATH"],
        "a path and all below it: `<type><mode> <uid> <gid> <size> <mtime> <path>[ -> <target>]`",
    ),
    step("close-output", &[], "closes stdout and stderr and goes on (`/dev/null` takes their place)"),
    step("sleep", &["DURATION"], "does nothing; DURATION may be `forever`"),
    step("exit", &["CODE"], "ends with a code from 0 to 255"),
    step("kill-self", &["SIGNAL"], "ends by a signal; as PID 1, which cannot, exits with 128 + its number"),
    step("ignore", &["SIGNAL"], "the signal does nothing from here on"),
    step("trap", &["SIGNAL", "CODE"], "the signal ends us with a code from here on"),
    step("report", &["SIGNAL"], "the signal prints `got <SIGNAL>` on stdout from here on"),
    step("eat-memory", &["SIZE"], "takes and keeps memory; SIZE may be `all`: until killed"),
    step("burn-cpu", &["DURATION"], "keeps one core busy; DURATION may be `forever`"),
    step(
        "leave",
        &["WHO"],
        "leaves a sleeping `child`, orphaned `grandchild`, or `daemon` (own session, no streams)",
    ),
    step("write-file", &["PATH", "TEXT"], "a file with this content, and the directories above it"),
    step("fill-file", &["PATH", "SIZE"], "a file of SIZE bytes, and the directories above it"),
    step("remove-file", &["PATH"], "removes a file; a missing one is an error"),
    step("mkdir", &["MODE", "PATH"], "a directory with this mode in octal, and the directories above it"),
    step(
        "listen",
        &["PORT", "TEXT"],
        "in the background: greets each TCP connection with a line and closes it",
    ),
    step("accept", &["PORT"], "in the background: accepts TCP connections and says nothing"),
    step("tcp-echo", &["PORT"], "in the background: sends back what it gets"),
    step("udp-echo", &["PORT"], "in the background: sends each datagram back"),
    step("http-body", &["TEXT"], "what the next `http` answers (default `ok`)"),
    step("http-fail", &["N"], "the next `http` answers 503 to its first N requests"),
    step("http-fail-for", &["DURATION"], "the next `http` answers 503 until it has listened this long"),
    step("http-delay", &["DURATION"], "the next `http` waits this long before each answer"),
    step(
        "http",
        &["PORT"],
        "in the background: an HTTP server; `/echo` and `/status/NNN` never fail on purpose",
    ),
    step("health-file", &["PATH"], "says `healthy` and exits 0 if the file is there, else `unhealthy` and 1"),
    step("health-after", &["DURATION"], "healthy from this long after PID 1 began; ends like `health-file`"),
    step("health-until", &["DURATION"], "healthy until this long after PID 1 began; ends like `health-file`"),
];

/// Finds a step by its name.
pub(crate) fn spec(name: &str) -> Option<&'static Spec> {
    STEPS.iter().find(|spec| spec.name == name)
}

/// Returns the text of `--help`.
pub(crate) fn text() -> String {
    let mut text = String::from(
        "A program that misbehaves in containers on request.\n\n\
         Usage: misbehave STEP [ARGUMENT]… [STEP [ARGUMENT]…]…\n\n\
         Steps run in order. After the last one the program ends with code 0, unless a server or a trap was\n\
         set up: then it stays. As PID 1 it ends on SIGTERM, SIGINT, SIGHUP and SIGQUIT with 128 + the signal's\n\
         number unless told otherwise, and reaps orphans.\n\n\
         DURATION is `250us`, `100ms`, `2s`, `1m` or `0`; SIZE is `512`, `4KiB`, `64MiB` or `1GiB`.\n\
         Exit codes: 64 for a command line that makes no sense, 74 for a step that failed.\n\nSteps:\n",
    );
    for spec in STEPS {
        let usage = [&[spec.name], spec.args].concat().join(" ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {usage:24} {}", spec.meaning);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_step_once() {
        let text = text();
        for spec in STEPS {
            let usage = format!("\n  {} ", [&[spec.name], spec.args].concat().join(" "));
            assert_eq!(text.matches(&usage).count(), 1, "{usage:?}");
        }
    }
}
