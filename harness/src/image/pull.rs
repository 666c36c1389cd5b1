//! One pull: asked for when the policy says so, tried again while that can help.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::sync::{mpsc, watch};

use super::flight::{Flight, FlightKey};
use super::{Credentials, ImageRef, PullProgress, credentials, resolve};
use crate::config::PullPolicy;
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::retry::Backoff;
use crate::session::Session;

/// How often a pull is tried that failed for a reason that may pass.
const TRIES: u32 = 5;

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

/// A function that is told of the progress.
type Listener<'a> = dyn Fn(&PullProgress) + Send + Sync + 'a;

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
                    return Err(super::missing(&image, nothing));
                }
                !there
            }
        };
        if needed {
            pull_with(
                &session,
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

/// Pulls an image for a start.
pub(crate) async fn pull(
    session: &Session,
    image: &ImageRef,
    platform: Option<&str>,
    credentials: Option<&Credentials>,
) -> Result<()> {
    pull_with(session, image, platform, credentials, None).await
}

/// The same, and tells of its progress.
pub(crate) async fn pull_with(
    session: &Session,
    image: &ImageRef,
    platform: Option<&str>,
    given: Option<&Credentials>,
    progress: Option<&Listener<'_>>,
) -> Result<()> {
    let credentials = match given {
        Some(given) => Some(given.clone()),
        None => {
            credentials::credentials_for(session.config(), image.registry()).await?.map(Credentials::from)
        }
    };
    let key = FlightKey {
        image: image.to_string(),
        platform: platform.map(str::to_owned),
        credentials: credentials.clone(),
    };
    let flight = session.flights().join(key, |sender| {
        let (engine, image, platform) =
            (session.engine().clone(), image.clone(), platform.map(str::to_owned));
        async move { try_to_pull(&engine, &image, platform.as_deref(), credentials.as_ref(), &sender).await }
    });
    follow(flight, progress).await.map_err(|error| error.duplicate())
}

/// Waits for a pull, telling of its progress meanwhile.
async fn follow(flight: Flight, progress: Option<&Listener<'_>>) -> Result<(), Arc<Error>> {
    let Flight { mut outcome, progress: mut receiver } = flight;
    loop {
        let done = {
            let changed = std::pin::pin!(receiver.changed());
            match select(&mut outcome, changed).await {
                Either::Left((outcome, _)) => Some(outcome),
                Either::Right((Ok(()), _)) => None,
                // Nobody sends any more: the outcome is near.
                Either::Right((Err(_), _)) => return outcome.await,
            }
        };
        if let Some(tell) = progress {
            tell(&receiver.borrow_and_update());
        }
        if let Some(outcome) = done {
            return outcome;
        }
    }
}

async fn try_to_pull(
    engine: &Engine,
    image: &ImageRef,
    platform: Option<&str>,
    credentials: Option<&Credentials>,
    progress: &watch::Sender<PullProgress>,
) -> Result<()> {
    let began = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(4));
    for attempt in 1.. {
        let (sender, mut events) = mpsc::unbounded_channel();
        let pulling = engine.pull(image, platform, credentials, sender);
        let telling = async {
            while let Some(event) = events.recv().await {
                progress.send_modify(|progress| progress.apply(event));
            }
        };
        let (outcome, ()) = futures_util::future::join(pulling, telling).await;
        let error = match outcome {
            Ok(()) => {
                progress.send_modify(PullProgress::finish);
                return Ok(());
            }
            Err(error) => classified(error, image),
        };
        if !may_pass(&error, image) {
            return Err(error.with_total_elapsed(began.elapsed()));
        }
        if attempt == TRIES {
            let registry = image.registry();
            return Err(error.with_total_elapsed(began.elapsed()).with_hint(format!(
                "it was tried {TRIES} times; check that registry `{registry}` works and can be reached"
            )));
        }
        tracing::warn!("{error}; trying again");
        tokio::time::sleep(backoff.next()).await;
    }
    unreachable!("the loop ends with its last try")
}

/// What a registry's refusal is: engines pass its words on under statuses of their own.
fn classified(error: Error, image: &ImageRef) -> Error {
    let text = words_of(&error, image);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let registry = image.registry();
    if has(&["unauthorized", "no basic auth", "denied", "authentication required"]) {
        error
            .with_kind(Kind::Denied)
            .with_hint(format!("log in with `docker login {registry}`, or give the request `credentials`"))
    } else if has(&["not found", "manifest unknown", "name unknown", "no such host"]) {
        error
            .with_kind(Kind::Image)
            .with_hint(format!("check the name, and that registry `{registry}` has it and can be reached"))
    } else {
        error
    }
}

/// What the engine said, without the image's name, which may be any word.
fn words_of(error: &Error, image: &ImageRef) -> String {
    error.message().to_lowercase().replace(image.registry(), "").replace(image.repository(), "")
}

/// Whether another try may help.
fn may_pass(error: &Error, image: &ImageRef) -> bool {
    let text = words_of(error, image);
    let no_name = text.contains("no such host") || text.contains("server misbehaving");
    let bad = matches!(error.kind(), Kind::Denied | Kind::Invalid | Kind::NotFound | Kind::Unreachable);
    let not_there = error.kind() == Kind::Image && (text.contains("not found") || text.contains("unknown"));
    !(no_name || bad || not_there)
}

impl fmt::Debug for Pull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pull")
            .field("image", &self.image)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether this may pass, for an image whose name is no help.
    fn passes(text: &str) -> bool {
        let image: ImageRef = "localhost:5000/denied/unknown:1".parse().expect("a reference");
        let error = Error::new(Kind::Engine, text.to_owned()).with_subject(format!("image `{image}`"));
        may_pass(&classified(error, &image), &image)
    }

    /// C31.
    #[test]
    fn what_is_final_is_told_from_what_may_pass() {
        for text in [
            "manifest unknown",
            "pull access denied for x",
            "no basic auth credentials",
            "lookup x: no such host",
        ] {
            assert!(!passes(text), "{text}");
        }
        for text in [
            "toomanyrequests: slow down",
            "received unexpected HTTP status: 500",
            "unexpected EOF",
            "connection refused",
            "Head \"http://localhost:5000/v2/denied/unknown/manifests/1\": EOF",
        ] {
            assert!(passes(text), "{text}");
        }
    }
}
