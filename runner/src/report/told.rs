//! The text that people see of one case. Pure.

use super::time::in_words;
use crate::attempt::{Attempt, End};
use crate::name::escaped;
use crate::observer::CaseReport;
use crate::rules::Place;
use crate::verdict::Verdict;

/// The most lines of a stream that are shown: the last ones.
const LINES: usize = 100;
/// The most bytes of a line that are shown.
const LINE: usize = 4_000;

/// Returns the text of a case: failures with their output, and flaky cases in a line. Other cases have a text only in a
/// verbose run, or if there is a note on them.
pub(super) fn told(case: &CaseReport<'_>, is_verbose: bool) -> Option<String> {
    let (name, verdict) = (case.name, case.verdict);
    let reason = case.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let last = case.last().map(described).unwrap_or_default();
    match verdict {
        Verdict::Failed | Verdict::Infrastructure => {
            let mut text = format!("{verdict}: {name}{reason}: {last}\n");
            if verdict == Verdict::Failed {
                stream(&mut text, "stdout", &case.stdout);
                stream(&mut text, "stderr", &case.stderr);
                if let Some(count @ 1..) = case.last().and_then(|attempt| attempt.left_behind) {
                    text.push_str(&format!(
                        "  processes that it left running, and that were ended: {count}\n"
                    ));
                }
            }
            Some(text)
        }
        Verdict::UnexpectedPass => {
            Some(format!("{verdict}: {name}{reason}: take it off the list of expected failures\n"))
        }
        Verdict::Flaky => Some(format!("{verdict}: {name}{reason}: {last}; it passed too\n")),
        Verdict::Passed | Verdict::ExpectedFailure if is_verbose || has_note(case) => {
            Some(format!("{verdict}: {name}: {last}\n"))
        }
        Verdict::Skipped | Verdict::Excluded | Verdict::NotRun if is_verbose => {
            Some(format!("{verdict}: {name}{reason}\n"))
        }
        _ => None,
    }
}

/// Returns `true` if a case passed, and its end has a note that people should see.
fn has_note(case: &CaseReport<'_>) -> bool {
    let end = case.last().map(|attempt| &attempt.end);
    case.verdict == Verdict::Passed && matches!(end, Some(End::Ran { note: Some(_), .. }))
}

fn described(attempt: &Attempt) -> String {
    let place = match attempt.place {
        Place::Shared => "",
        Place::Alone => ", alone",
    };
    let member = if attempt.member.is_empty() { String::new() } else { format!(" in {}", attempt.member) };
    format!("{} after {}{place}{member}", attempt.end, in_words(attempt.elapsed))
}

/// Adds the last lines of a stream, indented. Control characters are escaped.
fn stream(text: &mut String, name: &str, bytes: &[u8]) {
    let bytes = bytes.trim_ascii_end();
    if bytes.is_empty() {
        return text.push_str(&format!("  {name}: nothing\n"));
    }
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    match lines.len() - shown.len() {
        0 => text.push_str(&format!("  {name}:\n")),
        _ => text.push_str(&format!("  {name}, the last {} of {} lines:\n", shown.len(), lines.len())),
    }
    for line in shown {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let end = if line.len() > LINE { "…" } else { "" };
        text.push_str(&format!("    {}{end}\n", escaped(&line[..line.len().min(LINE)])));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use seatrial::driver::Status;

    use super::*;
    use crate::name::Name;

    fn case(verdict: Verdict, attempts: &[Attempt]) -> CaseReport<'_> {
        CaseReport {
            name: Name(b"test_x"),
            verdict,
            reason: None,
            attempts,
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }

    /// R24: *pure*. A failure is shown with the last lines of its output.
    #[test]
    fn a_failure_is_shown_with_the_end_of_its_output() {
        let end = End::ran(Status::Error, Some(3));
        let attempt = Attempt::new(Place::Alone, "db-1", end).after(Duration::from_millis(1620));
        let stdout: String = (0..150).map(|at| format!("line {at}\r\n")).collect();
        let case = CaseReport {
            stdout: stdout.into_bytes(),
            stderr: b"\x1b[2J no newline \xff".to_vec(),
            ..case(Verdict::Failed, std::slice::from_ref(&attempt))
        };
        let text = told(&case, false).expect("a text");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "failed: test_x: exit code 3 after 1.62 s, alone in db-1");
        assert_eq!(lines[1..3], ["  stdout, the last 100 of 150 lines:", "    line 50"]);
        assert_eq!(lines[102..], ["  stderr:", "    \\u{1b}[2J no newline \\xff"]);
    }

    /// R24: *pure*. Cases that need no attention are shown in a verbose run only.
    #[test]
    fn cases_that_need_no_attention_are_told_only_if_that_is_wanted() {
        let case = |verdict| CaseReport { reason: Some("a reason"), ..case(verdict, &[]) };
        assert_eq!(told(&case(Verdict::Passed), false), None);
        assert_eq!(told(&case(Verdict::ExpectedFailure), false), None);
        assert_eq!(told(&case(Verdict::Skipped), false), None);
        assert_eq!(told(&case(Verdict::Skipped), true).as_deref(), Some("skipped: test_x (a reason)\n"));
        assert_eq!(told(&case(Verdict::Excluded), true).as_deref(), Some("excluded: test_x (a reason)\n"));
        assert!(told(&case(Verdict::UnexpectedPass), false).is_some());
    }

    /// R16: *pure*. A case that passed although one of its processes ran out of memory is shown.
    #[test]
    fn a_note_on_a_case_that_passed_is_told() {
        let note = Some("out of memory in a child".to_owned());
        let end = End::Ran { status: Status::Success, exit_code: Some(0), signal: None, note };
        let attempts = [Attempt::new(Place::Shared, "db-1", end).after(Duration::from_secs(1))];
        let text = told(&case(Verdict::Passed, &attempts), false).expect("a text");
        assert_eq!(text, "passed: test_x: success: out of memory in a child after 1.00 s in db-1\n");
    }
}
