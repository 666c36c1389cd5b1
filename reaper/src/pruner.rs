//! Removes what filters select, class after class and pass after pass, until nothing of it is found any more.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use rand::RngExt;
use seatrial_core::reaper::Filter;
use tokio::time::Instant;

use crate::engine::{Class, Engine, EngineError, Resource};
use crate::log::{self, Level};
use crate::report::Report;
use crate::settings::Settings;

/// How many removals are under way at once: an engine gets slower, not faster, with more.
const WIDTH: usize = 8;
/// Up to so many filters the engine selects; beyond, one list of everything is cheaper than one per filter.
const FILTERS_FOR_THE_ENGINE: usize = 16;
/// Between two passes that found nothing, for what was being created to appear.
const SETTLE: Duration = Duration::from_millis(200);
/// The first and the longest pause after a pass that removed nothing.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

#[derive(Debug)]
pub(crate) struct Pruner {
    engine: Engine,
    /// Written by each removal; never held across an await. Outlives a prune that is broken off.
    report: Mutex<Report>,
    /// So many passes in a row, and for so long, nothing may go.
    retries: u32,
    patience: Duration,
    dry_run: bool,
    verbose: bool,
}

/// What a pass came to.
#[derive(Debug, PartialEq, Eq)]
enum Pass {
    Empty,
    Removed,
    Stuck,
}

impl Pruner {
    pub(crate) fn new(engine: Engine, settings: &Settings) -> Self {
        Self {
            engine,
            report: Mutex::default(),
            retries: settings.remove_retries,
            patience: settings.patience(),
            dry_run: settings.dry_run,
            verbose: settings.verbose,
        }
    }

    pub(crate) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for something that was created after a moment.
    pub(crate) async fn newest(
        &self,
        filters: &[Filter],
        since: SystemTime,
    ) -> Result<Option<Resource>, EngineError> {
        let dates_volumes = self.engine.dates_volumes().await;
        for class in Class::IN_ORDER {
            if class == Class::Volume && !dates_volumes {
                continue;
            }
            let found = self.list(class, filters).await?;
            let newer = found.into_iter().find(|(_, resource)| resource.created.is_some_and(|at| at > since));
            if let Some((_, resource)) = newer {
                return Ok(Some(resource));
            }
        }
        Ok(None)
    }

    /// Removes all that the filters select, until two passes in a row find nothing, or the time is up.
    pub(crate) async fn prune(&self, filters: &[Filter], end: Instant) {
        if filters.is_empty() {
            return;
        }
        // The report knows what was found, so being broken off loses nothing.
        let doubt = tokio::time::timeout_at(end, self.passes(filters)).await;
        if let Some(doubt) = doubt.unwrap_or_else(|_| Some("the time was up before all was looked at".into()))
        {
            self.report().doubt(doubt);
        }
    }

    /// Gives back why it is not known whether all is gone, if it is not.
    async fn passes(&self, filters: &[Filter]) -> Option<String> {
        let mut empty = 0;
        let mut pause = PAUSES.0;
        let mut give_up = Instant::now() + self.patience;
        let mut stuck = 0;
        loop {
            let (pass, doubt) = self.pass(filters).await;
            match pass {
                Pass::Empty => {
                    empty += 1;
                    if empty == 2 || self.dry_run {
                        return None;
                    }
                    tokio::time::sleep(SETTLE).await;
                }
                Pass::Removed => {
                    empty = 0;
                    stuck = 0;
                    pause = PAUSES.0;
                    give_up = Instant::now() + self.patience;
                }
                Pass::Stuck if stuck + 1 >= self.retries && Instant::now() >= give_up => return doubt,
                Pass::Stuck => {
                    empty = 0;
                    stuck += 1;
                    tokio::time::sleep(pause.mul_f64(rand::rng().random_range(0.8..1.2))).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    async fn pass(&self, filters: &[Filter]) -> (Pass, Option<String>) {
        let (mut pass, mut doubt) = (Pass::Empty, None);
        for class in Class::IN_ORDER {
            match self.list(class, filters).await {
                Ok(found) if found.is_empty() => self.vanished(class, &BTreeSet::new()),
                Ok(found) => {
                    if self.remove_all(class, filters, found).await {
                        pass = Pass::Removed;
                    } else if pass == Pass::Empty {
                        pass = Pass::Stuck;
                    }
                }
                Err(error) => {
                    let reason = format!("failed to list {}: {error}", class.plural());
                    log::write(Level::Warn, &reason, &[]);
                    doubt = Some(reason);
                    if pass == Pass::Empty {
                        pass = Pass::Stuck;
                    }
                }
            }
        }
        let pass = if self.dry_run && pass == Pass::Removed { Pass::Empty } else { pass };
        (pass, doubt)
    }

    /// Removes what was found of a class; true if anything of it went.
    async fn remove_all(&self, class: Class, filters: &[Filter], found: Vec<(usize, Resource)>) -> bool {
        for (filter, resource) in &found {
            self.report().found(filters[*filter].to_string(), resource, self.dry_run);
        }
        if self.dry_run {
            found.iter().for_each(|(_, resource)| {
                log::write(Level::Info, "would remove", &[(class.plural(), resource)]);
            });
            return true;
        }
        self.vanished(class, &found.iter().map(|(_, resource)| resource.id.clone()).collect());
        let before = self.report().removed(class);
        futures_util::stream::iter(found)
            .for_each_concurrent(WIDTH, |(_, resource)| async move { self.remove(&resource).await })
            .await;
        self.report().removed(class) > before
    }

    async fn remove(&self, resource: &Resource) {
        let outcome = match self.engine.remove(resource).await {
            Err(error) if error.is_in_progress() && resource.class == Class::Container => {
                self.wait_until_gone(resource).await
            }
            Err(error) if error.has_endpoints() && resource.class == Class::Network => {
                match self.engine.empty_network(&resource.id).await {
                    Ok(()) => self.engine.remove(resource).await,
                    Err(error) => Err(error),
                }
            }
            outcome => outcome,
        };
        match outcome {
            Err(error) if !error.is_gone() => {
                let fields: [(&str, &dyn std::fmt::Display); 2] = [("resource", resource), ("error", &error)];
                log::write(Level::Warn, "failed to remove", &fields);
                self.report().failed(resource, error.to_string());
            }
            Ok(()) | Err(_) => {
                if self.verbose {
                    log::write(Level::Debug, "gone", &[("resource", resource)]);
                }
                self.report().gone(resource.class, &resource.id);
            }
        }
    }

    /// Waits for a removal that somebody else has begun; it fails if that takes longer than we have patience.
    async fn wait_until_gone(&self, resource: &Resource) -> Result<(), EngineError> {
        let give_up = Instant::now() + self.patience;
        let mut pause = PAUSES.0;
        // The engine has no wait that ends when a container was gone before it began, so this polls.
        while !self.engine.is_container_gone(&resource.id).await? {
            if Instant::now() >= give_up {
                return Err(EngineError::new("somebody else's removal of it does not end"));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        Ok(())
    }

    /// What was left and is not in a list any more is gone.
    fn vanished(&self, class: Class, found: &BTreeSet<String>) {
        let mut report = self.report();
        for id in report.left_of(class).into_iter().filter(|id| !found.contains(id)) {
            report.gone(class, &id);
        }
    }

    /// What the filters select of a class, each once and with the filter's place; reapers are left out.
    async fn list(&self, class: Class, filters: &[Filter]) -> Result<Vec<(usize, Resource)>, EngineError> {
        let mut found = Vec::new();
        if filters.len() <= FILTERS_FOR_THE_ENGINE {
            for (n, filter) in filters.iter().enumerate() {
                let list = self.engine.list(class, Some(filter)).await?;
                found.extend(list.into_iter().map(|resource| (n, resource)));
            }
        } else {
            for resource in self.engine.list(class, None).await? {
                let selects = |filter: &Filter| filter.matches(|key| resource.label(key));
                found.extend(filters.iter().position(selects).map(|n| (n, resource)));
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|(_, resource)| !resource.is_reaper() && seen.insert(resource.id.clone()));
        Ok(found)
    }
}
