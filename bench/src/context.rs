//! The values that all scenarios share: the options, the raw engine API, a runtime.

use tokio::runtime::Runtime;

use crate::options::Options;
use crate::raw::Raw;

/// The shared values.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options,
    pub(crate) raw: Raw,
    /// A multi-thread runtime, as the tests of one program share it.
    pub(crate) runtime: Runtime,
}

impl Context<'_> {
    pub(crate) fn image(&self) -> &str {
        &self.options.image
    }

    /// Drops a value inside the runtime, as a test does.
    pub(crate) fn drop_inside<T>(&self, value: T) {
        self.runtime.block_on(async { drop(value) });
    }
}

/// The command of a container that only waits to be removed.
pub(crate) const IDLE: &[&str] = &["sleep", "forever"];
/// The command of a container that prints at once that it is ready.
pub(crate) const READY_AT_ONCE: &[&str] = &["stamp", "ready", "sleep", "forever"];
