//! The agents of one container: one per user that cases are run by, started when the first needs it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::agent::{Agent, PATH, Whom};
use super::super::ender::new_mark;
use super::link::Link;
use crate::background::background;
use crate::engine::ExecRequest;
use crate::error::{Error, Kind, Result};
use crate::report::seconds;
use crate::wait::Subject;

/// How long an agent may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is known of a container's agents.
#[derive(Debug, Default)]
pub(in super::super) struct Agents {
    /// By user. Written by who starts one, read by who runs cases; std's lock since no one awaits with it.
    known: Mutex<HashMap<Option<String>, Known>>,
    /// Held by who starts one.
    turn: tokio::sync::Mutex<()>,
}

/// How cases of a user are run.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Agent(Arc<Link>),
    /// There can't be an agent, for this reason, for as long as the container is not restarted so many times.
    Exec(String, u64),
}

impl Agents {
    /// How cases of a user are run, as far as it is known.
    pub(super) fn known(&self, subject: &Subject, user: &Option<String>) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(user).filter(|known| known.is_good(subject)).cloned()
    }

    /// How cases of a user are run: starts an agent if there is none.
    ///
    /// # Errors
    /// If the container does not run, or the engine does not answer.
    pub(super) async fn get(subject: &Subject, user: &Option<String>) -> Result<Known> {
        let agents = &subject.commands.cases;
        if let Some(known) = agents.known(subject, user) {
            return Ok(known);
        }
        let _turn = agents.turn.lock().await;
        if let Some(known) = agents.known(subject, user) {
            return Ok(known);
        }
        let epoch = subject.commands.epoch();
        let starting = background().carry_through(start(subject.clone(), user.clone(), epoch));
        let known = match starting.await {
            Ok(link) => Known::Agent(Arc::new(link)),
            Err(error) if is_in_the_way(&error) => {
                tracing::info!(container = subject.name, "cases go by the engine's exec: {error}");
                Known::Exec(error.message().to_owned(), epoch)
            }
            Err(error) => return Err(error),
        };
        agents.known.lock().unwrap_or_else(PoisonError::into_inner).insert(user.clone(), known.clone());
        Ok(known)
    }
}

impl Known {
    fn is_good(&self, subject: &Subject) -> bool {
        match self {
            Self::Agent(link) => !link.is_lost(subject.commands.epoch()),
            Self::Exec(_, epoch) => *epoch == subject.commands.epoch(),
        }
    }
}

/// Whether it is the program that can't be there; else commands by the engine would fail as well.
fn is_in_the_way(error: &Error) -> bool {
    let is_gone = error.is_conflict() || error.is_not_found();
    !is_gone && !error.is_unanswered() && !error.is_engine_unreachable()
}

async fn start(subject: Subject, user: Option<String>, epoch: u64) -> Result<Link> {
    Agent::ensure_there(&subject).await?;
    match start_once(&subject, user.clone(), epoch).await {
        // Somebody may have removed it.
        Err(error) if error.is_exec() => {
            tracing::debug!(container = subject.name, "the agent did not start at first: {error}");
            Agent::copy_again(&subject).await?;
            start_once(&subject, user, epoch).await
        }
        other => other,
    }
}

async fn start_once(subject: &Subject, user: Option<String>, epoch: u64) -> Result<Link> {
    let Subject { engine, id, name, .. } = subject;
    let mark = new_mark();
    let request = ExecRequest {
        cmd: [PATH, "serve"].map(str::to_owned).to_vec(),
        env: vec![format!("{}={mark}", seatrial_agent::VARIABLE)],
        user: user.clone(),
        stdin: true,
        ..ExecRequest::default()
    };
    let exec = engine.create_exec(id, name, request).await?;
    let connection = engine.start_exec(&exec, name, false, None).await?;
    let opening = Link::open(subject.clone(), Whom { mark, user }, epoch, connection);
    tokio::time::timeout(PATIENCE, opening).await.unwrap_or_else(|_| {
        let message = format!("the agent in the container said nothing within {}", seconds(PATIENCE));
        Err(Error::new(Kind::Exec, message))
    })
}
