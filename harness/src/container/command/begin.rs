//! The beginning of a command: from here on something ends it.

use std::sync::Arc;

use super::commands::UnderWay;
use super::ender::{Ender, Target, new_mark};
use super::words;
use crate::container::Subject;
use crate::engine::{ExecRequest, Upgraded};
use crate::words::{Error, Kind, Result, caller_name};

/// A command that the engine was told to start.
pub(crate) struct Begun {
    pub(crate) connection: Upgraded,
    pub(crate) exec: String,
    pub(crate) ender: Ender,
}

/// Who asks, as a variable; to be called on the caller's own thread, which a test's name is taken from.
pub(crate) fn name_the_test(request: &mut ExecRequest) {
    request.env.insert(0, format!("SEATRIAL_TEST_NAME={}", caller_name()));
}

/// Has the engine start a command. To be carried through: whoever drops what comes of it ends the command.
pub(crate) fn begin(
    subject: Subject,
    request: ExecRequest,
) -> impl Future<Output = Result<Begun>> + Send + 'static {
    // Now, and not when the background thread comes to it: who gives the container back after this waits for it.
    let under_way = UnderWay::new(&subject.commands);
    begin_under_way(subject, request, under_way)
}

async fn begin_under_way(subject: Subject, mut request: ExecRequest, under_way: UnderWay) -> Result<Begun> {
    let mark = new_mark();
    request.env.push(format!("{}={mark}", seatrial_agent::VARIABLE));
    let (tty, size) = (request.tty, request.size);
    let (what, user) = (words::command(&request.cmd), request.user.clone());
    let exec = subject.create_exec(request).await?;
    let target = Target {
        subject: subject.clone(),
        exec: exec.clone(),
        mark,
        user,
        what,
        is_over: Arc::default(),
        _under_way: under_way,
    };
    let mut ender = Ender::armed(target);
    match subject.start_exec(&exec, tty, size).await {
        Ok(connection) => Ok(Begun { connection, exec, ender }),
        Err(error) => {
            // What the engine refused does not run; what it did not answer may run, or will.
            if !error.is_unanswered() {
                ender.disarm();
            }
            Err(error)
        }
    }
}

/// The error of a command that the engine could not start: it says why where the command's output would be.
pub(crate) fn not_started(what: &str, stdout: &[u8], stderr: &[u8]) -> Error {
    let said = [String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr)].concat();
    Error::new(Kind::NotStarted, format!("command {what} could not be started: {}", said.trim()))
}
