//! The things that go with a resource: prepared before its removal, released after it, or kept with it.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::thing::Thing;
use crate::engine::Engine;
use crate::words::Result;

/// Hooks that a resource's maker hands to the cleaner together with the resource.
///
/// The cleaner holds the value until the resource is gone. A value that is dropped without a call of
/// [`release`](Self::release) or [`keep`](Self::keep) belonged to a resource whose removal failed, or which was
/// never created.
pub(crate) trait Estate: Send + Sync + 'static {
    /// Prepares the removal of `thing`, whose engine is `engine`. An error is the hook's own to report: the removal
    /// follows in any case.
    fn farewell<'a>(&'a self, _engine: &'a Engine, _thing: &'a Thing, _manner: Manner) -> BoxFuture<'a, ()> {
        ready(()).boxed()
    }

    /// Releases what the resource used; called once the engine has removed the resource.
    ///
    /// # Errors
    /// Leftover, with what could not be released.
    fn release(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        ready(Ok(())).boxed()
    }

    /// Keeps what the resource uses, and tells the user about `thing`, which stays. `for_good` is `false` if the
    /// session's reaper removes it after the run.
    fn keep(self: Box<Self>, _thing: &Thing, _for_good: bool) {}
}

/// The estate of a resource that nothing goes with.
impl Estate for () {}

/// The way in which a container is ended before its removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By a kill, as part of the removal.
    Kill,
    /// By its stop signal, if its request has a stop timeout; by a kill after that time.
    Stop,
}
