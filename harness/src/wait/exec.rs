//! The wait for a command in the container to succeed. The command is polled, with growing pauses.

use std::fmt;
use std::time::Duration;

use super::branch::Branch;
use super::cx::{Cx, Failure, Pauses};
use crate::words::{Error, Result, quoted, seconds};

/// The default time limit of one run of the command, as that of Docker's health checks.
const ATTEMPT: Duration = Duration::from_secs(30);

/// Waits until a command in the container exits with the expected code and output.
#[derive(Clone, Debug)]
#[must_use = "a wait does nothing until it is passed to a request"]
pub struct ExecWait {
    cmd: Vec<String>,
    exit_code: i64,
    output: Option<String>,
    attempt_timeout: Duration,
}

impl ExecWait {
    pub(super) fn new(cmd: Vec<String>) -> Self {
        Self { cmd, exit_code: 0, output: None, attempt_timeout: ATTEMPT }
    }

    /// Sets the expected exit code. Default: 0.
    pub fn exit_code(mut self, code: i64) -> Self {
        self.exit_code = code;
        self
    }

    /// Sets a text that standard output or standard error has to contain. Default: none.
    pub fn output(mut self, text: impl Into<String>) -> Self {
        self.output = Some(text.into());
        self
    }

    /// Sets the time limit of one run of the command, which is ended then and run again. Default: 30 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.cmd.is_empty() {
            return Err(Error::invalid("the command to wait for is an empty list"));
        }
        Ok(())
    }

    pub(super) async fn follow(&self, branch: &Branch, cx: &Cx<'_>) -> Result<(), Failure> {
        let mut pauses = Pauses::up_to(Duration::from_millis(500));
        loop {
            branch.begin_attempt();
            match cx.container.exec(self.cmd.clone(), self.attempt_timeout).await {
                Ok(output) => {
                    let (stdout, stderr) = (output.stdout_text(), output.stderr_text());
                    let says_it = self
                        .output
                        .as_ref()
                        .is_none_or(|text| stdout.contains(text) || stderr.contains(text));
                    if output.exit_code == self.exit_code && says_it {
                        return Ok(());
                    }
                    branch.saw(format!(
                        "last run: exit code {}, stdout {}, stderr {}",
                        output.exit_code,
                        quoted(&stdout),
                        quoted(&stderr)
                    ));
                }
                Err(error) => {
                    branch.saw(format!("last try: {error}"));
                    if error.is_timeout() {
                        let limit = seconds(self.attempt_timeout);
                        branch.advise(format!(
                            "raise the `attempt_timeout` of the command wait, which is {limit}"
                        ));
                    }
                }
            }
            pauses.next().await;
        }
    }
}

impl fmt::Display for ExecWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command `{}` to end with exit code {}", self.cmd.join(" "), self.exit_code)?;
        if let Some(output) = &self.output {
            write!(f, " and print `{output}`")?;
        }
        Ok(())
    }
}
