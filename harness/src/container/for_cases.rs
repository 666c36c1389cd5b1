//! The start of a container that exists for its cases. Its main process is our program, which is connected to from the
//! start. If that is impossible, `sleep infinity` keeps the container running instead.

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

/// The reason why a container was not started.
enum Failure {
    /// Our program can't be the main process.
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
            tracing::info!(
                "the main process of a container for cases is `sleep infinity`, since the agent can't be: {error}"
            );
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
    // Both run concurrently, so that the first container of a request starts as fast as if the program were copied into
    // it.
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
                // Awaited, since the next container may need this one's name and ports.
                created.owned.remove().await.map_err(Failure::Other)?;
                Err(Failure::Program(error))
            }
        }
    }
    .instrument(span)
    .await
}

/// Starts the container, and connects to its main process as soon as it runs.
async fn started(
    request: &ContainerRequest,
    created: &Created,
) -> Result<(Preparation, ContainerInfo), Failure> {
    created.span.record("phase", "start");
    let subject = &created.subject;
    subject.commands.mark_agent_as_main_process();
    let prepared =
        Preparation::before_start(request.wait_wanted(), subject, false).await.map_err(Failure::Other)?;
    let connection = Agents::attach(subject).await.map_err(Failure::Other)?;
    let starting = async { engine_start(created).await.map_err(Failure::of_start) };
    let speaking = async { Agents::open_main(subject, connection).await.map_err(Failure::of_program) };
    let (info, ()) = try_join(starting, speaking).await?;
    Ok((prepared, info))
}

impl Failure {
    fn of_start(error: Error) -> Self {
        // The engine's message names the program that could not be started.
        if error.to_string().contains(AGENT_PATH) { Self::Program(error) } else { Self::Other(error) }
    }

    /// An error of the engine is not retried without the program, since it would occur again.
    fn of_program(error: Error) -> Self {
        if error.is_unanswered() || error.is_engine_unreachable() {
            Self::Other(error)
        } else {
            Self::Program(error)
        }
    }
}
