//! A creation under way: announced before the engine is asked, so that what comes of it is owned in every case.

use rand::RngExt;
use seatrial_core::labels;

use super::Session;
use super::cleaner::{Owned, cleaner};
use super::removal::Thing;
use crate::engine::Resource;
use crate::words::{Error, Result};

/// Says that something is being created; the end of the process waits for it to be owned.
#[must_use = "creation is under way only while this lives"]
pub(crate) struct Creating {
    key: u64,
    kind: Resource,
    name: String,
    session: Session,
    /// The value of the label that is on nothing else.
    mark: String,
}

impl Creating {
    /// Announces a creation, once the session's reaper would remove what came of it.
    ///
    /// # Errors
    /// If the reaper can't be had; at the end of the process: what came now would be left behind.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub(crate) async fn begin(kind: Resource, name: String, session: Session) -> Result<Self> {
        session.guarded().await?;
        let key = cleaner().announce(format!("{kind} `{name}`"), session.id().to_string())?;
        let mark = format!("{:032x}", rand::rng().random::<u128>());
        Ok(Self { key, kind, name, session, mark })
    }

    /// The label, key and value, that must be on what is created.
    pub(crate) fn label(&self) -> (String, String) {
        (labels::CREATION.to_owned(), self.mark.clone())
    }

    /// What a creation that failed may have made all the same: dropping it looks for that, and removes it.
    pub(crate) fn doubtful(&self, error: &Error) -> Option<Owned> {
        let Self { kind, name, session, mark, .. } = self;
        error.is_unanswered().then(|| {
            tracing::debug!("{kind} `{name}` is looked for: its creation was not answered");
            let (kind, name, of) = (*kind, name.clone(), session.id().to_string());
            let thing = Thing::Unanswered { kind, name, creation: mark.clone(), session: of };
            cleaner().own(session.clone(), thing)
        })
    }
}

impl Drop for Creating {
    fn drop(&mut self) {
        cleaner().announced_came(self.key);
    }
}
