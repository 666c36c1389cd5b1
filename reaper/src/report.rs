//! What was found, what of it is gone, and what is left; as one JSON line at the end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value, json};

use crate::engine::{Class, Resource};

/// The record of all prunes.
#[derive(Debug)]
pub struct Report {
    began: Instant,
    entries: BTreeMap<(Class, String), Entry>,
    /// Why it is not known whether all is gone.
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
    Gone {
        after: Duration,
    },
    Left {
        reason: String,
    },
    /// A dry run removes nothing.
    Spared,
}

impl Default for Report {
    fn default() -> Self {
        Self { began: Instant::now(), entries: BTreeMap::new(), doubts: Vec::new() }
    }
}

impl Report {
    /// Something is there that is to go, or still there.
    pub(crate) fn found(&mut self, filter: String, resource: &Resource, is_spared: bool) {
        let new = || Fate::Left { reason: "it was not removed in time".into() };
        let entry = self.entries.entry((resource.class, resource.id.clone())).or_insert_with(|| Entry {
            filter,
            resource: resource.clone(),
            found: Instant::now(),
            fate: new(),
        });
        match entry.fate {
            _ if is_spared => entry.fate = Fate::Spared,
            Fate::Gone { .. } => entry.fate = new(),
            Fate::Left { .. } | Fate::Spared => {}
        }
    }

    /// Something is not there any more.
    pub(crate) fn gone(&mut self, class: Class, id: &str) {
        if let Some(entry) = self.entries.get_mut(&(class, id.to_owned()))
            && matches!(entry.fate, Fate::Left { .. })
        {
            entry.fate = Fate::Gone { after: entry.found.elapsed() };
        }
    }

    /// Something could not be removed.
    pub(crate) fn failed(&mut self, resource: &Resource, reason: String) {
        if let Some(entry) = self.entries.get_mut(&(resource.class, resource.id.clone())) {
            entry.fate = Fate::Left { reason };
        }
    }

    /// What is left of a class, by id.
    pub(crate) fn left_of(&self, class: Class) -> Vec<String> {
        let left = |entry: &&Entry| entry.resource.class == class && matches!(entry.fate, Fate::Left { .. });
        self.entries.values().filter(left).map(|entry| entry.resource.id.clone()).collect()
    }

    /// It cannot be told whether all is gone.
    pub(crate) fn doubt(&mut self, reason: String) {
        self.doubts.push(reason);
    }

    /// How many of a class are gone.
    #[must_use]
    pub fn removed(&self, class: Class) -> usize {
        let gone = |entry: &&Entry| entry.resource.class == class && matches!(entry.fate, Fate::Gone { .. });
        self.entries.values().filter(gone).count()
    }

    /// What keeps the reaper from being done, by name and with the reason; nothing if it is.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let left: Vec<String> = self
            .entries
            .values()
            .filter_map(|entry| match &entry.fate {
                Fate::Left { reason } => Some(format!("{} ({reason})", entry.resource)),
                Fate::Gone { .. } | Fate::Spared => None,
            })
            .collect();
        if left.is_empty() {
            return self.doubts.first().cloned();
        }
        Some(format!("left {} items: {}", left.len(), left.join(", ")))
    }

    /// The report for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut sessions: Map<String, Value> = Map::new();
        for entry in self.entries.values() {
            let session = sessions.entry(&entry.filter).or_insert_with(
                || json!({ "filter": entry.filter, "removed": [], "left": [], "spared": [] }),
            );
            let list = match entry.fate {
                Fate::Gone { .. } => "removed",
                Fate::Left { .. } => "left",
                Fate::Spared => "spared",
            };
            session[list].as_array_mut().expect("a list was put there").push(entry.to_json());
        }
        json!({
            "sessions": sessions.into_iter().map(|(_, session)| session).collect::<Vec<_>>(),
            "elapsed_ms": self.began.elapsed().as_millis() as u64,
            "failure": self.failure(),
        })
    }
}

impl Entry {
    fn to_json(&self) -> Value {
        let resource = &self.resource;
        let age = resource.created.and_then(|created| SystemTime::now().duration_since(created).ok());
        let mut json = json!({
            "kind": resource.class.to_string(),
            "id": resource.id,
            "name": resource.name,
            "age_seconds": age.map(|age| age.as_secs()),
        });
        match &self.fate {
            Fate::Gone { after } => json["took_ms"] = json!(after.as_millis() as u64),
            Fate::Left { reason } => json["reason"] = json!(reason),
            Fate::Spared => {}
        }
        json
    }
}
