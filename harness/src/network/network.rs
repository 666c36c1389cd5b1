//! Networks that belong to a session, removed with their handle.

use std::fmt;

use bollard::models::NetworkCreateRequest;

use super::builder::{NetworkBuilder, add_labels};
use crate::base::background;
use crate::engine::Resource;
use crate::session::{Creating, Owned, Session, Thing};
use crate::words::Result;

/// A bridge network on which containers reach each other by name and alias. Dropping it removes it.
///
/// A network with containers is removed once they are gone. It stays if one of them is kept.
///
/// ```no_run
/// use seatrial::{ContainerRequest, Network};
///
/// # async fn example() -> seatrial::Result<()> {
/// let network = Network::create().await?;
/// let cache = ContainerRequest::new("redis:7").network_with_aliases(&network, ["cache"]).start().await?;
/// let ping = ContainerRequest::new("redis:7").cmd(["redis-cli", "-h", "cache", "PING"]).network(&network);
/// assert_eq!(ping.run().await?.stdout_text(), "PONG\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping this removes the network"]
pub struct Network {
    id: String,
    name: String,
    owned: Owned,
}

impl Network {
    /// Creates a builder, for a network with a subnet, a gateway, IPv6 or other options.
    pub fn builder() -> NetworkBuilder {
        NetworkBuilder::new()
    }

    /// Creates a network with a generated name, in the process's session.
    ///
    /// # Errors
    /// Those of the engine, for example if it has no address range left.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn create() -> Result<Self> {
        Self::create_in(&Session::current().await?).await
    }

    /// Creates a network like [`create`](Self::create), in the given session.
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn create_in(session: &Session) -> Result<Self> {
        Self::builder().session(session).create().await
    }

    /// Creates a network with the given name.
    ///
    /// # Errors
    /// Invalid, if the name is malformed; those of [`create`](Self::create).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn create_named(session: &Session, name: &str) -> Result<Self> {
        Self::builder().session(session).name(name).create().await
    }

    /// Creates an internal network, from which nothing outside is reachable, with a generated name.
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn create_internal(session: &Session) -> Result<Self> {
        Self::builder().session(session).internal().create().await
    }

    pub(super) async fn make(session: &Session, mut body: NetworkCreateRequest) -> Result<Self> {
        let (session, name) = (session.clone(), body.name.clone());
        let keep = session.config().keep.value;
        let creating = Creating::begin(Resource::Network, name.clone(), session.clone()).await?;
        // Carried through even if the caller is gone, so that a created network is always owned.
        let creation = background().carry_through(async move {
            add_labels(&mut body, session.labels(keep).into_iter().chain(creating.labels()));
            let answer = session.engine().create_network(body).await;
            let id = answer.inspect_err(|error| {
                creating.fail(error, ());
            })?;
            let of = session.id().to_string();
            let thing = Thing::Network { id: id.clone(), name: name.clone(), session: of };
            Ok(Self { id, name, owned: creating.own(thing, keep, ()) })
        });
        creation.await
    }

    /// Returns the network's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the network's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Removes the network and waits for the removal. A network that is gone already is a success.
    ///
    /// # Errors
    /// Leftover, if the network stays in use for too long; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the removal continues.
    pub async fn remove(self) -> Result<()> {
        self.owned.remove().await
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "network `{}`", self.name)
    }
}
