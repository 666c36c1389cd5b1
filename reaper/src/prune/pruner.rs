//! Repeats passes over all classes of resources, until nothing that the filters select is found any more.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use seatrial_core::reaper::Filter;
use tokio::time::Instant;

use super::pauses::Pauses;
use super::removal::{Removal, remove};
use super::report::Report;
use super::selection::{Selected, Selection};
use crate::engine::{Class, Engine, EngineError, Resource};
use crate::log::{self, Level};
use crate::settings::Settings;

/// The most removals at a time. More make an engine slower, not faster.
const MAX_REMOVALS: usize = 8;
/// The pause between two passes that found nothing, in which a resource that was being created can appear.
const SETTLE: Duration = Duration::from_millis(200);

/// Removes what filters select, and keeps the record of it.
#[derive(Debug)]
pub(crate) struct Pruner {
    engine: Engine,
    selection: Selection,
    /// Written by each removal; never held across an await. It outlives a prune that is interrupted.
    report: Mutex<Report>,
    /// The number of passes in a row without progress, and the time without progress, after which a prune gives up.
    /// Both must be reached.
    retries: u32,
    patience: Duration,
    dry_run: bool,
    verbose: bool,
}

/// The outcome of a pass.
#[derive(Debug, PartialEq, Eq)]
enum Pass {
    /// It found nothing.
    Empty,
    /// It removed at least one resource.
    Progress,
    /// It found resources, or failed to look, and removed nothing.
    Stuck,
}

impl Pruner {
    pub(crate) fn new(engine: Engine, settings: &Settings) -> Self {
        Self {
            engine,
            selection: Selection::default(),
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

    /// Returns a selected resource that was created after a moment, if there is one.
    pub(crate) async fn find_newer(
        &self,
        filters: &[Filter],
        since: SystemTime,
    ) -> Result<Option<Resource>, EngineError> {
        let dates_volumes = self.engine.dates_volumes().await;
        for class in Class::IN_ORDER {
            if class == Class::Volume && !dates_volumes {
                continue;
            }
            let found = self.selection.list(&self.engine, class, filters).await?;
            let newer = found.into_iter().find(|(_, resource)| resource.created.is_some_and(|at| at > since));
            if let Some((_, resource)) = newer {
                return Ok(Some(resource));
            }
        }
        Ok(None)
    }

    /// Removes what the filters select, until two passes in a row find nothing, or until `end`.
    pub(crate) async fn prune(&self, filters: &[Filter], end: Instant) {
        if filters.is_empty() {
            return;
        }
        // The report has each resource from the moment it is found, so an interruption loses nothing.
        let doubt = tokio::time::timeout_at(end, self.passes(filters)).await;
        if let Some(doubt) = doubt.unwrap_or_else(|_| Some("the time was up before the last look".into())) {
            self.report().record_doubt(doubt);
        }
    }

    /// Makes passes to the end. Returns the reason why it is unknown if everything is gone, if it is unknown.
    async fn passes(&self, filters: &[Filter]) -> Option<String> {
        let (mut empty, mut stuck) = (0, 0);
        let mut pauses = Pauses::new();
        let mut give_up = Instant::now() + self.patience;
        loop {
            let (pass, doubt) = self.pass(filters).await;
            match pass {
                Pass::Empty => {
                    empty += 1;
                    if empty == 2 {
                        return None;
                    }
                    tokio::time::sleep(SETTLE).await;
                }
                Pass::Progress => {
                    (empty, stuck) = (0, 0);
                    pauses.reset();
                    give_up = Instant::now() + self.patience;
                }
                Pass::Stuck if stuck + 1 >= self.retries && Instant::now() >= give_up => return doubt,
                Pass::Stuck => {
                    empty = 0;
                    stuck += 1;
                    tokio::time::sleep(pauses.next()).await;
                }
            }
        }
    }

    /// Lists and removes each class once. Returns also the reason of a list that failed.
    async fn pass(&self, filters: &[Filter]) -> (Pass, Option<String>) {
        let (mut pass, mut doubt) = (Pass::Empty, None);
        for class in Class::IN_ORDER {
            let outcome = match self.selection.list(&self.engine, class, filters).await {
                Ok(found) => self.remove_all(class, filters, found).await,
                Err(error) => {
                    let reason = format!("failed to list {}: {error}", class.plural());
                    log::write(Level::Warn, &reason, &[]);
                    doubt = Some(reason);
                    Pass::Stuck
                }
            };
            pass = match (pass, outcome) {
                (Pass::Progress, _) | (_, Pass::Progress) => Pass::Progress,
                (Pass::Stuck, _) | (_, Pass::Stuck) => Pass::Stuck,
                (Pass::Empty, Pass::Empty) => Pass::Empty,
            };
        }
        (pass, doubt)
    }

    /// Removes the resources that were found of a class.
    async fn remove_all(&self, class: Class, filters: &[Filter], mut found: Vec<Selected>) -> Pass {
        self.record_absent(class, &found);
        found.retain(|(_, resource)| !self.report().is_final(resource));
        if found.is_empty() {
            return Pass::Empty;
        }
        for (filter, resource) in &found {
            self.report().record_found(filters[*filter].to_string(), resource);
        }
        let count = found.len();
        if self.dry_run {
            for (_, resource) in &found {
                log::write(Level::Info, "would remove", &[(class.plural(), resource)]);
                self.report().record_spared(resource);
            }
            return Pass::Progress;
        }
        futures_util::stream::iter(found)
            .for_each_concurrent(MAX_REMOVALS, |(filter, resource)| async move {
                self.remove(&resource, &filters[filter]).await;
            })
            .await;
        if self.report().left_of(class).len() < count { Pass::Progress } else { Pass::Stuck }
    }

    async fn remove(&self, resource: &Resource, filter: &Filter) {
        match remove(&self.engine, resource, filter, self.patience).await {
            Ok(Removal::Done) => {
                if self.verbose {
                    log::write(Level::Debug, "gone", &[("resource", resource)]);
                }
                self.report().record_removed(resource);
            }
            Ok(Removal::Absent) => self.report().record_absent(resource.class, &resource.id),
            Ok(Removal::Spared) => {
                let reason = "somebody else has tagged it; only the session's tags are removed";
                log::write(Level::Info, "left alone", &[("resource", resource), ("reason", &reason)]);
                self.report().record_spared(resource);
            }
            Ok(Removal::Undecided) => {
                let reason = "it has several tags, and none of them is known to be the session's; remove it by hand \
                              with `docker rmi`";
                log_failure(resource, &reason);
                self.report().record_stuck(resource, reason.to_owned());
            }
            Err(error) => {
                log_failure(resource, &error);
                self.report().record_failed(resource, error.to_string(), error.is_in_doubt());
            }
        }
    }

    /// Records that the resources which were left, and are not in a new list, do not exist any more.
    fn record_absent(&self, class: Class, found: &[Selected]) {
        let found: BTreeSet<&str> = found.iter().map(|(_, resource)| resource.id.as_str()).collect();
        let mut report = self.report();
        for id in report.left_of(class) {
            if !found.contains(id.as_str()) {
                report.record_absent(class, &id);
            }
        }
    }
}

fn log_failure(resource: &Resource, error: &dyn Display) {
    log::write(Level::Warn, "failed to remove", &[("resource", resource), ("error", error)]);
}
