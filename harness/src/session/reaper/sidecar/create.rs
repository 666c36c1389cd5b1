//! The creation and the start of a sidecar.

use rand::RngExt;
use seatrial_core::labels;
use seatrial_core::ownership::{self, Kind};

use super::birth::Birth;
use super::body::{self, Context};
use super::search::{Born, Search, Step};
use super::stale;
use crate::base::background;
use crate::config::{Keep, PullPolicy};
use crate::image::{self, ImageRef};
use crate::pulling::pull;
use crate::words::{ContainerId, Error, Result};

impl Search<'_> {
    /// Creates a sidecar and starts it, unless another process is faster.
    pub(super) async fn create(&mut self) -> Result<Step> {
        let config = self.session.config();
        let image =
            image::resolve(self.image(), config).map_err(|error| error.with_subject("the reaper's image"))?;
        let token = (labels::CREATION.to_owned(), random());
        let mark = ownership::mark(Kind::Container, &self.name);
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
            Ok(id) => self.created(id).await,
            // Another process was faster, or the name of an old sidecar is not free yet.
            Err(error) if error.is_conflict() => Ok(Step::Pause(error.message().to_owned())),
            // The engine may have created it all the same.
            Err(error) if error.is_unanswered() => Ok(Step::Pause(error.to_string())),
            Err(error) if image::is_missing(&error) => self.pull(&image, error).await,
            Err(error) if is_without_socket(&error) => Err(error.with_hint(
                "set TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE to the path of the engine's socket on the engine's \
                 machine; if it has none that can be mounted, SEATRIAL_REAPER=process runs the reaper on this machine",
            )),
            Err(error) => Err(error),
        }
    }

    async fn created(&mut self, id: ContainerId) -> Result<Step> {
        let birth = match self.ended {
            0 => None,
            _ => Some(Birth::attend(&self.target(&id)).await?),
        };
        self.born = Some(Born { id: id.clone(), birth });
        self.start(&id).await?;
        // In the background: nothing here depends on it.
        background().carry_through(stale::remove(self.engine().clone())).detach();
        Ok(Step::Next)
    }

    async fn pull(&self, image: &ImageRef, missing: Error) -> Result<Step> {
        let hint = "build it with `cargo xtask images reaper` in Seatrial's repository, name another one with \
                    SEATRIAL_REAPER_IMAGE (`testcontainers/ryuk` will do), or go without: SEATRIAL_REAPER=off";
        let pulled = match self.session.config().pull.value {
            PullPolicy::Never => Err(image::missing(image, missing)),
            // The reaper of one version does not change, so an image that is there is not pulled again.
            PullPolicy::Missing | PullPolicy::Always => {
                pull(self.session.engine(), self.session.config(), image).await
            }
        };
        pulled.map(|()| Step::Next).map_err(|error| error.with_own_hint(hint))
    }

    pub(super) async fn start(&self, id: &ContainerId) -> Result<()> {
        match self.target(id).start().await {
            Ok(_) => Ok(()),
            // It has ended and is gone, or is going: the next step finds out.
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
            Err(error) => {
                // It would stay for ever: the engine removes by itself only what has run.
                if let Err(left) = self.target(id).remove().await {
                    tracing::warn!("{left}");
                }
                Err(error)
            }
        }
    }
}

/// Returns 128 random bits as hexadecimal digits.
fn random() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

/// Returns `true` if the engine refused to mount its socket.
fn is_without_socket(error: &Error) -> bool {
    let text = error.message();
    text.contains("bind source path does not exist") || text.contains("invalid mount config")
}
