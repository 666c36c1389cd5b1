//! Named volumes that belong to a session, removed with their handle.

use std::fmt;

use bollard::models::VolumeCreateRequest;

use crate::base::{background, random_name};
use crate::engine::Resource;
use crate::session::{Creating, Owned, Session, Thing};
use crate::words::Result;

/// A named volume. Dropping it removes it, once no container uses it. It stays if a container that uses it is kept.
#[derive(Debug)]
#[must_use = "dropping this removes the volume"]
pub struct Volume {
    name: String,
    owned: Owned,
}

impl Volume {
    /// Creates a volume with a generated name, in the process's session.
    ///
    /// # Errors
    /// Those of the engine.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn create() -> Result<Self> {
        Self::create_in(&Session::current().await?).await
    }

    /// Creates a volume like [`create`](Self::create), in the given session.
    ///
    /// # Errors
    /// Those of the engine.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn create_in(session: &Session) -> Result<Self> {
        let session = session.clone();
        let keep = session.config().keep.value;
        let name = random_name("vol");
        let creating = Creating::begin(Resource::Volume, name.clone(), session.clone()).await?;
        // Carried through even if the caller is gone, so that a created volume is always owned.
        let creation = background().carry_through(async move {
            let labels = session.labels(keep).into_iter().chain(creating.labels()).collect();
            let request =
                VolumeCreateRequest { name: Some(name), labels: Some(labels), ..Default::default() };
            let answer = session.engine().create_volume(request).await;
            let name = answer.inspect_err(|error| {
                creating.fail(error, ());
            })?;
            let thing = Thing::Volume { name: name.clone(), session: session.id().to_string() };
            Ok(Self { name, owned: creating.own(thing, keep, ()) })
        });
        creation.await
    }

    /// Returns the volume's name, for [`ContainerRequest::volume`](crate::ContainerRequest::volume).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns `true` unless the volume was removed, as far as this process knows. The end of a session removes volumes
    /// whose handles still exist.
    pub(crate) fn is_owned(&self) -> bool {
        self.owned.is_live()
    }

    /// Removes the volume and waits for the removal. A volume that is gone already is a success.
    ///
    /// # Errors
    /// Leftover, if a container uses the volume for too long; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the removal continues.
    pub async fn remove(self) -> Result<()> {
        self.owned.remove().await
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "volume `{}`", self.name)
    }
}
