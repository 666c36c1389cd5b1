//! Named volumes of a session: made here, removed with their handle.

use std::fmt;

use bollard::models::VolumeCreateRequest;

use crate::base::background;
use crate::engine::Resource;
use crate::session::{Creating, Owned, Session, Thing, cleaner};
use crate::words::{Result, random_name};

/// A named volume; dropping it removes it, once no container uses it. It stays if one that uses it was kept.
#[derive(Debug)]
#[must_use = "dropping this removes the volume"]
pub struct Volume {
    name: String,
    owned: Owned,
}

impl Volume {
    /// Creates a volume with a name that nobody else has, in the process's session.
    ///
    /// # Errors
    /// The engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn create() -> Result<Self> {
        Self::create_in(&Session::current().await?).await
    }

    /// As [`create`](Self::create), in a session of your choice.
    ///
    /// # Errors
    /// The engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn create_in(session: &Session) -> Result<Self> {
        let session = session.clone();
        let keep = session.config().keep.value;
        let name = random_name("vol");
        let creating = Creating::begin(Resource::Volume, name.clone(), session.clone()).await?;
        // Carried to its end even if the caller is gone: what is created is owned.
        let creation = background().carry_through(async move {
            let labels = session.labels(keep).into_iter().chain(creating.labels()).collect();
            let request =
                VolumeCreateRequest { name: Some(name), labels: Some(labels), ..Default::default() };
            let answer = session.engine().create_volume(request).await;
            let name = answer.inspect_err(|error| {
                creating.fail(error, ());
            })?;
            let thing = Thing::Volume { name: name.clone(), session: session.id().to_string() };
            Ok(Self { name, owned: cleaner().own(session, thing, keep, ()) })
        });
        creation.await
    }

    /// Its name, for [`ContainerRequest::volume`](crate::ContainerRequest::volume).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is there, as far as this process knows: the end of a session removes what others still hold.
    pub(crate) fn is_owned(&self) -> bool {
        self.owned.is_live()
    }

    /// Removes it, waits, and reports. One that is gone already is a success.
    ///
    /// # Errors
    /// Leftover, if a container uses it for long; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future lets the removal go on.
    pub async fn remove(self) -> Result<()> {
        self.owned.remove().await
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "volume `{}`", self.name)
    }
}
