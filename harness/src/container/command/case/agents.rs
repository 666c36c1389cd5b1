//! The agents of one container: one per user of its cases, started by the user's first case. The agent of the
//! container's own user may be its main process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::agent::{Agent, Marked, PATH};
use super::super::ender::new_mark;
use super::link::Link;
use crate::base::background;
use crate::container::Subject;
use crate::engine::{ExecRequest, Upgraded};
use crate::words::{Error, Kind, Result, seconds};

/// The limit for an agent's greeting.
const PATIENCE: Duration = Duration::from_secs(20);

/// The agents of a container.
#[derive(Debug, Default)]
pub(in crate::container) struct Agents {
    /// The way for each user's cases. Written by the caller that starts an agent, read by callers that run cases; std's
    /// lock, since nothing is awaited with it.
    routes: Mutex<HashMap<Option<String>, Route>>,
    /// Held by the caller that starts an agent.
    turn: tokio::sync::Mutex<()>,
    /// The state of the container's main process. Written by starts and by the caller that connects; std's lock, since
    /// nothing is awaited with it.
    main: Mutex<Main>,
}

/// The container's main process.
#[derive(Clone, Copy, Debug, Default)]
enum Main {
    #[default]
    NotAgent,
    /// An agent without a connection.
    Agent,
    /// An agent that had a connection after this number of restarts. It takes no second one in that run of the
    /// container.
    Connected(u64),
}

/// The way that a user's cases take into the container.
#[derive(Clone, Debug)]
pub(super) enum Route {
    Agent(Arc<Link>),
    /// The engine's exec, for this reason, until the container's number of restarts is another.
    Exec(String, u64),
}

impl Agents {
    /// Returns the way for a user's cases, if one was found and still exists.
    pub(super) fn known(&self, subject: &Subject, user: &Option<String>) -> Option<Route> {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        routes.get(user).filter(|route| route.is_open(subject)).cloned()
    }

    /// Notes that the container's main process is an agent.
    pub(in super::super) fn mark_main_process(&self) {
        *self.main() = Main::Agent;
    }

    /// Connects to the main process of a container that is created and not started.
    ///
    /// # Errors
    /// The engine's own.
    pub(in crate::container) async fn attach(subject: &Subject) -> Result<Upgraded> {
        subject.attach_with_input().await
    }

    /// Greets the main process of a container that is being started.
    ///
    /// # Errors
    /// Exec, if it ends, or is no agent.
    pub(in crate::container) async fn open_main(subject: &Subject, connection: Upgraded) -> Result<()> {
        let epoch = subject.commands.epoch();
        let link = open(subject, None, epoch, connection).await?;
        let agents = &subject.commands.cases;
        *agents.main() = Main::Connected(epoch);
        agents.note(None, Route::Agent(Arc::new(link)));
        Ok(())
    }

    fn main(&self) -> MutexGuard<'_, Main> {
        self.main.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, user: Option<String>, route: Route) {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner).insert(user, route);
    }

    /// Returns the way for a user's cases; starts an agent if there is none.
    ///
    /// # Errors
    /// Conflict, if the container does not run; the engine's own.
    pub(super) async fn get(subject: &Subject, user: &Option<String>) -> Result<Route> {
        let agents = &subject.commands.cases;
        if let Some(route) = agents.known(subject, user) {
            return Ok(route);
        }
        let _turn = agents.turn.lock().await;
        if let Some(route) = agents.known(subject, user) {
            return Ok(route);
        }
        let epoch = subject.commands.epoch();
        let starting = background().carry_through(start(subject.clone(), user.clone(), epoch));
        let route = match starting.await {
            Ok(link) => Route::Agent(Arc::new(link)),
            Err(error) if is_in_the_way(&error) => {
                tracing::info!(container = subject.name, "cases go by the engine's exec: {error}");
                Route::Exec(error.message().to_owned(), epoch)
            }
            Err(error) => return Err(error),
        };
        agents.note(user.clone(), route.clone());
        Ok(route)
    }
}

impl Route {
    fn is_open(&self, subject: &Subject) -> bool {
        match self {
            Self::Agent(link) => !link.is_lost(subject.commands.epoch()),
            Self::Exec(_, epoch) => *epoch == subject.commands.epoch(),
        }
    }
}

/// Returns `true` if only the program can't be in the container; else the engine's own commands would fail as well.
fn is_in_the_way(error: &Error) -> bool {
    let is_gone = error.is_conflict() || error.is_not_found();
    !is_gone && !error.is_unanswered() && !error.is_engine_unreachable()
}

async fn start(subject: Subject, user: Option<String>, epoch: u64) -> Result<Link> {
    if user.is_none()
        && let Some(link) = of_main_process(&subject, epoch).await
    {
        return Ok(link);
    }
    Agent::ensure_there(&subject).await?;
    match start_once(&subject, user.clone(), epoch).await {
        // The program may have been removed.
        Err(error) if error.is_exec() => {
            tracing::debug!(container = subject.name, "the agent did not start at first: {error}");
            Agent::copy_again(&subject).await?;
            start_once(&subject, user, epoch).await
        }
        other => other,
    }
}

async fn start_once(subject: &Subject, user: Option<String>, epoch: u64) -> Result<Link> {
    let mark = new_mark();
    let request = ExecRequest {
        cmd: [PATH, "serve"].map(str::to_owned).to_vec(),
        env: vec![format!("{}={mark}", seatrial_agent::VARIABLE)],
        user: user.clone(),
        stdin: true,
        ..ExecRequest::default()
    };
    let exec = subject.create_exec(request).await?;
    let connection = subject.start_exec(&exec, false, None).await?;
    open(subject, Some(Marked { mark, user }), epoch, connection).await
}

/// Returns the connection to the main process of a container that was started again, if that is an agent without one.
async fn of_main_process(subject: &Subject, epoch: u64) -> Option<Link> {
    let agents = &subject.commands.cases;
    match *agents.main() {
        Main::NotAgent => return None,
        Main::Connected(at) if at == epoch => return None,
        Main::Agent | Main::Connected(_) => {}
    }
    let name = &subject.name;
    let connecting = async {
        // An attached connection to a container that does not run would wait for its start.
        if !subject.inspect().await?.state.is_running() {
            return Err(Error::new(Kind::Conflict, "the container does not run"));
        }
        open(subject, None, epoch, Agents::attach(subject).await?).await
    };
    match connecting.await {
        Ok(link) => {
            *agents.main() = Main::Connected(epoch);
            Some(link)
        }
        Err(error) => {
            tracing::debug!(container = name, "the agent that is the main process can't be reached: {error}");
            None
        }
    }
}

async fn open(subject: &Subject, marked: Option<Marked>, epoch: u64, connection: Upgraded) -> Result<Link> {
    let opening = Link::open(subject.clone(), marked, epoch, connection);
    crate::base::timeout(PATIENCE, opening).await.unwrap_or_else(|_| {
        let message = format!("the agent in the container sent no greeting within {}", seconds(PATIENCE));
        Err(Error::new(Kind::Exec, message))
    })
}
