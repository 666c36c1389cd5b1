//! A command's exit code, asked for once its output has ended.

use std::time::{Duration, Instant};

use crate::base::Backoff;
use crate::engine::{ExecState, Target};
use crate::words::{Error, Kind, Result};

/// How long an engine may take to tell the exit code of a command that does not run.
const CODE: Duration = Duration::from_secs(5);

/// How a command ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) code: i64,
    /// It never began, for what the engine says is an error of its own.
    pub(crate) never_ran: bool,
}

impl Exit {
    pub(super) fn of(state: &ExecState) -> Option<Self> {
        let code = state.ended()?;
        // An engine's own codes for it; a command that ran may end with them too.
        Some(Self { code, never_ran: state.never_ran && matches!(code, 126 | 127) })
    }
}

/// Asks how a command ended whose output has.
///
/// One question is enough nearly always. The engine may write the exit code down a moment later, and a command can close
/// its output and run on; no engine tells of its end then, so that is asked for.
pub(crate) async fn exit(target: &Target, exec: &str) -> Result<Exit> {
    let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(250));
    let mut silent_since = None;
    loop {
        let state = target.inspect_exec(exec).await?;
        if let Some(exit) = Exit::of(&state) {
            return Ok(exit);
        }
        if state.running {
            silent_since = None;
        } else if silent_since.get_or_insert_with(Instant::now).elapsed() > CODE {
            return Err(Error::new(Kind::Exec, "the engine does not tell how a command ended")
                .with_subject(format!("container `{}`", target.name)));
        }
        tokio::time::sleep(backoff.next()).await;
    }
}
