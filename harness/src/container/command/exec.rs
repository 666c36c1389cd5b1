//! A command in a running container that is run and collected.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select};
use tokio::io::AsyncRead;

use super::agent::Agent;
use super::begin::{Begun, begin, name_the_test, not_started};
use super::beside::beside;
use super::capture::Capture;
use super::ender::Ender;
use super::exit::{Exit, exit};
use super::options::command_options;
use super::stdin::{Source, Stdin};
use super::words;
use crate::base::background;
use crate::container::{Subject, TestContainer};
use crate::engine::{ExecRequest, Mode};
use crate::life::unless_gone;
use crate::output::Collected;
use crate::words::{Error, ExecOutput, Kind, PartialOutput, Result, seconds};

/// How long the output of a command that was ended may take to end too.
const REST: Duration = Duration::from_millis(500);

/// A command that is about to run: set options, then await it.
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn example(container: seatrial::TestContainer) -> seatrial::Result<()> {
/// let output = container.exec(["ls", "-l"]).workdir("/etc").await?;
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
    /// Runs a command in the container and collects what it prints.
    ///
    /// It is run as it is, without a shell, which may be asked for: `["sh", "-c", "…"]`. A non-zero exit code is data,
    /// not an error. The command gets `SEATRIAL_TEST_NAME` in its environment.
    ///
    /// # Errors
    /// Invalid, if the command is empty; not started, if there is no such program, user, group or directory, or it
    /// can't be executed; timeout, with what it printed until then, if its [time](Exec::timeout) was up; conflict, if
    /// the container does not run; not found, if it is gone; files, if the reader of its standard input fails; the
    /// engine's own.
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
    /// What it reads from standard input. Default: nothing, so that it is at the end at once.
    ///
    /// A command that does not read all of it is no error, as in a shell's pipe. With a [terminal](Self::tty) there is
    /// no end of input but the key for it: end the text with `"\u{4}"`.
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = Stdin::Bytes(bytes.into());
        self
    }

    /// As [`stdin`](Self::stdin), from a reader, which is read on the task that awaits the command.
    pub fn stdin_from(mut self, reader: impl AsyncRead + Send + 'a) -> Self {
        self.stdin = Stdin::Reader(Box::pin(reader));
        self
    }

    /// Gives it a terminal: both output streams are one then, [`stdout`](ExecOutput::stdout), and have the terminal's
    /// line ends. Default: none.
    pub fn tty(mut self) -> Self {
        self.request.tty = true;
        self
    }

    /// How many bytes of each stream are kept; the rest is read and thrown away. Default: 16 MiB.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// How long it may take, from the request on. When its time is up, it is ended with all that it has started, and
    /// [`Error::output`] has what it printed until then. Default: as long as it likes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<ExecOutput> {
        let name = self.container.to_string();
        self.run_unnamed().await.map_err(|error| error.with_subject(name))
    }

    async fn run_unnamed(self) -> Result<ExecOutput> {
        let Self { container, mut request, stdin, limit, timeout } = self;
        words::check(&request)?;
        name_the_test(&mut request);
        request.stdin = !stdin.is_none();
        let began = Instant::now();
        let subject = container.subject();
        if timeout.is_some() {
            Agent::prepare(&subject);
        }
        let (source, feeder) = stdin.split();
        let what = words::command(&request.cmd);
        let deadline = timeout.and_then(|timeout| began.checked_add(timeout));
        let running = Running { subject, request, what, limit, began, deadline };
        let work = pin!(background().run(running.follow(source)));
        let Some(feeder) = feeder else { return work.await };
        match select(work, pin!(feeder.feed())).await {
            Either::Left((output, _)) => output,
            Either::Right((Ok(()), work)) => work.await,
            // Dropping the work ends the command.
            Either::Right((Err(error), _)) => Err(error),
        }
    }
}

impl<'a> IntoFuture for Exec<'a> {
    type Output = Result<ExecOutput>;
    type IntoFuture = BoxFuture<'a, Result<ExecOutput>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A command from its request to its end, on the background thread.
struct Running {
    subject: Subject,
    request: ExecRequest,
    what: String,
    limit: usize,
    began: Instant,
    deadline: Option<Instant>,
}

impl Running {
    async fn follow(self, source: Source) -> Result<ExecOutput> {
        let mode = if self.request.tty { Mode::Raw } else { Mode::Multiplexed };
        let starting = background().carry_through(begin(self.subject.clone(), self.request.clone()));
        let Some(begun) = self.in_time(starting).await else {
            // What is under way is ended once it has begun.
            return Err(self.timed_out(Collected::default(), Ok(())));
        };
        let Begun { connection, exec, mut ender } = begun.map_err(|error| self.named(error))?;
        let (reader, writer) = tokio::io::split(connection);
        let mut capture = Capture::new(reader, mode, self.limit).with_input(self.request.stdin);
        let reading = beside(capture.read_to_end(), source.write_to(writer, mode));
        let end = match self.in_time(unless_gone(&self.subject, reading)).await {
            None => None,
            Some(None) => {
                let message =
                    format!("the container has ended, and how command {} did is not known", self.what);
                return Err(Error::new(Kind::Exec, message));
            }
            Some(Some(read)) => {
                read.map_err(|error| error.with_phase("read a command's output"))?;
                ender.is_over();
                let elapsed = self.began.elapsed();
                self.in_time(exit(&self.subject, &exec)).await.transpose()?.map(|exit| (exit, elapsed))
            }
        };
        match end {
            Some((exit, elapsed)) => {
                ender.disarm();
                self.output(capture.take(), exit, elapsed)
            }
            None => {
                let ended = end_and_read(&mut ender, &mut capture).await;
                Err(self.timed_out(capture.take(), ended))
            }
        }
    }

    /// What a future gives before the time is up.
    async fn in_time<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        match self.deadline {
            None => Some(future.await),
            Some(deadline) => tokio::time::timeout_at(deadline.into(), future).await.ok(),
        }
    }

    fn output(&self, output: Collected, exit: Exit, elapsed: Duration) -> Result<ExecOutput> {
        let Collected { stdout, stderr } = output;
        if exit.never_ran {
            return Err(not_started(&self.what, &stdout.bytes, &stderr.bytes).with_elapsed(elapsed));
        }
        let truncated = stdout.truncated || stderr.truncated;
        Ok(ExecOutput {
            exit_code: exit.code,
            stdout: stdout.bytes,
            stderr: stderr.bytes,
            elapsed,
            truncated,
        })
    }

    /// An engine's refusal to start it names the command.
    fn named(&self, error: Error) -> Error {
        if error.is_not_started() { error.with_part(format!("command {}", self.what)) } else { error }
    }

    fn timed_out(&self, output: Collected, ended: Result<()>) -> Error {
        let Collected { stdout, stderr } = output;
        let limit = self.deadline.map(|deadline| seconds(deadline - self.began)).unwrap_or_default();
        let (out, err) = (words::ending(&stdout.bytes), words::ending(&stderr.bytes));
        let fate = match &ended {
            Ok(()) => "and was ended".to_owned(),
            Err(error) => {
                format!("and could not be ended, so the container is poisoned: {}", error.message())
            }
        };
        let message = format!(
            "command {} was not done within {limit}, {fate}; last on stdout: {out}, on stderr: {err}",
            self.what
        );
        let truncated = stdout.truncated || stderr.truncated;
        let elapsed = self.began.elapsed();
        let output = PartialOutput { stdout: stdout.bytes, stderr: stderr.bytes, elapsed, truncated };
        Error::new(Kind::ExecTimeout, message).with_output(output)
    }
}

/// Ends a command and reads what it printed until then.
async fn end_and_read<R: AsyncRead + Unpin>(ender: &mut Ender, capture: &mut Capture<R>) -> Result<()> {
    // Read on meanwhile: what it prints must not hold it up.
    let reading = async {
        capture.read_to_end().await.ok();
    };
    let ended = beside(ender.end(), reading).await;
    // What is behind the end of the stream reads as another end.
    tokio::time::timeout(REST, capture.read_to_end()).await.ok();
    ended
}
