//! A pull that its callers share. Transient failures are retried.

use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use once_cell::sync::Lazy;
use tokio::sync::{mpsc, watch};

use super::cause::{classified, may_pass, without_credentials};
use super::flight::{Flight, FlightKey, Flights};
use super::progress::PullProgress;
use crate::base::Backoff;
use crate::config::{Config, DockerFile};
use crate::engine::{Engine, PullOptions};
use crate::image::{Credentials, ImageRef, credentials_for};
use crate::words::Result;

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
    let (credentials, helper_failure) = match given {
        Some(given) => (Some(given.clone()), None),
        None => {
            let found = credentials_for(config, image.registry()).await?;
            (found.secret.map(Credentials::from), found.failure)
        }
    };
    let key = FlightKey {
        engine: engine.located().endpoint.to_string(),
        image: image.to_string(),
        platform: platform.map(str::to_owned),
        credentials: credentials.clone(),
        headers: DockerFile::load(config).headers(),
    };
    let headers = key.headers.clone();
    let flight = FLIGHTS.join(key, |sender| {
        let (engine, image, platform) = (engine.clone(), image.clone(), platform.map(str::to_owned));
        async move {
            let options = PullOptions {
                platform: platform.as_deref(),
                credentials: credentials.as_ref(),
                headers: &headers,
            };
            try_to_pull(&engine, &image, options, &sender).await
        }
    });
    follow(flight, progress).await.map_err(|error| match helper_failure {
        Some(failure) => without_credentials(error, image, &failure),
        None => error,
    })
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
    options: PullOptions<'_>,
    progress: &watch::Sender<PullProgress>,
) -> Result<()> {
    let began = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(4));
    for attempt in 1.. {
        let (sender, mut events) = mpsc::unbounded_channel();
        let pulling = engine.pull(image, options, sender);
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
            Err(error) => classified(error, image, options.platform),
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
