//! The reaper as a container: found by its name, made if there is none, replaced if it is of no use.
//!
//! All processes of a session use one, by a name that follows from the session. Who loses the race for the name uses
//! the winner's. Port and token are read from the container, so nobody has to be told them.

use std::time::{Duration, Instant};

use rand::RngExt;
use seatrial_core::{labels, ownership};

use super::birth::Birth;
use super::body::{self, Context, PORT, TOKEN};
use super::link::{Address, Link, Unlinked};
use super::stale;
use crate::background::background;
use crate::config::{Keep, PullPolicy};
use crate::container::{ContainerId, ContainerStatus, Health, Port, Ports};
use crate::engine::{Engine, SidecarInfo};
use crate::error::{Error, Kind, Result};
use crate::image::{self, ImageRef};
use crate::retry::Backoff;
use crate::session::Session;

/// Our own image, of this version.
const IMAGE: &str = concat!("seatrial/reaper:", env!("CARGO_PKG_VERSION"));

/// How many of our own may end before they served us. The first may have served others and have been done; those
/// after it are followed closely, so that the reason can be told.
const ENDED_AT_MOST: u32 = 3;

/// What one look at the sidecar came to.
enum Outcome {
    Linked(Link),
    /// Something was done about it: look again at once.
    Onwards,
    /// It is on its way, for this reason: look again after a pause.
    Pause(String),
}

/// Links to the session's sidecar, which is made if need be.
pub(super) async fn link(session: &Session) -> Result<Link> {
    let began = Instant::now();
    let patience = session.config().startup_timeout.value;
    let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(500));
    let name = format!("reaper_{}", session.id());
    let mut making = Making { session, name, born: None, ended: 0, has_replaced_silent: false };
    loop {
        let reason = match making.look().await {
            Ok(Outcome::Linked(link)) => return Ok(link),
            Ok(Outcome::Onwards) => continue,
            Ok(Outcome::Pause(reason)) => reason,
            Err(error) => return Err(making.give_up(error).await),
        };
        if began.elapsed() > patience {
            let error = making.error(format!("it could not be linked to: {reason}"));
            let error = error.with_elapsed(began.elapsed()).with_hint(format!(
                "see what it says: `docker logs {}`; {}",
                making.name,
                making.another_image()
            ));
            return Err(making.give_up(error).await);
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

struct Making<'a> {
    session: &'a Session,
    name: String,
    /// The one that we created last.
    born: Option<Born>,
    /// How many of those that we created have ended.
    ended: u32,
    /// Whether one that took the connection and said nothing was removed: another one like it is no accident.
    has_replaced_silent: bool,
}

struct Born {
    id: ContainerId,
    /// From the second on.
    birth: Option<Birth>,
}

impl Making<'_> {
    fn engine(&self) -> &Engine {
        self.session.engine()
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(Kind::Reaper, message.into()).with_subject(format!("reaper `{}`", self.name))
    }

    /// The image of those that we create, as it was named.
    fn image(&self) -> &str {
        self.session.config().reaper.image.as_ref().map_or(IMAGE, |image| &image.value)
    }

    fn another_image(&self) -> String {
        format!(
            "check that image `{}` is a reaper's, or name another one with SEATRIAL_REAPER_IMAGE",
            self.image()
        )
    }

    /// Removes what we created ourselves and could not use: it would be there for ever.
    async fn give_up(&mut self, error: Error) -> Error {
        if let Some(Born { id, .. }) = self.born.take()
            && let Err(left) = self.engine().remove_container(&id, &self.name).await
            && !left.is_not_found()
        {
            tracing::warn!("{left}");
        }
        error
    }

    async fn look(&mut self) -> Result<Outcome> {
        let Some(found) = self.engine().look_for(&self.name).await? else {
            self.bury(None).await?;
            return self.create().await;
        };
        let state = &found.info.state;
        match &state.status {
            ContainerStatus::Running => self.join(&found).await,
            ContainerStatus::Created => {
                self.check_is_ours(&found)?;
                // Who created it starts it as well, unless it has died in between: a second start does no harm.
                self.start(&found.id).await?;
                Ok(Outcome::Onwards)
            }
            ContainerStatus::Exited | ContainerStatus::Dead => {
                self.bury(Some(&found.id)).await?;
                self.remove(&found).await
            }
            ContainerStatus::Paused => {
                Ok(Outcome::Pause(format!("it is paused, and goes on with `docker unpause {}`", self.name)))
            }
            ContainerStatus::Restarting | ContainerStatus::Removing | ContainerStatus::Other(_) => {
                Ok(Outcome::Pause(format!("it is in state `{state}`")))
            }
        }
    }

    /// Links to one that runs.
    async fn join(&mut self, found: &SidecarInfo) -> Result<Outcome> {
        self.check_is_ours(found)?;
        if found.info.state.health == Health::Unhealthy {
            tracing::warn!("reaper `{}` is unhealthy, and replaced", self.name);
            return self.remove(found).await;
        }
        let address = match self.address(found) {
            Ok(address) => address,
            Err(error) => return Ok(Outcome::Pause(error.message().to_owned())),
        };
        let image = &found.info.image;
        let replace =
            format!("{}; then remove the container: `docker rm -f {}`", self.another_image(), self.name);
        match Link::open(&address, self.session.id()).await {
            Ok(link) => Ok(Outcome::Linked(link)),
            Err(Unlinked::Away(error)) => {
                Ok(Outcome::Pause(format!("{}:{} does not serve us ({error})", address.host, address.port)))
            }
            Err(Unlinked::Silent) if !self.has_replaced_silent => {
                tracing::warn!("reaper `{}` never acknowledged the filter, and is replaced", self.name);
                self.has_replaced_silent = true;
                self.remove(found).await
            }
            Err(Unlinked::Silent) => Err(self
                .error(format!("it took the connection and never acknowledged the filter (image `{image}`)"))
                .with_hint(replace)),
            Err(Unlinked::Stranger(answer)) => Err(self
                .error(format!("it answered the filter with `{answer}`, as no reaper does (image `{image}`)"))
                .with_hint(replace)),
        }
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

    async fn create(&mut self) -> Result<Outcome> {
        let config = self.session.config();
        let image =
            image::resolve(self.image(), config).map_err(|error| error.with_subject("the reaper's image"))?;
        let token = (labels::CREATION.to_owned(), random());
        let mark = ownership::mark(ownership::Kind::Container, &self.name);
        let labels = [self.session.labels(Keep::Never), vec![token, mark]].concat();
        let context = Context {
            image: image.as_given(),
            labels: &labels,
            socket: &self.engine().sidecar_socket().to_string_lossy(),
            publish_on: &self.engine().host().publish_on().to_string(),
            token: &random(),
            settings: &config.reaper,
        };
        let creation =
            self.engine().create_container(self.name.clone(), String::new(), body::body(&context)).await;
        match creation {
            Ok(id) => {
                let birth = match self.ended {
                    0 => None,
                    _ => Some(Birth::attend(self.engine(), &id, &self.name).await?),
                };
                self.born = Some(Born { id: id.clone(), birth });
                self.start(&id).await?;
                // Nobody waits for it.
                background().carry_through(stale::remove(self.engine().clone())).detach();
                Ok(Outcome::Onwards)
            }
            // Somebody else was first, or the name of an old one is not free yet.
            Err(error) if error.is_conflict() => Ok(Outcome::Pause(error.message().to_owned())),
            // It may be there all the same.
            Err(error) if error.is_unanswered() => Ok(Outcome::Pause(error.to_string())),
            Err(error) if image::is_missing(&error) => self.pull(&image, error).await,
            Err(error) if is_without_socket(&error) => Err(error.with_hint(
                "TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE names the engine's socket as the engine sees it; where it \
                 has none that can be mounted, SEATRIAL_REAPER=process runs the reaper on this machine",
            )),
            Err(error) => Err(error),
        }
    }

    async fn pull(&self, image: &ImageRef, missing: Error) -> Result<Outcome> {
        let hint = "build it with `cargo xtask images reaper` in Seatrial's repository, name another one with \
                    SEATRIAL_REAPER_IMAGE (`testcontainers/ryuk` will do), or go without: SEATRIAL_REAPER=off";
        let pulled = match self.session.config().pull.value {
            PullPolicy::Never => Err(image::missing(image, missing)),
            // The reaper of one version does not change: what is there is not pulled again.
            PullPolicy::Missing | PullPolicy::Always => image::pull(self.session, image, None, None).await,
        };
        pulled.map(|()| Outcome::Onwards).map_err(|error| error.with_own_hint(hint))
    }

    async fn start(&self, id: &ContainerId) -> Result<()> {
        match self.engine().start_container(id, &self.name).await {
            Ok(_) => Ok(()),
            // It has ended and is gone, or going: the next look tells.
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
            Err(error) => {
                // It would stay for ever: the engine removes by itself only what has run.
                if let Err(left) = self.engine().remove_container(id, &self.name).await {
                    tracing::warn!("{left}");
                }
                Err(error)
            }
        }
    }

    /// Removes one that is of no use, by its full id, so that its name is free.
    async fn remove(&self, found: &SidecarInfo) -> Result<Outcome> {
        self.check_is_ours(found)?;
        match self.engine().remove_container(&found.id, &self.name).await {
            Ok(()) => Ok(Outcome::Onwards),
            // Somebody else is at it.
            Err(error) if error.is_not_found() || error.is_conflict() => {
                Ok(Outcome::Pause(error.message().to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes note that one of ours has ended: `found` is the one that has, if there is one still.
    async fn bury(&mut self, found: Option<&ContainerId>) -> Result<()> {
        if self.born.as_ref().is_none_or(|born| found.is_some_and(|found| *found != born.id)) {
            return Ok(());
        }
        self.ended += 1;
        let birth = self.born.take().and_then(|born| born.birth);
        match birth {
            Some(birth) if self.ended >= ENDED_AT_MOST => {
                let words = birth.last_words().await;
                Err(self.error(format!("its container ends at once, {words}")).with_hint(format!(
                    "{}; if a container may not use the engine's socket `{}`, \
                     TESTCONTAINERS_RYUK_CONTAINER_PRIVILEGED=true and SEATRIAL_REAPER=process are ways around",
                    self.another_image(),
                    self.engine().sidecar_socket().display()
                )))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A container may have the name by accident, and is then left alone.
    fn check_is_ours(&self, found: &SidecarInfo) -> Result<()> {
        if found.label(labels::SESSION) == Some(self.session.id().as_str()) {
            return Ok(());
        }
        Err(self
            .error(format!("a container has its name and is not of this session: {}", found.id.short()))
            .with_hint("remove or rename that container, or choose another session id"))
    }
}

/// Returns 128 random bits in hexadecimal digits.
fn random() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

/// Whether the engine refused to mount its socket.
fn is_without_socket(error: &Error) -> bool {
    let text = error.message();
    text.contains("bind source path does not exist") || text.contains("invalid mount config")
}
