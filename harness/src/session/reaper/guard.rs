//! The guard of a session: makes the link to the reaper at the first need and again when it breaks, and lets creations
//! wait for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use once_cell::sync::OnceCell;
use tokio::sync::watch;

use super::group::Group;
use super::link::Link;
use super::process;
use super::sidecar::{self, Lost};
use crate::base::{Backoff, Run, background, tell};
use crate::config::{ReaperChoice, Setting};
use crate::session::handle::WeakSession;
use crate::session::{Session, notice};
use crate::words::{ContainerId, Error, Kind, Result};

/// A session's link to its reaper.
pub(in crate::session) struct Guard {
    choice: Setting<ReaperChoice>,
    /// `true` if the user is told when there is no reaper: unless the session's builder chose to have none.
    warns: bool,
    /// Set at the first need.
    group: OnceCell<Group>,
    /// Written by the task that tends the link, and by those who ask for it; read by all creations.
    status: watch::Sender<Status>,
    /// The task that tends the link; set at the first need. Dropping it closes the link.
    task: Mutex<Option<Run<()>>>,
}

/// The state of the link.
#[derive(Clone, Debug, Default)]
struct Status {
    phase: Phase,
    /// The number of failures so far.
    failures: u64,
    /// The last failure.
    error: Option<Arc<Error>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nobody has asked for the link since the start, or since the last failure.
    #[default]
    Idle,
    /// The link is being made.
    Linking,
    /// The filter is acknowledged, and the connection is open.
    Linked,
}

/// A new link.
pub(super) struct Linked {
    pub(super) link: Link,
    /// The reaper's container, if it is one.
    pub(super) sidecar: Option<ContainerId>,
}

impl Guard {
    pub(in crate::session) fn new(choice: Setting<ReaperChoice>, warns: bool) -> Self {
        let (group, status) = (OnceCell::new(), watch::Sender::new(Status::default()));
        Self { choice, warns, group, status, task: Mutex::default() }
    }

    /// Returns `true` if the session is meant to have a reaper.
    pub(in crate::session) fn is_wanted(&self) -> bool {
        self.choice.value != ReaperChoice::Off
    }

    /// Returns `true` while a reaper is linked.
    pub(in crate::session) fn is_linked(&self) -> bool {
        self.status.borrow().phase == Phase::Linked
    }

    /// Returns the group of this process in its session.
    pub(in crate::session) fn group(&self, session: &Session) -> &Group {
        let endpoint = &session.engine().located().endpoint;
        self.group.get_or_init(|| Group::of(self.choice.value, session.id(), session.config(), endpoint))
    }

    /// Returns once the reaper removes what is created from now on. Costs one short lock while the link is up.
    ///
    /// # Errors
    /// Reaper, if the link can't be made. Not remembered: the next call tries again.
    ///
    /// # Cancel safety
    /// Dropping the future lets the link be made for the next caller.
    pub(in crate::session) async fn ready(&self, session: &Session) -> Result<()> {
        if !self.is_wanted() {
            self.warn(session);
            return Ok(());
        }
        if self.is_linked() {
            return Ok(());
        }
        let mut status = self.status.subscribe();
        let failures = self.request_link();
        self.tend(session);
        let settled = |status: &Status| status.phase == Phase::Linked || status.failures > failures;
        // The sender lives in the session, which the caller has.
        let status = status.wait_for(settled).await.expect("the guard holds the sender");
        match &status.error {
            Some(error) if status.phase != Phase::Linked => Err(Error::clone(error)),
            Some(_) | None => Ok(()),
        }
    }

    /// Requests the link, unless it is there or being made; returns the number of failures before.
    fn request_link(&self) -> u64 {
        self.status.send_if_modified(|status| {
            let is_idle = status.phase == Phase::Idle;
            if is_idle {
                status.phase = Phase::Linking;
            }
            is_idle
        });
        self.status.borrow().failures
    }

    /// Starts the task that tends the link, unless it runs.
    fn tend(&self, session: &Session) {
        let mut task = self.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        task.get_or_insert_with(|| {
            let (choice, status) = (self.choice.value, self.status.clone());
            background().run(Tender { session: session.downgrade(), choice, status }.work())
        });
    }

    /// Says once per session that nothing cleans up after a kill.
    fn warn(&self, session: &Session) {
        if self.warns {
            let source = &self.choice.source;
            notice::once(
                session,
                &format!(
                    "the reaper is off ({source}): what this session creates stays on the engine if it is killed"
                ),
            );
        }
    }
}

/// The task that makes the link and holds it.
struct Tender {
    /// Weak, so that the session's last handle ends the link.
    session: WeakSession,
    choice: ReaperChoice,
    status: watch::Sender<Status>,
}

impl Tender {
    async fn work(self) {
        let mut requests = self.status.subscribe();
        let mut outage: Option<Outage> = None;
        loop {
            // After a loss the link is made again without a request: there may be resources that depend on it.
            let pause = outage.as_mut().map_or(Duration::MAX, |outage| outage.backoff.next());
            let request = requests.wait_for(|status| status.phase == Phase::Linking);
            // A request, or the end of the pause without one: both are a reason to try.
            crate::base::timeout(pause, request).await.ok();
            let Some(session) = self.session.upgrade() else { return };
            self.enter(Phase::Linking);
            let made =
                make(self.choice, &session, outage.as_ref().and_then(|outage| outage.lost.as_ref())).await;
            drop(session);
            match made {
                Ok(Linked { link, sidecar }) => {
                    self.enter(Phase::Linked);
                    tracing::debug!("the link to the reaper is up");
                    link.until_lost().await;
                    tracing::warn!("the link to the reaper is lost, and is made again");
                    outage = Some(Outage::begin(sidecar.map(Lost::now)));
                    self.enter(Phase::Linking);
                }
                Err(error) => {
                    if let Some(outage) = &mut outage {
                        outage.report(&error);
                    }
                    self.fail(error);
                }
            }
        }
    }

    fn enter(&self, phase: Phase) {
        self.status.send_modify(|status| status.phase = phase);
    }

    /// Passes an error on to the creations that wait.
    fn fail(&self, error: Error) {
        let error = Some(Arc::new(error));
        self.status.send_modify(|status| {
            *status = Status { phase: Phase::Idle, failures: status.failures + 1, error };
        });
    }
}

/// The time from the loss of a link until there is one again.
struct Outage {
    backoff: Backoff,
    is_reported: bool,
    lost: Option<Lost>,
}

impl Outage {
    fn begin(lost: Option<Lost>) -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        Self { backoff, is_reported: false, lost }
    }

    /// Reports, once on stderr, that no reaper knows of what was created: there may be no call that could return the
    /// error.
    fn report(&mut self, error: &Error) {
        tracing::error!("{error:?}");
        if !self.is_reported {
            self.is_reported = true;
            tell(&format!("seatrial: the reaper was lost, and is tried again: {error:?}\n"));
        }
    }
}

/// Makes the link, with a reaper of the kind that was chosen.
async fn make(choice: ReaperChoice, session: &Session, lost: Option<&Lost>) -> Result<Linked> {
    let made = match choice {
        ReaperChoice::Sidecar => sidecar::link(session, lost).await,
        ReaperChoice::Process => process::link(session).await,
        ReaperChoice::Off => unreachable!("a session without a reaper asks for no link"),
    };
    made.map_err(|error| error.with_kind(Kind::Reaper).with_part("the session's reaper can't be had"))
}
