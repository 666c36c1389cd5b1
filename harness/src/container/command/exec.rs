//! A command in a running container that is run and collected.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select};
use tokio::io::AsyncRead;

use super::agent::Agent;
use super::options::command_options;
use super::pieces::Collector;
use super::running::{EndsWith, Followed, deadline, name_refused, name_the_test, not_started, run};
use super::stdin::{Feeder, Input, Stdin};
use super::words;
use crate::base::background;
use crate::container::{Subject, TestContainer};
use crate::engine::ExecRequest;
use crate::output::Collected;
use crate::words::{Error, ExecOutput, Kind, PartialOutput, Result, seconds};

/// A command that is about to run: set options, then await it.
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn example(container: seatrial::TestContainer) -> seatrial::Result<()> {
/// let output = container.exec(["ls", "-l"]).working_dir("/etc").await?;
/// assert_eq!(output.exit_code, 0, "{}", output.stderr_text());
///
/// let sorted = container.exec(["sort"]).stdin("b\na\n").timeout(Duration::from_secs(5)).await?;
/// assert_eq!(sorted.stdout_text(), "a\nb\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a command does nothing until it is awaited"]
pub struct Exec<'a> {
    container: &'a TestContainer,
    request: ExecRequest,
    stdin: Stdin<'a>,
    limit: usize,
    timeout: Option<Duration>,
}

command_options!(Exec);

impl TestContainer {
    /// Runs a command in the container and collects its output.
    ///
    /// The words are passed as they are, without a shell; name one if you need it: `["sh", "-c", "…"]`. A non-zero exit
    /// code is data, not an error. The command has `SEATRIAL_TEST_NAME` in its environment.
    ///
    /// # Errors
    /// Invalid, if the command is empty; not started, if the program, user, group or directory does not exist, or the
    /// program can't be executed; timeout, with the output until then, if the [time limit](Exec::timeout) was exceeded;
    /// conflict, if the container does not run; not found, if it was removed; files, if the reader of the standard
    /// input fails; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future ends the command in the background, with all that it has started. Where that can't be done,
    /// the container is [poisoned](Self::is_poisoned).
    pub fn exec<T: Into<String>>(&self, cmd: impl IntoIterator<Item = T>) -> Exec<'_> {
        let request = ExecRequest { cmd: cmd.into_iter().map(Into::into).collect(), ..Default::default() };
        Exec { container: self, request, stdin: Stdin::None, limit: 16 << 20, timeout: None }
    }
}

impl<'a> Exec<'a> {
    /// Sets the bytes of the standard input. Default: none, so that the command reads an end at once.
    ///
    /// A command that does not read all of it is no error, as in a shell's pipe. With a [terminal](Self::tty) there is
    /// no end of input but the key for it: end the text with `"\u{4}"`.
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = Stdin::Bytes(bytes.into());
        self
    }

    /// Does the same as [`stdin`](Self::stdin) from a reader, which is read on the task that awaits the command.
    pub fn stdin_from(mut self, reader: impl AsyncRead + Send + 'a) -> Self {
        self.stdin = Stdin::Reader(Box::pin(reader));
        self
    }

    /// Allocates a terminal: both output streams are one then, [`stdout`](ExecOutput::stdout), with the terminal's line
    /// ends. Default: none.
    pub fn tty(mut self) -> Self {
        self.request.tty = true;
        self
    }

    /// Sets how many bytes of each stream are kept; the rest is read and dropped. Default: 16 MiB.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Limits the command's time, counted from the request. A command that exceeds it is ended with all that it has
    /// started, and [`Error::output`] has its output until then. Default: no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<ExecOutput> {
        let Self { container, mut request, stdin, limit, timeout } = self;
        words::check(&request)?;
        name_the_test(&mut request);
        request.stdin = !stdin.is_none();
        let began = Instant::now();
        let subject = container.subject();
        if timeout.is_some() {
            Agent::prepare(&subject);
        }
        let (input, feeder) = stdin.split();
        beside_feeder(background().run(collect(subject, request, input, limit, began, timeout)), feeder).await
    }
}

impl<'a> IntoFuture for Exec<'a> {
    type Output = Result<ExecOutput>;
    type IntoFuture = BoxFuture<'a, Result<ExecOutput>>;

    fn into_future(self) -> Self::IntoFuture {
        let name = self.container.to_string();
        Box::pin(async move { self.run().await.map_err(|error| error.with_subject(name)) })
    }
}

/// Drives a command beside the reader of its standard input, whose failure ends the command.
pub(super) async fn beside_feeder<T>(
    work: impl Future<Output = Result<T>>,
    feeder: Option<Feeder<'_>>,
) -> Result<T> {
    let work = pin!(work);
    let Some(feeder) = feeder else { return work.await };
    match select(work, pin!(feeder.feed())).await {
        Either::Left((output, _)) => output,
        Either::Right((Ok(()), work)) => work.await,
        // Dropping the work ends the command.
        Either::Right((Err(error), _)) => Err(error),
    }
}

/// Runs a command to its end, on the background thread.
async fn collect(
    subject: Subject,
    request: ExecRequest,
    input: Input,
    limit: usize,
    began: Instant,
    timeout: Option<Duration>,
) -> Result<ExecOutput> {
    let what = words::command(&request.cmd);
    let mut collector = Collector::new(limit);
    let stop = deadline(timeout.and_then(|timeout| began.checked_add(timeout)));
    let followed = run(subject, request, &mut collector, input, EndsWith::Output, stop).await;
    let followed = followed.map_err(|error| name_refused(error, &what))?;
    let Collected { stdout, stderr } = collector.into_collected();
    let truncated = stdout.truncated || stderr.truncated;
    let (stdout, stderr) = (stdout.bytes, stderr.bytes);
    match followed {
        Followed::Exited { exit, elapsed } if exit.never_ran => {
            Err(not_started(&what, &stdout, &stderr).with_elapsed(elapsed))
        }
        Followed::Exited { exit, elapsed } => {
            Ok(ExecOutput { exit_code: exit.code, stdout, stderr, elapsed, truncated })
        }
        Followed::Stopped { ended, .. } => {
            let output = PartialOutput { stdout, stderr, elapsed: began.elapsed(), truncated };
            Err(timed_out(&what, timeout.unwrap_or_default(), ended, output))
        }
    }
}

fn timed_out(what: &str, limit: Duration, ended: Result<bool>, output: PartialOutput) -> Error {
    let limit = seconds(limit);
    let (out, err) = (words::ending(&output.stdout), words::ending(&output.stderr));
    let fate = match ended {
        Ok(_) => "and was ended".to_owned(),
        Err(error) => format!("and could not be ended, so the container is poisoned: {}", error.message()),
    };
    let message = format!(
        "command {what} did not end within {limit} {fate}; its last line on stdout: {out}, on stderr: {err}"
    );
    Error::new(Kind::ExecTimeout, message).with_output(output)
}
