//! The record of what was found, what of it was removed, and what is left. At the end it becomes one JSON line.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value, json};

use crate::engine::{Class, Resource};

/// The record of all prunes.
#[derive(Debug)]
pub(crate) struct Report {
    began: Instant,
    entries: BTreeMap<(Class, String), Entry>,
    /// The reasons why it is unknown if everything is gone.
    doubts: Vec<String>,
}

#[derive(Debug)]
struct Entry {
    filter: String,
    resource: Resource,
    found: Instant,
    fate: Fate,
}

#[derive(Debug)]
enum Fate {
    Left {
        reason: String,
        /// An attempt to remove it got no clear answer, so it may have been carried out.
        in_doubt: bool,
    },
    /// This reaper removed it.
    Removed { after: Duration },
    /// It went without this reaper's doing.
    Vanished,
    /// It can't be removed, and another attempt would not help.
    Stuck { reason: String },
    /// It stays on purpose: in a dry run, or because it has somebody else's tag.
    Spared,
}

impl Fate {
    fn new() -> Self {
        Self::Left { reason: "it was not removed in time".into(), in_doubt: false }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self { began: Instant::now(), entries: BTreeMap::new(), doubts: Vec::new() }
    }
}

impl Report {
    /// Records that a resource exists which is to be removed.
    pub(crate) fn record_found(&mut self, filter: String, resource: &Resource) {
        let entry = self.entries.entry((resource.class, resource.id.clone())).or_insert_with(|| Entry {
            filter,
            resource: resource.clone(),
            found: Instant::now(),
            fate: Fate::new(),
        });
        if matches!(entry.fate, Fate::Removed { .. } | Fate::Vanished) {
            entry.fate = Fate::new();
        }
    }

    /// Records that a resource stays on purpose.
    pub(crate) fn record_spared(&mut self, resource: &Resource) {
        if let Some(entry) = self.entry(resource.class, &resource.id) {
            entry.fate = Fate::Spared;
        }
    }

    /// Records that a resource can't be removed, so that no other attempt is made.
    pub(crate) fn record_stuck(&mut self, resource: &Resource, reason: String) {
        if let Some(entry) = self.entry(resource.class, &resource.id) {
            entry.fate = Fate::Stuck { reason };
        }
    }

    /// Records that the engine has removed a resource for this reaper.
    pub(crate) fn record_removed(&mut self, resource: &Resource) {
        if let Some(entry) = self.entry(resource.class, &resource.id) {
            entry.fate = Fate::Removed { after: entry.found.elapsed() };
        }
    }

    /// Records that a resource does not exist any more. It counts as removed only if an earlier attempt of this reaper
    /// may have been carried out.
    pub(crate) fn record_absent(&mut self, class: Class, id: &str) {
        if let Some(entry) = self.entry(class, id)
            && let Fate::Left { in_doubt, .. } = entry.fate
        {
            entry.fate =
                if in_doubt { Fate::Removed { after: entry.found.elapsed() } } else { Fate::Vanished };
        }
    }

    /// Records that an attempt to remove a resource failed. `in_doubt`: the engine may have carried it out.
    pub(crate) fn record_failed(&mut self, resource: &Resource, reason: String, in_doubt: bool) {
        if let Some(entry) = self.entry(resource.class, &resource.id) {
            let was_in_doubt = matches!(entry.fate, Fate::Left { in_doubt: true, .. });
            entry.fate = Fate::Left { reason, in_doubt: in_doubt || was_in_doubt };
        }
    }

    /// Records a reason why it is unknown if everything is gone.
    pub(crate) fn record_doubt(&mut self, reason: String) {
        self.doubts.push(reason);
    }

    /// Returns `true` if no attempt to remove a resource is to be made any more.
    pub(crate) fn is_final(&self, resource: &Resource) -> bool {
        let entry = self.entries.get(&(resource.class, resource.id.clone()));
        entry.is_some_and(|entry| matches!(entry.fate, Fate::Spared | Fate::Stuck { .. }))
    }

    /// Returns the ids of the resources of a class that are still to be removed.
    pub(crate) fn left_of(&self, class: Class) -> Vec<String> {
        let left = self.of(class).filter(|entry| matches!(entry.fate, Fate::Left { .. }));
        left.map(|entry| entry.resource.id.clone()).collect()
    }

    /// Returns the number of resources of a class that this reaper removed.
    pub(crate) fn removed(&self, class: Class) -> usize {
        self.of(class).filter(|entry| matches!(entry.fate, Fate::Removed { .. })).count()
    }

    /// Returns what keeps the reaper from being done, by name and with the reason; `None` if it is done.
    pub(crate) fn failure(&self) -> Option<String> {
        let left: Vec<String> = self
            .entries
            .values()
            .filter_map(|entry| match &entry.fate {
                Fate::Left { reason, .. } | Fate::Stuck { reason } => {
                    Some(format!("{} ({reason})", entry.resource))
                }
                Fate::Removed { .. } | Fate::Vanished | Fate::Spared => None,
            })
            .collect();
        if left.is_empty() {
            return self.doubts.first().cloned();
        }
        Some(format!("left {} items: {}", left.len(), left.join(", ")))
    }

    /// Returns the report for programs.
    pub(crate) fn to_json(&self) -> Value {
        let mut sessions: Map<String, Value> = Map::new();
        for entry in self.entries.values() {
            let session = sessions.entry(&entry.filter).or_insert_with(
                || json!({ "filter": entry.filter, "removed": [], "vanished": [], "left": [], "spared": [] }),
            );
            let list = match entry.fate {
                Fate::Removed { .. } => "removed",
                Fate::Vanished => "vanished",
                Fate::Left { .. } | Fate::Stuck { .. } => "left",
                Fate::Spared => "spared",
            };
            session[list].as_array_mut().expect("the entry above has this list").push(entry.to_json());
        }
        json!({
            "sessions": sessions.into_iter().map(|(_, session)| session).collect::<Vec<_>>(),
            "elapsed_ms": self.began.elapsed().as_millis() as u64,
            "failure": self.failure(),
        })
    }

    fn entry(&mut self, class: Class, id: &str) -> Option<&mut Entry> {
        self.entries.get_mut(&(class, id.to_owned()))
    }

    fn of(&self, class: Class) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(move |entry| entry.resource.class == class)
    }
}

impl Entry {
    fn to_json(&self) -> Value {
        let resource = &self.resource;
        let age = resource.created.and_then(|created| SystemTime::now().duration_since(created).ok());
        let mut json = json!({
            "kind": resource.class.to_string(),
            "id": resource.id,
            "name": resource.name(),
            "age_seconds": age.map(|age| age.as_secs()),
        });
        match &self.fate {
            Fate::Removed { after } => json["took_ms"] = json!(after.as_millis() as u64),
            Fate::Left { reason, .. } | Fate::Stuck { reason } => json["reason"] = json!(reason),
            Fate::Vanished | Fate::Spared => {}
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report with one volume in it.
    fn report() -> (Report, Resource) {
        let list = json!({ "Volumes": [{ "Name": "v" }] });
        let volume = Resource::of_list(Class::Volume, &list).remove(0);
        let mut report = Report::default();
        report.record_found("label=a".into(), &volume);
        (report, volume)
    }

    #[test]
    fn a_resource_that_somebody_else_removed_is_not_counted() {
        let (mut report, volume) = report();
        report.record_absent(Class::Volume, "v");
        assert_eq!((report.removed(Class::Volume), report.failure()), (0, None));
        assert_eq!(report.to_json()["sessions"][0]["vanished"][0]["name"], "v");
        report.record_found("label=a".into(), &volume);
        assert!(report.failure().is_some(), "it is there again");
        report.record_removed(&volume);
        assert_eq!((report.removed(Class::Volume), report.failure()), (1, None));
    }

    #[test]
    fn a_resource_that_vanishes_after_an_unanswered_removal_is_counted() {
        let (mut report, volume) = report();
        report.record_failed(&volume, "no answer".into(), true);
        report.record_failed(&volume, "refused".into(), false);
        report.record_absent(Class::Volume, "v");
        assert_eq!((report.removed(Class::Volume), report.failure()), (1, None));
    }

    #[test]
    fn a_resource_that_vanishes_after_a_refused_removal_is_not_counted() {
        let (mut report, volume) = report();
        report.record_failed(&volume, "refused".into(), false);
        report.record_absent(Class::Volume, "v");
        assert_eq!((report.removed(Class::Volume), report.failure()), (0, None));
    }
}
