//! Recycle policies: the work on a container between two leases.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

use super::user_thread::catch_panic;
use crate::container::{ContainerRequest, TestContainer};
use crate::words::{Error, Kind, Result};

/// The work on a container between two leases. Default: none.
///
/// It is done in the background: the return of a lease does not wait for it. If it fails, the container is replaced,
/// and no `get` fails for it.
#[derive(Clone, Debug, Default)]
#[must_use = "a policy does nothing until a pool has it"]
pub struct Recycle(pub(super) Policy);

#[derive(Clone, Default)]
pub(super) enum Policy {
    #[default]
    Nothing,
    Reset(Vec<String>),
    Restart,
    Recreate,
    Hook(Arc<Hook>),
}

/// A user's function. It and its future, which need not be `Send`, run on a thread of their own.
type Hook = dyn for<'a> Fn(&'a TestContainer) -> LocalBoxFuture<'a, HookResult> + Send + Sync;
type HookResult = std::result::Result<(), Box<dyn StdError + Send + Sync>>;

impl Recycle {
    /// Does nothing: the next lease finds the container as the last one left it.
    pub fn nothing() -> Self {
        Self(Policy::Nothing)
    }

    /// Runs a command in the container; any exit code but 0 is a failure.
    pub fn reset<T: Into<String>>(cmd: impl IntoIterator<Item = T>) -> Self {
        Self(Policy::Reset(cmd.into_iter().map(Into::into).collect()))
    }

    /// Restarts the container, and waits for the request's wait strategy.
    pub fn restart() -> Self {
        Self(Policy::Restart)
    }

    /// Removes the container and starts another one.
    pub fn recreate() -> Self {
        Self(Policy::Recreate)
    }

    /// Calls a function of your own, on a thread of its own with a tokio runtime.
    ///
    /// An error, a panic, or a hook that is not done within the pool's
    /// [`recycle_timeout`](super::PoolBuilder::recycle_timeout) is a failure. A `get` from the same pool inside the
    /// hook is an error if no container is free, since it might wait for the container that the hook works on.
    ///
    /// ```
    /// use seatrial::pool::Recycle;
    ///
    /// Recycle::hook(async |redis| {
    ///     redis.exec(["redis-cli", "FLUSHALL"]).await?;
    ///     Ok(())
    /// });
    /// ```
    pub fn hook(hook: impl AsyncFn(&TestContainer) -> HookResult + Send + Sync + 'static) -> Self {
        let hook = Arc::new(hook);
        Self(Policy::Hook(Arc::new(move |container| {
            let hook = hook.clone();
            Box::pin(async move { (*hook)(container).await })
        })))
    }

    /// Returns `true` if there is nothing to do between leases.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.0, Policy::Nothing)
    }
}

impl Policy {
    /// Makes a container ready for its next lease. Recreation is the caller's: it needs another container.
    pub(super) async fn carry_out(
        &self,
        container: &TestContainer,
        request: &ContainerRequest,
    ) -> Result<()> {
        match self {
            Self::Nothing | Self::Recreate => Ok(()),
            Self::Reset(cmd) => reset(cmd, container).await,
            Self::Restart => {
                container.restart().await?;
                container.wait_timeout(request.wait_wanted().clone(), request.startup_limit(container)).await
            }
            Self::Hook(hook) => {
                let future = catch_panic(|| hook(container))?;
                future.await.map_err(|error| {
                    Error::new(Kind::Conflict, format!("the recycle hook failed: {error}")).with_source(error)
                })
            }
        }
    }
}

/// Runs the reset command.
async fn reset(cmd: &[String], container: &TestContainer) -> Result<()> {
    let output = container.exec(cmd).await?;
    if output.exit_code == 0 {
        return Ok(());
    }
    let printed = format!("{}{}", output.stdout_text(), output.stderr_text());
    let printed = match printed.trim().lines().last() {
        Some(line) => format!("its last line is: {line}"),
        None => "it printed nothing".to_owned(),
    };
    let command = cmd.join(" ");
    Err(Error::new(
        Kind::Exec,
        format!("the reset command `{command}` ended with exit code {}; {printed}", output.exit_code),
    )
    .with_subject(container.to_string()))
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Reset(cmd) => f.debug_tuple("Reset").field(cmd).finish(),
            Self::Restart => f.write_str("Restart"),
            Self::Recreate => f.write_str("Recreate"),
            Self::Hook(_) => f.write_str("Hook"),
        }
    }
}
