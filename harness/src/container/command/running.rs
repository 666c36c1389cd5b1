//! A command that the engine runs, followed to its end: the core below every way to run one.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::io::WriteHalf;
use tokio::task::unconstrained;

use super::beside::beside;
use super::commands::UnderWay;
use super::ender::{Command, Ender, new_mark};
use super::exit::{Exit, exit, exit_of_process};
use super::pieces::{Pieces, Sink};
use super::stdin::Input;
use super::words;
use crate::base::background;
use crate::container::Subject;
use crate::engine::{ExecRequest, Mode, Upgraded};
use crate::life::Presence;
use crate::words::caller_name;
use crate::words::{Error, Kind, Result};

/// The limit for the output of a command that was ended.
const REST: Duration = Duration::from_secs(2);
/// The limit for the output of a command whose processes have ended; one that could not be ended may keep it open.
const REST_OF_PROCESS: Duration = Duration::from_millis(500);

/// A command that the engine was told to start; dropping it ends the command.
pub(crate) struct Running {
    pub(super) subject: Subject,
    /// The engine's id of it.
    pub(super) exec: String,
    pub(super) output: Pieces,
    pub(super) writer: WriteHalf<Upgraded>,
    pub(super) mode: Mode,
    pub(super) ender: Ender,
    /// The time of the request.
    began: Instant,
}

/// The point at which a command counts as ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndsWith {
    /// The end of its output; processes that still run then are meant to run.
    Output,
    /// The end of its first process; processes that still run then are ended.
    Process,
}

/// The end of a command that was followed.
pub(crate) enum Followed<S> {
    /// It ended by itself, this long after the request.
    Exited { exit: Exit, elapsed: Duration },
    /// It was ended for this reason.
    Stopped {
        why: S,
        /// `true` if it still ran by then; an error if it could not be ended.
        ended: Result<bool>,
    },
}

/// Names the test that runs a command, as a variable of the command's environment. To be called on the caller's own
/// thread, which the name is taken from.
pub(crate) fn name_the_test(request: &mut ExecRequest) {
    request.env.insert(0, format!("SEATRIAL_TEST_NAME={}", caller_name()));
}

/// Starts a command and follows it to its end, on the background thread. See [`Running::follow`].
pub(super) async fn run<S>(
    subject: Subject,
    request: ExecRequest,
    sink: &mut impl Sink,
    input: Input,
    ends_with: EndsWith,
    stop: impl Future<Output = S>,
) -> Result<Followed<S>> {
    let mut stop = pin!(stop);
    let starting = background().carry_through(Running::start(subject, request));
    match select(starting, stop.as_mut()).await {
        Either::Left((running, _)) => {
            let mut running = running?;
            running.follow(sink, input, ends_with, stop).await
        }
        // A command whose start is under way is ended once it has begun.
        Either::Right((why, _)) => Ok(Followed::Stopped { why, ended: Ok(true) }),
    }
}

impl Running {
    /// Has the engine start a command. To be carried through.
    pub(crate) fn start(
        subject: Subject,
        mut request: ExecRequest,
    ) -> impl Future<Output = Result<Self>> + Send + 'static {
        let began = Instant::now();
        // Counted now, and not when the background thread comes to it: a pool that is given the container back after
        // this waits for the command.
        let under_way = UnderWay::new(&subject.commands);
        async move {
            let mark = new_mark();
            request.env.push(format!("{}={mark}", seatrial_agent::VARIABLE));
            let (tty, size) = (request.tty, request.size);
            let (what, user) = (words::command(&request.cmd), request.user.clone());
            let exec = subject.create_exec(request).await?;
            let mut ender = Ender::armed(Command {
                subject: subject.clone(),
                exec: exec.clone(),
                mark,
                user,
                what,
                is_over: Arc::default(),
                _under_way: under_way,
            });
            let connection = subject.start_exec(&exec, tty, size).await.inspect_err(|error| {
                // A command that the engine refused does not run. After no answer it may run, now or later.
                if !error.is_unanswered() {
                    ender.disarm();
                }
            })?;
            let (reader, writer) = tokio::io::split(connection);
            let mode = if tty { Mode::Raw } else { Mode::Multiplexed };
            let output = Pieces::of_connection(reader, mode).while_present(Presence::of(&subject));
            Ok(Self { subject, exec, output, writer, mode, ender, began })
        }
    }

    /// Follows the command to its end: writes its input, passes its output to a sink, and asks for its exit code. If
    /// `stop` completes before, the command is ended with all that it has started.
    ///
    /// # Errors
    /// As [`Pieces::peek`]; the engine's own. Dropping the command ends it then.
    pub(crate) async fn follow<S>(
        &mut self,
        sink: &mut impl Sink,
        input: Input,
        ends_with: EndsWith,
        stop: impl Future<Output = S>,
    ) -> Result<Followed<S>> {
        let Self { subject, exec, output, writer, mode, ender, began } = self;
        let to_the_end = async {
            output.input_flag().store(!matches!(input, Input::None), Ordering::Relaxed);
            let reading = beside(output.read_to_end(sink), input.write_to(writer, *mode));
            let reading =
                async { reading.await.map_err(|error| error.with_phase("read a command's output")) };
            Ok::<_, Error>(match ends_with {
                EndsWith::Output => {
                    reading.await?;
                    ender.mark_over();
                    let elapsed = began.elapsed();
                    (exit(subject, exec).await?, elapsed)
                }
                EndsWith::Process => {
                    let exit = exit_of_process(subject, exec, reading).await?;
                    (exit, began.elapsed())
                }
            })
        };
        // Not constrained by the runtime's budget, which a flood of output uses up at every poll.
        let ended = match select(pin!(to_the_end), pin!(unconstrained(stop))).await {
            Either::Left((ended, _)) => Ok(ended?),
            Either::Right((why, _)) => Err(why),
        };
        match ended {
            Ok((exit, elapsed)) => {
                if ends_with == EndsWith::Process {
                    self.end_rest(exit, sink).await?;
                }
                self.ender.disarm();
                Ok(Followed::Exited { exit, elapsed })
            }
            Err(why) => Ok(Followed::Stopped { why, ended: self.end(sink).await }),
        }
    }

    /// Ends the command with all that it has started. Reads meanwhile, since unread output must not hold the end up.
    /// Returns `true` if it still ran.
    async fn end(&mut self, sink: &mut impl Sink) -> Result<bool> {
        let Self { output, ender, .. } = self;
        let reading = async {
            output.read_to_end(sink).await.ok();
        };
        let ended = beside(ender.end(), reading).await;
        // The end of the output arrives after the last output.
        output.read_rest(sink, REST).await.ok();
        ended
    }

    /// Ends the processes that a command has left running, and reads their output until then.
    async fn end_rest(&mut self, exit: Exit, sink: &mut impl Sink) -> Result<()> {
        // Where the agent can't be run, the processes run on.
        if !exit.never_ran
            && let Err(error) = self.ender.end_rest().await
        {
            tracing::debug!("the processes that a case left running could not be ended: {error}");
        }
        self.output.read_rest(sink, REST_OF_PROCESS).await
    }

    /// Returns the exit code of a command that was ended.
    ///
    /// # Errors
    /// The engine's own.
    pub(crate) async fn exit(&mut self) -> Result<Exit> {
        exit(&self.subject, &self.exec).await
    }
}

/// Completes when the time is up; never, if there is no limit.
pub(super) async fn deadline(limit: Option<Instant>) {
    match limit {
        Some(limit) => tokio::time::sleep_until(limit.into()).await,
        None => std::future::pending().await,
    }
}

/// Names the command in an engine's refusal to start it.
pub(super) fn name_refused(error: Error, what: &str) -> Error {
    if error.is_not_started() { error.with_part(format!("command {what}")) } else { error }
}

/// Returns the error of a command that the engine could not start: the reason is where the command's output would be.
pub(crate) fn not_started(what: &str, stdout: &[u8], stderr: &[u8]) -> Error {
    let said = [String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr)].concat();
    Error::new(Kind::NotStarted, format!("command {what} could not be started: {}", said.trim()))
}
