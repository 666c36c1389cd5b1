//! The pull of an image that a user asks for, when the policy says that it is needed.

use std::fmt;
use std::sync::Arc;

use super::Session;
use crate::config::PullPolicy;
use crate::image::{Credentials, resolve};
use crate::pull::{Listener, PullProgress, pull_with};
use crate::words::{Error, Kind, Result};

/// An image that is wanted here.
///
/// Concurrent pulls of one image with the same credentials are one pull, and one caller's cancellation does not fail
/// the others.
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
    /// Pulls this image, whether it is there or not.
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

    /// When to pull. Default: always.
    pub fn policy(mut self, policy: PullPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The platform, `linux/arm64` for example. Default: the engine's.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Who pulls. Default: what the docker configuration says of the registry.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Calls a function with the newest progress, on the task that awaits the pull. Default: nobody is told.
    pub fn on_progress(mut self, progress: impl Fn(&PullProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// The session whose engine pulls. Default: the process's.
    pub fn session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Pulls.
    ///
    /// # Errors
    /// Invalid, if the reference can't be one; image, if there is no such image, or none here and the policy is
    /// `never`; denied, if the registry wants other credentials; after several tries, what the engine said last.
    ///
    /// # Cancel safety
    /// Dropping the future ends the pull unless somebody else waits for it.
    pub async fn run(self) -> Result<()> {
        let session = match self.session {
            Some(session) => session,
            None => Session::current().await?,
        };
        let image = resolve(&self.image, session.config())?;
        let needed = match self.policy {
            PullPolicy::Always => true,
            policy => {
                let there = session.engine().image_id(image.as_given()).await?.is_some();
                if !there && policy == PullPolicy::Never {
                    let nothing = Error::new(Kind::NotFound, "no such image");
                    return Err(crate::image::missing(&image, nothing));
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
