//! Words the engine's refusal to start a main process: the program, the reason, and the program that the image has.
//!
//! The runtime's text is the only source of the program and the reason.

use crate::container::Subject;
use crate::engine::ImageProgram;
use crate::words::Error;

/// A main process that could not be started.
#[derive(Debug, PartialEq, Eq)]
struct Missing<'a> {
    program: &'a str,
    reason: &'static str,
}

/// Rewords an error if it says that the main process's program can't be executed. The engine's own text stays as the
/// source.
pub(super) async fn explain(error: Error, subject: &Subject, image: &str) -> Error {
    let text = error.message().to_owned();
    let Some(Missing { program, reason }) = Missing::recognise(&text) else { return error };
    let its_own = subject.engine.image_program(image).await;
    let hint = match its_own {
        Ok(its_own) => advice(program, &its_own),
        Err(error) => {
            tracing::debug!("{error}");
            "set `entrypoint` and `cmd` to a program that the image has".to_owned()
        }
    };
    let (kind, status) = (error.kind(), error.status());
    let message = format!("the program `{program}` can't be started in image `{image}`: {reason}");
    let mut worded = Error::new(kind, message).with_hint(hint).with_source(error);
    if let Some(status) = status {
        worded = worded.with_status(status);
    }
    worded
}

/// Returns the advice for a program that can't be started, with the image's own.
fn advice(program: &str, its_own: &ImageProgram) -> String {
    let list = |words: &[String]| match words {
        [] => "none".to_owned(),
        words => format!("`{words:?}`"),
    };
    let its_own_text = format!("entry point {}, command {}", list(&its_own.entrypoint), list(&its_own.cmd));
    let first = its_own.entrypoint.first().or(its_own.cmd.first());
    if first.is_some_and(|first| first == program) {
        format!("the image itself names it ({its_own_text}): rebuild the image, or set `entrypoint`")
    } else {
        format!("the image has: {its_own_text}; change `entrypoint` or `cmd` of the request")
    }
}

impl<'a> Missing<'a> {
    /// Recognises the texts of runc (`exec: "x": …`) and crun (``executable file `x` …``).
    fn recognise(text: &'a str) -> Option<Self> {
        let by_runc = || {
            let (program, rest) = text.split_once("exec: \"")?.1.split_once("\": ")?;
            Some((program, rest))
        };
        let by_crun = || {
            let rest = text.split_once("executable file ")?.1;
            let quote = rest.chars().next().filter(|quote| matches!(quote, '`' | '"'))?;
            let rest = &rest[1..];
            let end = rest.find([quote, '\''])?;
            Some((&rest[..end], &rest[end + 1..]))
        };
        let (program, rest) = by_runc().or_else(by_crun)?;
        let reason = if rest.contains("not found in $PATH") {
            "no folder of the container's `PATH` has it"
        } else if rest.contains("no such file or directory") {
            "there is no such file, or not the interpreter that its first line names"
        } else if rest.contains("permission denied") || rest.contains("is a directory") {
            "it is a directory, or a file that is not executable"
        } else if rest.contains("exec format error") {
            "it is no program for this processor, or a script whose first line names no interpreter"
        } else {
            return None;
        };
        Some(Self { program, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E4: the program and the reason are found in the texts of runc and crun.
    #[test]
    fn the_program_is_found_in_each_runtime_s_words() {
        let runc = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start \
                    container process: ";
        for (text, program, reason) in [
            (format!("{runc}exec: \"/no\": stat /no: no such file or directory: unknown"), "/no", "no such file"),
            (format!("{runc}exec: \"no\": executable file not found in $PATH: unknown"), "no", "`PATH`"),
            (format!("{runc}exec: \"/etc\": permission denied: unknown"), "/etc", "not executable"),
            (format!("{runc}exec: \"/etc\": is a directory: unknown"), "/etc", "directory"),
            (
                "crun: executable file `no` not found in $PATH: No such file or directory: OCI runtime attempted to \
                 invoke a command that was not found"
                    .to_owned(),
                "no",
                "`PATH`",
            ),
            ("crun: executable file \"no\" not found in $PATH: No such".to_owned(), "no", "`PATH`"),
        ] {
            let missing = Missing::recognise(&text).expect("recognised");
            assert!(missing.program == program && missing.reason.contains(reason), "{missing:?}");
        }
        for text in ["", "exec: \"", "network x not found", "executable file ", "exec: \"a\": odd"] {
            assert_eq!(Missing::recognise(text), None, "{text}");
        }
    }

    /// E4: the advice has the image's own program, and says so if that is the one which is missing.
    #[test]
    fn the_advice_has_the_image_s_own_program() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let own = ImageProgram { entrypoint: words(&["/run.sh", "-v"]), cmd: vec![] };
        assert!(advice("/no", &own).contains(r#"entry point `["/run.sh", "-v"]`, command none"#));
        assert!(advice("/run.sh", &own).contains("the image itself names it"));
        let own = ImageProgram { entrypoint: vec![], cmd: words(&["sh"]) };
        assert!(advice("sh", &own).contains("the image itself names it"));
    }
}
