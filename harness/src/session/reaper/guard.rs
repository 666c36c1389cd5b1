//! Who keeps the link: makes it at the first need, makes it again when it breaks, and tells those who wait for it.

use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use tokio::sync::watch;

use super::link::Link;
use super::{process, sidecar};
use crate::base::{Backoff, Run, background};
use crate::config::{ReaperChoice, Setting};
use crate::session::cleaner::tell;
use crate::session::{Session, WeakSession};
use crate::words::{Error, Kind, Result};

/// A session's link to its reaper.
pub(in crate::session) struct Guard {
    choice: Setting<ReaperChoice>,
    /// Whether somebody who may not know has to be told that there is none.
    warns: bool,
    /// Written by the task that tends the link, and by who wants one; read by all who create something.
    status: watch::Sender<Status>,
    /// The task that tends the link: set once, at the first need. Dropping it closes the link.
    task: Mutex<Option<Run<()>>>,
}

/// How the link stands.
#[derive(Clone, Debug, Default)]
struct Status {
    stands: Stands,
    /// How often it could not be made, and why the last time.
    failures: u64,
    error: Option<Arc<Error>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stands {
    /// Nobody has asked for it, or not since it could not be made.
    #[default]
    Idle,
    /// It is being made.
    Trying,
    /// The filter is acknowledged, and the connection open.
    Up,
}

impl Guard {
    /// For a session with this choice; `warns` unless whoever made the session chose to have none.
    pub(in crate::session) fn new(choice: Setting<ReaperChoice>, warns: bool) -> Self {
        Self { choice, warns, status: watch::Sender::new(Status::default()), task: Mutex::default() }
    }

    /// Whether there is meant to be one.
    pub(in crate::session) fn is_wanted(&self) -> bool {
        self.choice.value != ReaperChoice::Off
    }

    /// Returns once what is created from now on is in the reaper's care. Costs a look at a lock while the link is up.
    ///
    /// # Errors
    /// If the link can't be made. Not remembered: the next call has it tried again.
    ///
    /// # Cancel safety
    /// Dropping the future lets the link be made for the next who asks.
    pub(in crate::session) async fn ready(&self, session: &Session) -> Result<()> {
        if !self.is_wanted() {
            self.warn();
            return Ok(());
        }
        if self.status.borrow().stands == Stands::Up {
            return Ok(());
        }
        let mut status = self.status.subscribe();
        let failures = self.want();
        self.tend(session);
        let settled = |status: &Status| status.stands == Stands::Up || status.failures > failures;
        // The sender lives in the session, which the caller has.
        let status = status.wait_for(settled).await.expect("the guard holds the sender");
        match &status.error {
            Some(error) if status.stands != Stands::Up => Err(Error::clone(error)),
            Some(_) | None => Ok(()),
        }
    }

    /// Asks for the link, unless it is there or being made; returns how often it could not be made before.
    fn want(&self) -> u64 {
        self.status.send_if_modified(|status| {
            let is_idle = status.stands == Stands::Idle;
            if is_idle {
                status.stands = Stands::Trying;
            }
            is_idle
        });
        self.status.borrow().failures
    }

    /// Has the link tended from now on.
    fn tend(&self, session: &Session) {
        let mut task = self.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        task.get_or_insert_with(|| {
            let tender = Tender {
                session: session.downgrade(),
                choice: self.choice.value,
                status: self.status.clone(),
            };
            background().run(tender.work())
        });
    }

    /// Says once per process that nobody cleans up after a kill.
    fn warn(&self) {
        static ONCE: Once = Once::new();
        if !self.warns {
            return;
        }
        ONCE.call_once(|| {
            let source = &self.choice.source;
            let text = format!(
                "the reaper is off ({source}): what this process creates stays on the engine if it is killed"
            );
            tracing::warn!("{text}");
            tell(&format!("seatrial: {text}\n"));
        });
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
        let mut wanted = self.status.subscribe();
        let mut outage: Option<Outage> = None;
        loop {
            // Once something was created, the link is made again without anybody asking for it.
            let pause = outage.as_mut().map_or(Duration::MAX, |outage| outage.backoff.next());
            let is_wanted = wanted.wait_for(|status| status.stands == Stands::Trying);
            // Nobody asked within the pause, or somebody did: it is tried in both cases.
            tokio::time::timeout(pause, is_wanted).await.ok();
            let Some(session) = self.session.upgrade() else { return };
            self.stand(Stands::Trying);
            let made = make(self.choice, &session).await;
            drop(session);
            match made {
                Ok(link) => {
                    self.stand(Stands::Up);
                    tracing::debug!("the link to the reaper is up");
                    link.until_lost().await;
                    tracing::warn!("the link to the reaper is lost, and made again");
                    outage = Some(Outage::begin());
                    self.stand(Stands::Trying);
                }
                Err(error) => {
                    if let Some(outage) = &mut outage {
                        outage.tell(&error);
                    }
                    self.fail(error);
                }
            }
        }
    }

    fn stand(&self, stands: Stands) {
        self.status.send_modify(|status| status.stands = stands);
    }

    /// Passes an error on to who waits.
    fn fail(&self, error: Error) {
        let error = Arc::new(error);
        self.status.send_modify(|status| {
            *status = Status { stands: Stands::Idle, failures: status.failures + 1, error: Some(error) };
        });
    }
}

/// The time in which a link that there was can't be made again.
struct Outage {
    backoff: Backoff,
    is_told: bool,
}

impl Outage {
    fn begin() -> Self {
        Self { backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(5)), is_told: false }
    }

    /// Says that what was created is in nobody's care: there may be no call that could return the error.
    fn tell(&mut self, error: &Error) {
        tracing::error!("{error:?}");
        if !self.is_told {
            self.is_told = true;
            tell(&format!("seatrial: the reaper was lost, and is tried again: {error:?}\n"));
        }
    }
}

/// Makes the link, with a reaper of the kind that was chosen.
async fn make(choice: ReaperChoice, session: &Session) -> Result<Link> {
    let made = match choice {
        ReaperChoice::Sidecar => sidecar::link(session).await,
        ReaperChoice::Process => process::link(session).await,
        ReaperChoice::Off => unreachable!("nobody asks for a link then"),
    };
    made.map_err(|error| error.with_kind(Kind::Reaper).with_part("the session's reaper can't be had"))
}
