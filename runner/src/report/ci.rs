//! Texts for the logs of CI services: annotations, and texts that hold no command for the service.

use std::borrow::Cow;

use crate::observer::CaseReport;
use crate::verdict::Verdict;

/// The most annotations that are written: GitHub shows ten for each step.
pub(super) const MOST: usize = 10;
/// The most lines of a stream in an annotation.
const LINES: usize = 10;

/// The beginnings of commands anywhere in a line: those of GitHub Actions, Azure Pipelines and TeamCity.
pub(super) const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// Returns a text as it can be printed where a CI service reads its commands from the output: a backslash keeps commands
/// from being taken as such.
///
/// ```
/// use seatrial_runner::without_commands;
///
/// assert_eq!(without_commands("a\n  ::add-mask::b\n##[error]c"), "a\n  \\::add-mask::b\n#\\#[error]c");
/// ```
#[must_use]
pub fn without_commands(text: &str) -> Cow<'_, str> {
    let has_command = text.contains("::") || COMMANDS.iter().any(|command| text.contains(command));
    if !has_command {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive(['\n', '\r']) {
        let rest = line.trim_start();
        harmless.push_str(&line[..line.len() - rest.len()]);
        if rest.starts_with("::") {
            harmless.push('\\');
        }
        harmless.push_str(rest);
    }
    for command in COMMANDS {
        harmless = harmless.replace(command, &command.replacen("##", "#\\#", 1));
    }
    Cow::Owned(harmless)
}

/// Returns GitHub's annotation of a case, which its pages show beside a change; `None` if the case needs none.
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
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    };
    let message = format!("{}: {end}\n{}\n{}", case.verdict, last(&case.stdout), last(&case.stderr));
    let title = property(&case.name.to_string());
    Some(format!("::{level} title={title}::{}", data(message.trim_end())))
}

/// Returns a text as the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns a text as the value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    /// R28: *pure*. An annotation is one line, whatever the name and the output of its case are.
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

    /// R28: *pure*. No line of a printed text is a command to the CI service.
    #[test]
    fn a_printed_text_holds_no_command() {
        for (text, printed) in [
            ("::add-mask::x", "\\::add-mask::x"),
            ("    ::stop-commands::token", "    \\::stop-commands::token"),
            ("\u{a0}\t::error::x", "\u{a0}\t\\::error::x"),
            ("a\r::set-output name=x::y\r\n::group::z\n", "a\r\\::set-output name=x::y\r\n\\::group::z\n"),
            ("said: ##[error]x ##[group]y", "said: #\\#[error]x #\\#[group]y"),
            ("##vso[task.setvariable variable=x]y", "#\\#vso[task.setvariable variable=x]y"),
            ("##teamcity[testFailed name='x']", "#\\#teamcity[testFailed name='x']"),
            ("###[x]", "##\\#[x]"),
            ("a::b ## c", "a::b ## c"),
            ("nothing of the kind", "nothing of the kind"),
        ] {
            assert_eq!(without_commands(text), printed);
        }
    }
}
