//! A case as it is carried out: checked, with the halves that read and write on the caller's task taken off.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use super::super::stdin::{Feeder, Source};
use super::super::words;
use super::case::{Case, Writer};
use crate::words::{Error, LogStream, Result, caller_name};

/// What a case is, without where its output goes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) argv: Vec<OsString>,
    /// `NAME=value`.
    pub(super) env: Vec<OsString>,
    pub(super) user: Option<String>,
    pub(super) workdir: Option<OsString>,
    pub(super) has_stdin: bool,
    pub(super) limit: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) is_isolated: bool,
}

/// A case taken apart.
pub(super) struct Parts {
    pub(super) plan: Plan,
    pub(super) source: Source,
    pub(super) feeder: Option<Feeder<'static>>,
    pub(super) writers: Writers,
}

/// Where the streams go that are not kept.
pub(super) struct Writers {
    pub(super) stdout: Option<Writer>,
    pub(super) stderr: Option<Writer>,
}

impl Writers {
    pub(super) fn has(&self, stream: LogStream) -> bool {
        match stream {
            LogStream::Stdout => self.stdout.is_some(),
            LogStream::Stderr => self.stderr.is_some(),
        }
    }
}

impl Parts {
    /// To be called on the caller's own thread, which a test's name is taken from.
    ///
    /// # Errors
    /// Invalid, with the reason.
    pub(super) fn of(case: Case) -> Result<Self> {
        let Case { argv, env, user, workdir, stdin, limit, timeout, stdout, stderr, is_isolated } = case;
        let mut pairs = vec![OsString::from(format!("SEATRIAL_TEST_NAME={}", caller_name()))];
        for (name, value) in env {
            check_name(&name)?;
            let mut pair = name;
            pair.push("=");
            pair.push(value);
            pairs.push(pair);
        }
        let has_stdin = !stdin.is_none();
        let (source, feeder) = stdin.split();
        let plan = Plan { argv, env: pairs, user, workdir, has_stdin, limit, timeout, is_isolated };
        plan.check()?;
        Ok(Self { plan, source, feeder, writers: Writers { stdout, stderr } })
    }
}

impl Plan {
    /// The command as it was given, on one line and bounded.
    pub(super) fn what(&self) -> String {
        let words: Vec<_> = self.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        words::command(&words)
    }

    fn check(&self) -> Result<()> {
        if self.argv.is_empty() {
            return Err(Error::invalid("the case is empty; name a program"));
        }
        let has_nul = |word: &&OsString| word.as_encoded_bytes().contains(&0);
        if let Some(word) = self.argv.iter().chain(&self.env).chain(&self.workdir).find(has_nul) {
            let message = format!("`{}` holds a NUL byte, which no word can", word.to_string_lossy());
            return Err(Error::invalid(message));
        }
        match &self.workdir {
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
            "`{shown}` is no name of a variable; it is empty or holds a `=`"
        )));
    }
    if shown == seatrial_agent::VARIABLE {
        return Err(Error::invalid(format!(
            "the variable `{shown}` is how processes are found; choose another name"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(case: Case, part: &str) {
        let Err(error) = Parts::of(case) else { panic!("{part}: it is taken") };
        assert!(error.is_invalid() && error.to_string().contains(part), "{error}");
    }

    #[test]
    fn what_can_t_be_is_refused_with_the_reason() {
        refused(Case::new([""; 0]), "name a program");
        refused(Case::new(["a\0b"]), "NUL");
        refused(Case::new(["a"]).env("A", "b\0"), "NUL");
        refused(Case::new(["a"]).env("", "b"), "no name");
        refused(Case::new(["a"]).env("A=B", "c"), "`A=B`");
        refused(Case::new(["a"]).env("SEATRIAL_EXEC", "c"), "`SEATRIAL_EXEC`");
        refused(Case::new(["a"]).workdir("tmp"), "`tmp`");
    }

    #[test]
    fn the_test_is_named_first_so_that_a_case_may_say_otherwise() {
        let parts = Parts::of(Case::new(["a"]).env("B", "=")).unwrap_or_else(|error| panic!("{error}"));
        assert!(parts.plan.env[0].to_string_lossy().starts_with("SEATRIAL_TEST_NAME="));
        assert_eq!(parts.plan.env[1], "B==");
    }
}
