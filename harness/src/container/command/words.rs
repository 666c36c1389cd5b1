//! A command in messages, and the checks of a command that need no engine.

use crate::engine::ExecRequest;
use crate::words::{Error, Result, quoted};

/// Returns the command for messages, on one line and bounded.
pub(crate) fn command(cmd: &[String]) -> String {
    quoted(&cmd.join(" "))
}

/// Returns the last line of an output, bounded.
pub(super) fn ending(bytes: &[u8]) -> String {
    // As much as the longest last line that is shown.
    let end = &bytes[bytes.len().saturating_sub(4096)..];
    let text = String::from_utf8_lossy(end);
    quoted(text.trim().lines().next_back().unwrap_or_default())
}

/// Checks a command.
///
/// # Errors
/// Invalid, with the reason.
pub(crate) fn check(request: &ExecRequest) -> Result<()> {
    if request.cmd.is_empty() {
        return Err(Error::invalid("the command is empty; name a program"));
    }
    let mark = format!("{}=", seatrial_agent::VARIABLE);
    if request.env.iter().any(|pair| pair.starts_with(&mark)) {
        return Err(Error::invalid(format!(
            "the variable `{}` marks the processes of a command; choose another name",
            seatrial_agent::VARIABLE
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_with_text_is_shown() {
        assert_eq!(ending(b"a\nb \n\n"), "`b`");
        assert_eq!(ending(b" \n"), "nothing");
    }

    #[test]
    fn the_variable_of_the_mark_can_t_be_set() {
        let request = |pair: &str| ExecRequest {
            cmd: vec!["true".into()],
            env: vec![pair.into()],
            ..ExecRequest::default()
        };
        let error = check(&request("SEATRIAL_EXEC=1")).expect_err("it is ours");
        assert!(error.is_invalid() && error.to_string().contains("`SEATRIAL_EXEC`"), "{error}");
        check(&request("SEATRIAL_EXECUTE=1")).expect("another's name");
    }
}
