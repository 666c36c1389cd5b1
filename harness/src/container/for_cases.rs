//! The start of a container that exists for its cases: its main process is our program, which is spoken to from its
//! first moment on. Where that can't be, another process keeps the container running.

use futures_util::future::{join, try_join};
use tracing::Instrument;

use super::TestContainer;
use super::command::{AGENT_PATH, Agents};
use super::request::{ContainerRequest, ForCases};
use super::start::{Created, create, engine_start, ready, start_plainly};
use crate::engine::ContainerInfo;
use crate::session::Session;
use crate::wait::Preparation;
use crate::words::{Error, Result};

/// Why a container was not started.
enum Failure {
    /// It is our program that can't be the main process.
    Program(Error),
    Other(Error),
}

/// Starts the container and waits until it is ready.
pub(super) async fn start(request: &ContainerRequest, for_cases: &ForCases) -> Result<TestContainer> {
    request.check_for_cases()?;
    match with_program(request, for_cases).await {
        Ok(container) => Ok(container),
        Err(Failure::Other(error)) => Err(error),
        Err(Failure::Program(error)) => {
            tracing::info!("`sleep infinity` keeps a container for cases running, not the agent: {error}");
            start_plainly(&request.clone().kept_running_by_sleep()).await
        }
    }
}

async fn with_program(request: &ContainerRequest, for_cases: &ForCases) -> Result<TestContainer, Failure> {
    let session = match request.session_wanted() {
        Some(session) => session.clone(),
        None => Session::current().await.map_err(Failure::Other)?,
    };
    let program = for_cases.program(&session).await.map_err(Failure::of_program)?;
    let carrier = request.carrier(program.clone());
    let request = request.clone().kept_running_by(program.clone());
    // Beside each other: the first of a request's containers costs no more than one into which the program is copied.
    let (created, filled) = join(create(&request), program.fill(carrier)).await;
    let created = created.map_err(Failure::Other)?;
    let span = created.span.clone();
    async {
        let started = match filled {
            Ok(()) => started(&request, &created).await,
            Err(error) => Err(Failure::of_program(error)),
        };
        match started {
            Ok((prepared, info)) => ready(&request, created, prepared, &info).await.map_err(Failure::Other),
            Err(Failure::Other(error)) => Err(Failure::Other(created.fail(error))),
            Err(Failure::Program(error)) => {
                // Waited for: the next one may need its name and its ports.
                created.owned.remove().await.map_err(Failure::Other)?;
                Err(Failure::Program(error))
            }
        }
    }
    .instrument(span)
    .await
}

/// Starts the container, and speaks to its main process as soon as that is there.
async fn started(
    request: &ContainerRequest,
    created: &Created,
) -> Result<(Preparation, ContainerInfo), Failure> {
    created.span.record("phase", "start");
    let subject = &created.subject;
    subject.commands.are_by_main_process();
    let prepared = Preparation::before_start(request.wait_wanted(), subject).await.map_err(Failure::Other)?;
    let connection = Agents::attach(subject).await.map_err(Failure::Other)?;
    let starting = async { engine_start(created).await.map_err(Failure::of_start) };
    let speaking = async { Agents::open_main(subject, connection).await.map_err(Failure::of_program) };
    let (info, ()) = try_join(starting, speaking).await?;
    Ok((prepared, info))
}

impl Failure {
    fn of_start(error: Error) -> Self {
        // The engine names the program that it could not start.
        if error.to_string().contains(AGENT_PATH) { Self::Program(error) } else { Self::Other(error) }
    }

    /// What is wrong with the engine is wrong with any other way, too.
    fn of_program(error: Error) -> Self {
        if error.is_unanswered() || error.is_engine_unreachable() {
            Self::Other(error)
        } else {
            Self::Program(error)
        }
    }
}
