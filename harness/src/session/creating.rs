//! A creation under way: announced before the engine is asked, so that its resource is owned in every case.

use std::sync::Arc;

use rand::RngExt;
use seatrial_core::{labels, ownership};

use super::Session;
use super::cleaner::cleaner;
use super::estate::Estate;
use super::owned::Owned;
use super::thing::Thing;
use crate::base::TestScope;
use crate::config::Keep;
use crate::engine::Resource;
use crate::words::{Error, Result};

/// An announced creation. The end of the process waits until it is dropped.
#[must_use = "the creation counts as under way only while this lives"]
pub(crate) struct Creating {
    key: u64,
    kind: Resource,
    name: String,
    session: Session,
    /// A random token, different for each creation.
    token: String,
    /// The test that the creation was begun in.
    test: Option<Arc<TestScope>>,
}

impl Creating {
    /// Announces a creation, once the session's reaper would remove its resource.
    ///
    /// # Errors
    /// Reaper, if there is none and none can be made; conflict, at the end of the process: a resource created now would
    /// be left behind.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub(crate) async fn begin(kind: Resource, name: String, session: Session) -> Result<Self> {
        session.guarded().await?;
        let key = cleaner().announce(format!("{kind} `{name}`"), session.clone())?;
        let token = format!("{:032x}", rand::rng().random::<u128>());
        Ok(Self { key, kind, name, session, token, test: TestScope::current() })
    }

    /// Returns the labels, as (key, value) pairs, that the resource must be created with. They tell it from a copy of
    /// it; see [`ownership`].
    pub(crate) fn labels(&self) -> [(String, String); 2] {
        let token = (labels::CREATION.to_owned(), self.token.clone());
        [token, ownership::mark(self.kind.into(), &self.name)]
    }

    /// Takes the resource into ownership, with all that goes with it. `keep` says when it stays at the drop of its owner.
    pub(crate) fn own(&self, thing: Thing, keep: Keep, estate: impl Estate) -> Owned {
        let test = self.test.clone().filter(|_| keep == Keep::OnFailure);
        cleaner().own(self.session.clone(), thing, keep, estate).of_test(test)
    }

    /// Takes the result of a creation that failed with `error`: if the engine may have created the resource all the
    /// same, has it looked for and removed in the background, together with its estate. Else returns the estate.
    pub(crate) fn fail<E: Estate>(&self, error: &Error, estate: E) -> Option<E> {
        if !error.is_unanswered() {
            return Some(estate);
        }
        let Self { kind, name, session, token, .. } = self;
        tracing::debug!("{kind} `{name}` is looked for: the engine did not answer its creation");
        let (kind, name, of) = (*kind, name.clone(), session.id().to_string());
        let thing = Thing::Unanswered { kind, name, creation: token.clone(), session: of };
        drop(cleaner().own(session.clone(), thing, Keep::Never, estate));
        None
    }
}

impl Drop for Creating {
    fn drop(&mut self) {
        cleaner().end_announcement(self.key);
    }
}
