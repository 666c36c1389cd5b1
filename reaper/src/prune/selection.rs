//! Finds the resources that filters select, and leaves out reapers and foreign resources with inherited labels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seatrial_core::labels;
use seatrial_core::ownership::{self, Kind, Ownership};
use seatrial_core::reaper::Filter;

use crate::engine::{Class, Engine, EngineError, Resource};
use crate::log::{self, Level};

/// Up to this many filters, the engine applies each. Beyond, one list of everything costs less than one per filter.
const MAX_FILTERS_FOR_ENGINE: usize = 16;

/// A resource, with the index of the filter that selects it.
pub(super) type Selected = (usize, Resource);

/// Selects resources by filters. Remembers what it learnt of images between passes.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Written by each list; never held across an await.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The creation tokens on images, by image id; an image's labels never change.
    image_creations: BTreeMap<String, Option<String>>,
    /// The foreign resources that were logged, so that each is logged once.
    logged: BTreeSet<(Class, String)>,
}

impl Selection {
    /// Lists the resources of a class that the filters select, each resource once.
    pub(super) async fn list(
        &self,
        engine: &Engine,
        class: Class,
        filters: &[Filter],
    ) -> Result<Vec<Selected>, EngineError> {
        let mut selected = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, resource) in candidates(engine, class, filters).await? {
            if resource.is_reaper() || seen.contains(&resource.id) {
                continue;
            }
            if self.is_meant(engine, &filters[index], &resource).await? {
                seen.insert(resource.id.clone());
                selected.push((index, resource));
            } else {
                self.log_foreign(&resource);
            }
        }
        Ok(selected)
    }

    /// Returns `true` if a filter that matches a resource's labels is meant to select it.
    ///
    /// A filter with Seatrial's session label means only what the session created itself. Any other filter means every
    /// resource with its labels, as in ryuk.
    async fn is_meant(
        &self,
        engine: &Engine,
        filter: &Filter,
        resource: &Resource,
    ) -> Result<bool, EngineError> {
        if !filter.holds(labels::SESSION) {
            return Ok(true);
        }
        let kind = match resource.class {
            Class::Container => Kind::Container,
            Class::Network => Kind::Network,
            Class::Volume => Kind::Volume,
            // Seatrial creates none.
            Class::Image => return Ok(false),
        };
        let names = resource.names.iter().map(String::as_str);
        let ownership = ownership::judge(kind, names, |key| resource.label(key));
        let image_creation = match (ownership, &resource.image) {
            (Ownership::OwnUnlessImageHas { .. }, Some(image)) => self.image_creation(engine, image).await?,
            _ => None,
        };
        Ok(ownership.is_own(image_creation.as_deref()))
    }

    /// Returns the creation token among an image's labels, if the image exists and has one.
    async fn image_creation(&self, engine: &Engine, image: &str) -> Result<Option<String>, EngineError> {
        if let Some(known) = self.known().image_creations.get(image) {
            return Ok(known.clone());
        }
        let creation = engine.image_label(image, labels::CREATION).await?;
        self.known().image_creations.insert(image.to_owned(), creation.clone());
        Ok(creation)
    }

    fn log_foreign(&self, resource: &Resource) {
        if self.known().logged.insert((resource.class, resource.id.clone())) {
            let reason = "it only carries the labels of the session, which did not create it";
            log::write(Level::Info, "left alone", &[("resource", resource), ("reason", &reason)]);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lists the resources whose labels match, once for each filter that they match.
async fn candidates(engine: &Engine, class: Class, filters: &[Filter]) -> Result<Vec<Selected>, EngineError> {
    let mut found = Vec::new();
    if filters.len() <= MAX_FILTERS_FOR_ENGINE {
        for (index, filter) in filters.iter().enumerate() {
            let list = engine.list(class, Some(filter)).await?;
            found.extend(list.into_iter().map(|resource| (index, resource)));
        }
        return Ok(found);
    }
    for resource in engine.list(class, None).await? {
        let matching =
            filters.iter().enumerate().filter(|(_, filter)| filter.matches(|key| resource.label(key)));
        found.extend(matching.map(|(index, _)| (index, resource.clone())));
    }
    Ok(found)
}
