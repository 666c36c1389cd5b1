//! The search for the session's sidecar, until it is linked: each step looks at the engine and reacts to what is there.

use std::time::{Duration, Instant};

use seatrial_core::labels;

use super::birth::Birth;
use super::body::{PORT, TOKEN};
use super::lost::Lost;
use crate::base::Backoff;
use crate::engine::{Engine, Ports, SidecarInfo, Target};
use crate::session::Session;
use crate::session::reaper::guard::Linked;
use crate::session::reaper::link::{Address, Limits, Link, Unlinked};
use crate::words::{ContainerId, ContainerStatus, Error, Health, Kind, Port, Result};

/// The image of this version's reaper.
const IMAGE: &str = concat!("seatrial/reaper:", env!("CARGO_PKG_VERSION"));

/// The number of own sidecars that may end before one is linked. The first may have served others to its end; those
/// after it are followed closely, so that the error can tell the reason.
const ENDED_AT_MOST: u32 = 3;

/// The result of one step.
pub(super) enum Step {
    Linked(Linked),
    /// Something has changed: look again at once.
    Next,
    /// Nothing can be done now, for this reason: look again after a pause.
    Pause(String),
}

/// Links to the session's sidecar, which is created if need be. `lost` is the one that this process was linked to before.
///
/// # Errors
/// Reaper, if it could not be linked within the session's startup timeout, or never can be; the engine's own.
///
/// # Cancel safety
/// Dropping the future may leave a sidecar, which ends by itself if nobody links to it.
pub(in crate::session::reaper) async fn link(session: &Session, lost: Option<&Lost>) -> Result<Linked> {
    let began = Instant::now();
    let limit = session.config().startup_timeout.value;
    let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(500));
    let name = format!("reaper_{}", session.id());
    let mut search = Search { session, name, lost, born: None, ended: 0, has_replaced_silent: false };
    loop {
        let reason = match search.step().await {
            Ok(Step::Linked(linked)) => return Ok(linked),
            Ok(Step::Next) => continue,
            Ok(Step::Pause(reason)) => reason,
            Err(error) => return Err(search.give_up(error).await),
        };
        if began.elapsed() > limit {
            let error = search.error(format!("it could not be linked to: {reason}"));
            let error = error.with_elapsed(began.elapsed()).with_hint(format!(
                "read its log: `docker logs {}`; {}",
                search.name,
                search.image_hint()
            ));
            return Err(search.give_up(error).await);
        }
        crate::base::sleep(backoff.next()).await;
    }
}

/// One search.
pub(super) struct Search<'a> {
    pub(super) session: &'a Session,
    /// The container's name.
    pub(super) name: String,
    lost: Option<&'a Lost>,
    /// The sidecar that this search created last.
    pub(super) born: Option<Born>,
    /// The number of sidecars that this search created and that have ended.
    pub(super) ended: u32,
    /// `true` once a sidecar that never answered was removed: a second one like it is no accident.
    has_replaced_silent: bool,
}

/// A sidecar that this search created.
pub(super) struct Born {
    pub(super) id: ContainerId,
    /// From the second sidecar on.
    pub(super) birth: Option<Birth>,
}

impl Search<'_> {
    pub(super) fn engine(&self) -> &Engine {
        self.session.engine()
    }

    /// Returns a sidecar as the target of calls.
    pub(super) fn target(&self, id: &ContainerId) -> Target {
        Target::new(self.engine().clone(), id.clone(), &self.name)
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(Kind::Reaper, message.into()).with_subject(format!("reaper `{}`", self.name))
    }

    /// Returns the name of the image that new sidecars have.
    pub(super) fn image(&self) -> &str {
        self.session.config().reaper.image.as_ref().map_or(IMAGE, |image| &image.value)
    }

    fn image_hint(&self) -> String {
        let doubt = self.engine().host().doubt().map(|doubt| format!("{doubt}; or ")).unwrap_or_default();
        doubt
            + &format!(
                "check that image `{}` is a reaper's, or name another one with SEATRIAL_REAPER_IMAGE",
                self.image()
            )
    }

    /// Removes the sidecar that this search created and could not use: it would stay for ever.
    async fn give_up(&mut self, error: Error) -> Error {
        if let Some(Born { id, .. }) = self.born.take()
            && let Err(left) = self.target(&id).remove().await
            && !left.is_not_found()
        {
            tracing::warn!("{left}");
        }
        error
    }

    async fn step(&mut self) -> Result<Step> {
        let Some(found) = self.engine().look_for(&self.name).await? else {
            self.note_end(None).await?;
            return self.create().await;
        };
        let state = &found.info.state;
        match &state.status {
            ContainerStatus::Running => self.join(&found).await,
            ContainerStatus::Created => {
                self.check_session(&found)?;
                // Its creator starts it as well, unless it has died in between; a second start does no harm.
                self.start(&found.id).await?;
                Ok(Step::Next)
            }
            ContainerStatus::Exited | ContainerStatus::Dead => {
                self.note_end(Some(&found.id)).await?;
                self.remove(&found).await
            }
            ContainerStatus::Paused => {
                Ok(Step::Pause(format!("it is paused, and goes on with `docker unpause {}`", self.name)))
            }
            ContainerStatus::Restarting | ContainerStatus::Removing | ContainerStatus::Other(_) => {
                Ok(Step::Pause(format!("it is in state `{state}`")))
            }
        }
    }

    /// Links to a sidecar that runs, or replaces it if it does not work.
    async fn join(&mut self, found: &SidecarInfo) -> Result<Step> {
        self.check_session(found)?;
        if found.info.state.health == Health::Unhealthy {
            tracing::warn!("reaper `{}` is unhealthy, and is replaced", self.name);
            return self.remove(found).await;
        }
        let settings = &self.session.config().reaper;
        let lost = self.lost.filter(|lost| lost.is(&found.id));
        let unlinked = match self.address(found) {
            Ok(address) => {
                let limits = lost.map_or_else(Limits::default, |_| Lost::limits(settings));
                match Link::open(&address, &self.session.reaper_filter(), limits).await {
                    Ok(link) => {
                        return Ok(Step::Linked(Linked { link, sidecar: Some(found.id.clone()) }));
                    }
                    Err(Unlinked::Away(error)) => {
                        format!("{}:{} does not serve this process ({error})", address.host, address.port)
                    }
                    Err(Unlinked::Silent) => return self.silent(found).await,
                    Err(Unlinked::Stranger(answer)) => {
                        return Err(self.no_reaper(found, &format!("answered the filter with `{answer}`")));
                    }
                }
            }
            Err(error) => error.message().to_owned(),
        };
        if lost.is_some_and(|lost| lost.is_overdue(settings)) {
            tracing::warn!("reaper `{}` runs out of reach, and is replaced: {unlinked}", self.name);
            return self.remove(found).await;
        }
        Ok(Step::Pause(unlinked))
    }

    /// Replaces a sidecar that accepts connections and does not answer, once.
    async fn silent(&mut self, found: &SidecarInfo) -> Result<Step> {
        if self.has_replaced_silent {
            return Err(self.no_reaper(found, "accepted the connection and never acknowledged the filter"));
        }
        tracing::warn!("reaper `{}` never acknowledged the filter, and is replaced", self.name);
        self.has_replaced_silent = true;
        self.remove(found).await
    }

    /// Returns the error for a container that does what no reaper does.
    fn no_reaper(&self, found: &SidecarInfo, behaviour: &str) -> Error {
        self.error(format!("it {behaviour}, as no reaper does (image `{}`)", found.info.image)).with_hint(
            format!("{}; then remove the container: `docker rm -f {}`", self.image_hint(), self.name),
        )
    }

    fn address(&self, found: &SidecarInfo) -> Result<Address> {
        let ports = Ports::of(&found.info);
        let binding = ports.binding(Port::from(PORT))?;
        let any = matches!(binding.ip.as_str(), "" | "0.0.0.0" | "::");
        let host = if any { &self.engine().host().host } else { &binding.ip };
        // Ryuk would take the line for a filter, and refuse it.
        let token = found.label(labels::REAPER_PROTOCOL).and_then(|_| found.variable(TOKEN));
        Ok(Address { host: host.clone(), port: binding.port, token: token.map(str::to_owned) })
    }

    /// Removes a sidecar that does not work, so that its name is free. By its full id, and by force: it is killed first,
    /// so that it can't remove anything any more.
    async fn remove(&self, found: &SidecarInfo) -> Result<Step> {
        self.check_session(found)?;
        match self.target(&found.id).remove().await {
            Ok(()) => Ok(Step::Next),
            // Another process is removing it.
            Err(error) if error.is_not_found() || error.is_conflict() => {
                Ok(Step::Pause(error.message().to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that a sidecar of this search has ended. `found` is the ended container, if it is still there.
    async fn note_end(&mut self, found: Option<&ContainerId>) -> Result<()> {
        if self.born.as_ref().is_none_or(|born| found.is_some_and(|found| *found != born.id)) {
            return Ok(());
        }
        self.ended += 1;
        let birth = self.born.take().and_then(|born| born.birth);
        match birth {
            Some(birth) if self.ended >= ENDED_AT_MOST => {
                let words = birth.last_words().await;
                Err(self.error(format!("its container ends at once, {words}")).with_hint(format!(
                    "{}; if a container may not use the engine's socket `{}`, set \
                     TESTCONTAINERS_RYUK_CONTAINER_PRIVILEGED=true or SEATRIAL_REAPER=process",
                    self.image_hint(),
                    self.engine().sidecar_socket().display()
                )))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses a container that has the name by accident: it is left alone.
    fn check_session(&self, found: &SidecarInfo) -> Result<()> {
        if found.label(labels::SESSION) == Some(self.session.id().as_str()) {
            return Ok(());
        }
        Err(self
            .error(format!("a container has its name and is not of this session: {}", found.id.short()))
            .with_hint("remove or rename that container, or choose another session id"))
    }
}
