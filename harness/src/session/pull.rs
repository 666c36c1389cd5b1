//! A pull that a user asks for, if the policy requires it.

use std::fmt;
use std::sync::Arc;

use super::Session;
use crate::config::PullPolicy;
use crate::image::{Credentials, resolve};
use crate::pulling::{Listener, PullProgress, pull_with};
use crate::words::{Error, Kind, Result};

/// A pull of an image, configured step by step and executed by [`run`](Self::run).
///
/// Concurrent pulls of one image with the same credentials share one request. Dropping one of them does not fail the
/// others.
#[derive(Clone)]
#[must_use = "a pull does nothing until it is run"]
pub struct Pull {
    image: String,
    policy: PullPolicy,
    platform: Option<String>,
    credentials: Option<Credentials>,
    progress: Option<Arc<Listener<'static>>>,
    session: Option<Session>,
}

impl Pull {
    /// Creates a pull of this image, with the policy [`PullPolicy::Always`].
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            policy: PullPolicy::Always,
            platform: None,
            credentials: None,
            progress: None,
            session: None,
        }
    }

    /// Sets the condition for pulling. Default: [`PullPolicy::Always`].
    pub fn policy(mut self, policy: PullPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the platform, for example `linux/arm64`. Default: the engine's.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Sets the credentials for the registry. Default: those in the Docker configuration.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sets a callback for the latest progress. It is called on the task that awaits the pull. Default: none.
    pub fn on_progress(mut self, progress: impl Fn(&PullProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Sets the session whose engine pulls. Default: the process's session.
    pub fn session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Pulls the image if the policy requires it. An image id is never pulled, only looked for on the engine.
    ///
    /// # Errors
    /// - Invalid: the image reference is malformed.
    /// - Image: the image does not exist, or the engine does not have it and the policy is `never`.
    /// - Denied: the registry requires other credentials.
    /// - Otherwise the engine's last error, after several attempts.
    ///
    /// # Cancel safety
    /// If the future is dropped, the pull is cancelled, unless another caller shares it.
    pub async fn run(self) -> Result<()> {
        let session = match self.session {
            Some(session) => session,
            None => Session::current().await?,
        };
        let image = resolve(&self.image, session.config())?;
        let needed = match self.policy {
            PullPolicy::Always if image.id().is_none() => true,
            policy => {
                let there = session.engine().image_id(image.as_given()).await?.is_some();
                if !there && (policy == PullPolicy::Never || image.id().is_some()) {
                    let missing = Error::new(Kind::NotFound, "no such image");
                    return Err(crate::image::missing(&image, missing));
                }
                !there
            }
        };
        if needed {
            pull_with(
                session.engine(),
                session.config(),
                &image,
                self.platform.as_deref(),
                self.credentials.as_ref(),
                self.progress.as_deref(),
            )
            .await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Pull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pull")
            .field("image", &self.image)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
