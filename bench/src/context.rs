//! What all scenarios share: the options, the bare engine, a runtime.

use tokio::runtime::Runtime;

use crate::options::Options;
use crate::raw::Raw;

/// The means to measure with.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options,
    pub(crate) raw: Raw,
    /// Multi-thread: one program's worth of tests shares it.
    pub(crate) runtime: Runtime,
}

impl Context<'_> {
    pub(crate) fn image(&self) -> &str {
        &self.options.image
    }

    /// Drops something as a test does: inside of the runtime.
    pub(crate) fn drop_inside<T>(&self, value: T) {
        self.runtime.block_on(async { drop(value) });
    }
}

/// What runs in a container that is only there to be removed.
pub(crate) const IDLE: &[&str] = &["sleep", "forever"];
/// What runs in a container that says at once that it is ready.
pub(crate) const READY_AT_ONCE: &[&str] = &["stamp", "ready", "sleep", "forever"];
