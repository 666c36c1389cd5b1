//! The exit code of a command. No engine has an event for a command's end, so the engine is polled.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use crate::base::Backoff;
use crate::engine::{ExecState, Target};
use crate::words::{Error, Kind, Result};

/// The limit for an engine to tell the exit code of a command that does not run.
const CODE: Duration = Duration::from_secs(5);
/// The longest pause between two requests.
const PAUSE: Duration = Duration::from_millis(250);

/// The exit of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) code: i64,
    /// `true` if the engine has not started a process for it; its output is the engine's reason then.
    pub(crate) never_ran: bool,
}

impl Exit {
    pub(super) fn of(state: &ExecState) -> Option<Self> {
        let code = state.ended()?;
        // An engine's own codes for it; a command that ran may end with them too.
        Some(Self { code, never_ran: state.never_ran && matches!(code, 126 | 127) })
    }
}

/// Returns the exit code of a command whose output has ended.
///
/// One request is nearly always enough. An engine may record the exit code a moment later, and a command can close its
/// output and run on.
pub(crate) async fn exit(target: &Target, exec: &str) -> Result<Exit> {
    poll(target, exec, Duration::from_millis(1), CODE).await
}

/// Returns the exit code of a command's first process. Reads the output meanwhile, which may end before or after it.
pub(super) async fn exit_of_process(
    target: &Target,
    exec: &str,
    reading: impl Future<Output = Result<()>>,
) -> Result<Exit> {
    // Without a limit: an engine may take its time to start a process.
    let polling = poll(target, exec, Duration::from_millis(20), Duration::MAX);
    match select(pin!(reading), pin!(polling)).await {
        Either::Left((read, _)) => {
            read?;
            exit(target, exec).await
        }
        Either::Right((exit, _)) => exit,
    }
}

/// Polls the engine, from a first pause on. Fails if the command does not run for so long and there is no exit code.
async fn poll(target: &Target, exec: &str, pause: Duration, limit: Duration) -> Result<Exit> {
    let (mut backoff, mut silent_since) = (Backoff::new(pause, PAUSE), None);
    loop {
        let state = target.inspect_exec(exec).await?;
        if let Some(exit) = Exit::of(&state) {
            return Ok(exit);
        }
        if state.running {
            silent_since = None;
        } else if silent_since.get_or_insert_with(Instant::now).elapsed() > limit {
            let message = "the engine does not report the exit code of a command that has ended";
            return Err(Error::new(Kind::Exec, message).with_subject(format!("container `{}`", target.name)));
        }
        crate::base::sleep(backoff.next()).await;
    }
}
