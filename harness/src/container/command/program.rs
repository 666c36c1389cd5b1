//! Our program, the agent, in a volume: put there once, and mounted read-only into any number of containers.
//!
//! A copy into a container costs tens of milliseconds, most of which the engine needs to mount the container's file
//! system; a volume that is there costs next to nothing.

use bollard::models::{Mount, MountType, MountVolumeOptions};
use seatrial_core::ownership::{self, Kind};
use tokio::sync::OnceCell;

use super::agent::{DIRECTORY, check_architecture, put_into_directory};
use crate::config::Keep;
use crate::container::{ContainerRequest, create};
use crate::session::Session;
use crate::volume::Volume;
use crate::words::Result;

/// A volume for the program. Dropping it removes the volume.
#[derive(Debug)]
pub(crate) struct ProgramVolume {
    volume: Volume,
    session: Session,
    /// Set by the first caller that fills the volume; others wait.
    filled: OnceCell<()>,
}

impl ProgramVolume {
    /// Creates an empty volume.
    ///
    /// # Errors
    /// Exec, if the program can't run on the engine's machine; the engine's own.
    pub(crate) async fn create(session: &Session) -> Result<Self> {
        check_architecture(session.engine())?;
        let volume = Volume::create_in(session).await?;
        Ok(Self { volume, session: session.clone(), filled: OnceCell::new() })
    }

    /// Returns `true` if containers of a session can use the volume.
    pub(crate) fn is_for(&self, session: &Session) -> bool {
        self.session.id() == session.id() && self.volume.is_owned()
    }

    /// Returns the volume as a read-only mount.
    pub(crate) fn mount(&self) -> Mount {
        Mount { read_only: Some(true), ..self.mount_to_write() }
    }

    /// Returns the volume as a mount for the container that fills it.
    pub(crate) fn mount_to_write(&self) -> Mount {
        // If the volume was removed, the engine creates one with these labels.
        let mark = ownership::mark(Kind::Volume, self.volume.name());
        let labels = self.session.labels(Keep::Never).into_iter().chain([mark]).collect();
        let options = MountVolumeOptions { no_copy: Some(true), labels: Some(labels), ..Default::default() };
        Mount {
            typ: Some(MountType::VOLUME),
            source: Some(self.volume.name().to_owned()),
            target: Some(DIRECTORY.to_owned()),
            volume_options: Some(options),
            ..Default::default()
        }
    }

    /// Copies the program into the volume, unless it is there, by a container that is never started.
    ///
    /// # Errors
    /// As a container's creation, and a copy into it.
    pub(crate) async fn fill(&self, carrier: ContainerRequest) -> Result<()> {
        let filling = self.filled.get_or_try_init(async || {
            // Dropping it removes the container in the background.
            let created = create(&carrier.session(&self.session)).await?;
            put_into_directory(&created.subject).await
        });
        filling.await.copied()
    }
}
