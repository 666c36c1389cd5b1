//! The agents of one container: one per user that cases are run by, started when the first needs it. That of the
//! container's user may be its main process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::agent::{Agent, PATH, Whom};
use super::super::ender::new_mark;
use super::link::Link;
use crate::base::background;
use crate::container::Subject;
use crate::engine::{ExecRequest, Upgraded};
use crate::words::{Error, Kind, Result, seconds};

/// How long an agent may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is known of a container's agents.
#[derive(Debug, Default)]
pub(in crate::container) struct Agents {
    /// By user. Written by who starts one, read by who runs cases; std's lock since no one awaits with it.
    known: Mutex<HashMap<Option<String>, Known>>,
    /// Held by who starts one.
    turn: tokio::sync::Mutex<()>,
    /// Whether the container's main process is one, and whether it was spoken to in this run of the container. Written
    /// by starts and by who connects; std's lock since no one awaits with it.
    main: Mutex<Main>,
}

/// What is known of the container's main process.
#[derive(Clone, Copy, Debug, Default)]
enum Main {
    #[default]
    Another,
    /// It is an agent; nobody has spoken to it.
    Agent,
    /// It is an agent; somebody was connected to it when the container had been restarted so many times. It takes no
    /// second connection in that run.
    Spoken(u64),
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

    /// The container's main process is an agent.
    pub(in super::super) fn are_by_main_process(&self) {
        *self.main() = Main::Agent;
    }

    /// Connects to the main process of a container that is created and not started.
    ///
    /// # Errors
    /// The engine's own.
    pub(in crate::container) async fn attach(subject: &Subject) -> Result<Upgraded> {
        subject.attach_with_input().await
    }

    /// Speaks to the main process, whose container is being started.
    ///
    /// # Errors
    /// Exec, if it ends, or is none of ours.
    pub(in crate::container) async fn open_main(subject: &Subject, connection: Upgraded) -> Result<()> {
        let epoch = subject.commands.epoch();
        let link = open(subject, None, epoch, connection).await?;
        let agents = &subject.commands.cases;
        *agents.main() = Main::Spoken(epoch);
        agents.note(None, Known::Agent(Arc::new(link)));
        Ok(())
    }

    fn main(&self) -> MutexGuard<'_, Main> {
        self.main.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, user: Option<String>, known: Known) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(user, known);
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
        agents.note(user.clone(), known.clone());
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
    if user.is_none()
        && let Some(link) = of_main_process(&subject, epoch).await
    {
        return Ok(link);
    }
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
    open(subject, Some(Whom { mark, user }), epoch, connection).await
}

/// The link to the main process of a container that was started again, if that is an agent that nobody spoke to.
async fn of_main_process(subject: &Subject, epoch: u64) -> Option<Link> {
    let agents = &subject.commands.cases;
    match *agents.main() {
        Main::Another => return None,
        Main::Spoken(at) if at == epoch => return None,
        Main::Agent | Main::Spoken(_) => {}
    }
    let name = &subject.name;
    let connecting = async {
        // Who is attached to a container that does not run waits for its start.
        if !subject.inspect().await?.state.is_running() {
            return Err(Error::new(Kind::Conflict, "the container does not run"));
        }
        open(subject, None, epoch, Agents::attach(subject).await?).await
    };
    match connecting.await {
        Ok(link) => {
            *agents.main() = Main::Spoken(epoch);
            Some(link)
        }
        Err(error) => {
            tracing::debug!(
                container = name,
                "the agent that is the main process can't be spoken to: {error}"
            );
            None
        }
    }
}

async fn open(subject: &Subject, whom: Option<Whom>, epoch: u64, connection: Upgraded) -> Result<Link> {
    let opening = Link::open(subject.clone(), whom, epoch, connection);
    tokio::time::timeout(PATIENCE, opening).await.unwrap_or_else(|_| {
        let message = format!("the agent in the container said nothing within {}", seconds(PATIENCE));
        Err(Error::new(Kind::Exec, message))
    })
}
