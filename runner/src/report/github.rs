//! Annotations of GitHub Actions: lines on standard output that its pages show beside a change.

use crate::observer::CaseReport;
use crate::verdict::Verdict;

/// How many are shown: GitHub itself shows ten of a step.
pub(super) const MOST: usize = 10;

/// The annotation of a case, if it gets one.
pub(super) fn annotation(case: &CaseReport<'_>) -> Option<String> {
    let level = match case.verdict {
        Verdict::Failed | Verdict::UnexpectedPass | Verdict::Infrastructure => "error",
        Verdict::Flaky => "warning",
        _ => return None,
    };
    let end = case.last().map(|attempt| attempt.end.to_string()).unwrap_or_default();
    let last = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    };
    let message = format!("{}: {end}\n{}\n{}", case.verdict, last(&case.stdout), last(&case.stderr));
    let title = property(&case.name.to_string());
    Some(format!("::{level} title={title}::{}", data(message.trim_end())))
}

/// A message, as the workflow commands have it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    /// R28: *pure*.
    #[test]
    fn an_annotation_is_one_line_whatever_it_holds() {
        let report = CaseReport {
            name: Name(b"a,b::c\r"),
            verdict: Verdict::Failed,
            reason: None,
            attempts: &[],
            stdout: b"100%\nlast".to_vec(),
            stderr: Vec::new(),
        };
        let line = annotation(&report).expect("an annotation");
        assert_eq!(line, "::error title=a%2Cb%3A%3Ac\\r::failed: %0A100%25%0Alast");
        assert_eq!(annotation(&CaseReport { verdict: Verdict::Passed, ..report }), None);
    }
}
