//! A pull that its callers share. Transient failures are retried.

use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use once_cell::sync::Lazy;
use tokio::sync::{mpsc, watch};

use super::flight::{Flight, FlightKey, Flights};
use super::progress::PullProgress;
use crate::base::Backoff;
use crate::config::Config;
use crate::engine::Engine;
use crate::image::{Credentials, ImageRef, credentials_for};
use crate::words::{Error, Kind, Result};

/// The maximum number of attempts if a pull fails for a transient reason.
const TRIES: u32 = 5;

/// The pulls in progress in this process, for all engines.
static FLIGHTS: Lazy<Flights> = Lazy::new(Flights::default);

/// A callback for progress updates.
pub(crate) type Listener<'a> = dyn Fn(&PullProgress) + Send + Sync + 'a;

/// Pulls an image with the credentials of the configuration, without reporting progress.
pub(crate) async fn pull(engine: &Engine, config: &Config, image: &ImageRef) -> Result<()> {
    pull_with(engine, config, image, None, None, None).await
}

/// Pulls an image and reports its progress. Callers that want the same image from the same engine with the same
/// credentials share one pull.
pub(crate) async fn pull_with(
    engine: &Engine,
    config: &Config,
    image: &ImageRef,
    platform: Option<&str>,
    given: Option<&Credentials>,
    progress: Option<&Listener<'_>>,
) -> Result<()> {
    let credentials = match given {
        Some(given) => Some(given.clone()),
        None => credentials_for(config, image.registry()).await?.map(Credentials::from),
    };
    let key = FlightKey {
        engine: engine.located().endpoint.to_string(),
        image: image.to_string(),
        platform: platform.map(str::to_owned),
        credentials: credentials.clone(),
    };
    let flight = FLIGHTS.join(key, |sender| {
        let (engine, image, platform) = (engine.clone(), image.clone(), platform.map(str::to_owned));
        async move { try_to_pull(&engine, &image, platform.as_deref(), credentials.as_ref(), &sender).await }
    });
    follow(flight, progress).await
}

/// Waits for a pull and forwards its progress.
async fn follow(flight: Flight, progress: Option<&Listener<'_>>) -> Result<()> {
    let Flight { mut outcome, progress: mut receiver } = flight;
    loop {
        let done = {
            let changed = std::pin::pin!(receiver.changed());
            match select(&mut outcome, changed).await {
                Either::Left((outcome, _)) => Some(outcome),
                Either::Right((Ok(()), _)) => None,
                // The sender is gone, so the outcome follows immediately.
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
                "the pull was tried {TRIES} times; check that registry `{registry}` works and is reachable"
            )));
        }
        tracing::warn!("{error}; retrying");
        crate::base::sleep(backoff.next()).await;
    }
    unreachable!("the loop ends with its last try")
}

/// Sets an error's kind by its text, since engines pass a registry's refusals on with varying status codes.
fn classified(error: Error, image: &ImageRef) -> Error {
    let text = words_of(&error, image);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let registry = image.registry();
    if has(&["unauthorized", "no basic auth", "denied", "authentication required"]) {
        error
            .with_kind(Kind::Denied)
            .with_hint(format!("log in with `docker login {registry}`, or pass `credentials` to the request"))
    } else if has(&["not found", "manifest unknown", "name unknown", "no such host"]) {
        error.with_kind(Kind::Image).with_hint(format!(
            "check the name, and that registry `{registry}` has the image and is reachable"
        ))
    } else {
        error
    }
}

/// Returns the engine's message in lower case, without the image's name, which may contain any word.
fn words_of(error: &Error, image: &ImageRef) -> String {
    error.message().to_lowercase().replace(image.registry(), "").replace(image.repository(), "")
}

/// Returns `true` if the failure may be transient, so that another attempt makes sense.
fn may_pass(error: &Error, image: &ImageRef) -> bool {
    let text = words_of(error, image);
    let no_name = text.contains("no such host") || text.contains("server misbehaving");
    let bad = matches!(error.kind(), Kind::Denied | Kind::Invalid | Kind::NotFound | Kind::Unreachable);
    let not_there = error.kind() == Kind::Image && (text.contains("not found") || text.contains("unknown"));
    !(no_name || bad || not_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `true` if this error is retried. The image's name contains misleading words.
    fn passes(text: &str) -> bool {
        let image: ImageRef = "localhost:5000/denied/unknown:1".parse().expect("a reference");
        let error = Error::new(Kind::Engine, text.to_owned()).with_subject(format!("image `{image}`"));
        may_pass(&classified(error, &image), &image)
    }

    /// C31: permanent failures of a pull are told from transient ones.
    #[test]
    fn permanent_failures_are_told_from_transient_ones() {
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
