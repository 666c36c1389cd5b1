//! Ownership of one resource, and the right to remove it without ownership.

use std::sync::{Arc, Once};

use super::cleaner::cleaner;
use super::estate::Manner;
use crate::base::{TestScope, tell};
use crate::config::Keep;
use crate::words::Result;

/// Ownership of one container, network or volume. Dropping it removes the resource in the background, unless the
/// resource is to be kept.
#[derive(Debug)]
#[must_use = "dropping this removes the resource"]
pub(crate) struct Owned {
    key: u64,
    keep: Keep,
    /// The test that made the resource, if its end is known and decides what becomes of the resource.
    test: Option<Arc<TestScope>>,
}

/// The right to remove a resource that somebody else owns, for example a pool whose containers are leased.
#[derive(Clone, Debug)]
pub(crate) struct Remover {
    key: u64,
}

impl Owned {
    pub(super) fn new(key: u64, keep: Keep) -> Self {
        Self { key, keep, test: None }
    }

    /// Lets the end of a test decide, if there is one, when the resource is kept on failure.
    pub(super) fn of_test(mut self, test: Option<Arc<TestScope>>) -> Self {
        self.test = test;
        self
    }

    /// Gives up ownership: the resource stays. Says on stderr how to find a container.
    pub(crate) fn keep(self) {
        cleaner().keep(self.key);
    }

    /// Returns the mode in which the resource stays when this is dropped.
    pub(crate) fn keep_mode(&self) -> Keep {
        self.keep
    }

    /// Gives up a resource that failed: it stays if failures are to be looked into, else it is removed.
    pub(crate) fn give_up_failed(self) {
        if self.keep.applies(true) {
            self.keep();
        }
    }

    /// Returns `true` while the resource is owned and not being removed.
    pub(crate) fn is_live(&self) -> bool {
        cleaner().lock().live.contains_key(&self.key)
    }

    /// Returns a handle that removes the resource without owning it.
    pub(crate) fn remover(&self) -> Remover {
        Remover { key: self.key }
    }

    /// Removes the resource and waits for it. A resource that is gone already is a success.
    ///
    /// # Errors
    /// Leftover, if it still exists after many tries; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future lets the removal go on.
    pub(crate) async fn remove(self) -> Result<()> {
        self.remover().remove().await
    }
}

impl Remover {
    /// Removes the resource and waits for it. A resource that is gone already, or was kept, is a success.
    ///
    /// # Errors
    /// As [`Owned::remove`].
    ///
    /// # Cancel safety
    /// Dropping the future lets the removal go on.
    pub(crate) async fn remove(self) -> Result<()> {
        // A dropped sender means that nothing was left to remove.
        cleaner().remove(self.key, Manner::Kill).await.unwrap_or(Ok(()))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let (key, is_panicking) = (self.key, std::thread::panicking());
        if self.keep != Keep::OnFailure {
            return cleaner().give_up(key, self.keep.applies(is_panicking));
        }
        if !self.is_live() {
            return;
        }
        match self.test.take() {
            // The test decides, which may yet return an error.
            Some(test) => {
                if let Err(end) = test.at_end(move |has_failed| cleaner().give_up(key, has_failed)) {
                    end(is_panicking);
                }
            }
            None => {
                if !is_panicking {
                    ONLY_PANICS_TOLD.call_once(|| tell(ONLY_PANICS));
                }
                cleaner().give_up(key, is_panicking);
            }
        }
    }
}

/// Told once per process, since nothing else would tell that a failure was missed.
const ONLY_PANICS: &str = "seatrial: things are kept on failure, but of this test only a panic is seen as one; under \
    `#[seatrial::test]` an error that the test returns is one too\n";
static ONLY_PANICS_TOLD: Once = Once::new();
