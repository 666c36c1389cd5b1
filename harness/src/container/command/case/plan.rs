//! A case that was checked, apart from the halves of its streams that are read and written on the caller's task.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use super::super::stdin::{Feeder, Input};
use super::super::words;
use super::case::{Case, Writer};
use crate::words::{Error, Result, caller_name};

/// The description of a case, without its streams.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) argv: Vec<OsString>,
    /// `NAME=value`.
    pub(super) env: Vec<OsString>,
    pub(super) user: Option<String>,
    pub(super) working_dir: Option<OsString>,
    pub(super) has_stdin: bool,
    pub(super) limit: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) is_isolated: bool,
}

/// A case taken apart.
pub(super) struct Parts {
    pub(super) plan: Plan,
    pub(super) input: Input,
    pub(super) feeder: Option<Feeder<'static>>,
    pub(super) writers: Writers,
}

/// The writers of the output streams; `None` for a stream that is kept.
#[derive(Default)]
pub(super) struct Writers {
    pub(super) stdout: Option<Writer>,
    pub(super) stderr: Option<Writer>,
}

impl Parts {
    /// Takes a case apart. To be called on the caller's own thread, which the test's name is taken from.
    ///
    /// # Errors
    /// Invalid, with the reason.
    pub(super) fn of(case: Case) -> Result<Self> {
        let Case { argv, env, user, working_dir, stdin, limit, timeout, stdout, stderr, is_isolated } = case;
        let mut pairs = vec![OsString::from(format!("SEATRIAL_TEST_NAME={}", caller_name()))];
        for (name, value) in env {
            check_name(&name)?;
            let mut pair = name;
            pair.push("=");
            pair.push(value);
            pairs.push(pair);
        }
        let has_stdin = !stdin.is_none();
        let (input, feeder) = stdin.split();
        let plan = Plan { argv, env: pairs, user, working_dir, has_stdin, limit, timeout, is_isolated };
        plan.check()?;
        Ok(Self { plan, input, feeder, writers: Writers { stdout, stderr } })
    }
}

impl Plan {
    /// Returns the command for messages, on one line and bounded.
    pub(super) fn what(&self) -> String {
        let words: Vec<_> = self.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        words::command(&words)
    }

    fn check(&self) -> Result<()> {
        if self.argv.is_empty() {
            return Err(Error::invalid("the command is empty; name a program"));
        }
        let has_nul = |word: &&OsString| word.as_encoded_bytes().contains(&0);
        if let Some(word) = self.argv.iter().chain(&self.env).chain(&self.working_dir).find(has_nul) {
            let message = format!(
                "`{}` has a NUL byte, which no argument or variable can have",
                word.to_string_lossy()
            );
            return Err(Error::invalid(message));
        }
        match &self.working_dir {
            Some(dir) if !dir.as_encoded_bytes().starts_with(b"/") => Err(Error::invalid(format!(
                "the working directory `{}` is not absolute; begin it with `/`",
                dir.to_string_lossy()
            ))),
            _ => Ok(()),
        }
    }
}

fn check_name(name: &OsStr) -> Result<()> {
    let shown = name.to_string_lossy();
    if name.is_empty() || name.as_encoded_bytes().contains(&b'=') {
        return Err(Error::invalid(format!(
            "`{shown}` can't be the name of a variable: it is empty or has a `=`"
        )));
    }
    if shown == seatrial_agent::VARIABLE {
        return Err(Error::invalid(format!(
            "the variable `{shown}` marks processes that are to be found; choose another name"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(case: Case, part: &str) {
        let Err(error) = Parts::of(case) else { panic!("{part}: it is accepted") };
        assert!(error.is_invalid() && error.to_string().contains(part), "{error}");
    }

    #[test]
    fn an_invalid_case_is_refused_with_the_reason() {
        refused(Case::new([""; 0]), "name a program");
        refused(Case::new(["a\0b"]), "NUL");
        refused(Case::new(["a"]).env("A", "b\0"), "NUL");
        refused(Case::new(["a"]).env("", "b"), "can't be the name");
        refused(Case::new(["a"]).env("A=B", "c"), "`A=B`");
        refused(Case::new(["a"]).env("SEATRIAL_EXEC", "c"), "`SEATRIAL_EXEC`");
        refused(Case::new(["a"]).working_dir("tmp"), "`tmp`");
    }

    #[test]
    fn the_test_s_name_is_first_so_that_a_case_can_override_it() {
        let parts = Parts::of(Case::new(["a"]).env("B", "=")).unwrap_or_else(|error| panic!("{error}"));
        assert!(parts.plan.env[0].to_string_lossy().starts_with("SEATRIAL_TEST_NAME="));
        assert_eq!(parts.plan.env[1], "B==");
    }
}
