//! What is done to a container between two leases.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

use super::chore::caught;
use crate::container::{ContainerRequest, TestContainer};
use crate::words::{Error, Kind, Result};

/// What is done to a container between two leases. Default: nothing.
///
/// A container of which it fails is replaced in the background; the one who gave the lease back does not wait for
/// it, and nobody's `get` fails for it.
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

/// A user's function, and its future, which need not be `Send`: both run on a thread of their own.
type Hook = dyn for<'a> Fn(&'a TestContainer) -> LocalBoxFuture<'a, HookResult> + Send + Sync;
type HookResult = std::result::Result<(), Box<dyn StdError + Send + Sync>>;

impl Recycle {
    /// Nothing: the next lease finds what the last one left.
    pub fn nothing() -> Self {
        Self(Policy::Nothing)
    }

    /// Runs a command in the container, which must end with code 0.
    pub fn reset<T: Into<String>>(cmd: impl IntoIterator<Item = T>) -> Self {
        Self(Policy::Reset(cmd.into_iter().map(Into::into).collect()))
    }

    /// Restarts the container, and waits until it is ready as the request says.
    pub fn restart() -> Self {
        Self(Policy::Restart)
    }

    /// Removes the container and starts another.
    pub fn recreate() -> Self {
        Self(Policy::Recreate)
    }

    /// Calls a function of your own, on a thread of its own with a tokio runtime.
    ///
    /// One that panics, fails or is not done within the pool's `recycle_timeout` has failed. A `get` from the pool
    /// inside of it is served if a container is free, and is an error if it would have to wait.
    ///
    /// ```
    /// # use seatrial::{ContainerRequest, Recycle};
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

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.0, Policy::Nothing)
    }
}

impl Policy {
    /// Makes a container ready, all but by recreation, which needs another container.
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
                let future = caught(|| hook(container))?;
                future.await.map_err(|error| {
                    Error::new(Kind::Conflict, format!("the hook failed: {error}")).with_source(error)
                })
            }
        }
    }
}

async fn reset(cmd: &[String], container: &TestContainer) -> Result<()> {
    let output = container.exec(cmd).await?;
    if output.exit_code == 0 {
        return Ok(());
    }
    let printed = format!("{}{}", output.stdout_text(), output.stderr_text());
    let last = printed.trim().lines().last().unwrap_or("nothing").to_owned();
    let command = cmd.join(" ");
    Err(Error::new(
        Kind::Exec,
        format!("`{command}` ended with code {}; it printed: {last}", output.exit_code),
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
