//! An engine's resources, as its lists describe them. Reading is tolerant: only a few keys matter, and engines differ.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seatrial_core::labels;
use serde_json::Value;

use crate::timestamp;

/// The classes of resources that a reaper removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Containers in every state.
    Container,
    /// Networks that users created.
    Network,
    /// Named and anonymous volumes.
    Volume,
    /// Images with and without tags.
    Image,
}

impl Class {
    /// All classes in the order of removal: a resource goes before those that it uses.
    pub const IN_ORDER: [Self; 4] = [Self::Container, Self::Network, Self::Volume, Self::Image];

    /// Returns the path and query of the list of all resources of the class; more of the query can be appended.
    pub(super) fn list_path(self) -> &'static str {
        match self {
            Self::Container => "/containers/json?all=1",
            Self::Network => "/networks?",
            Self::Volume => "/volumes?",
            Self::Image => "/images/json?",
        }
    }

    /// Returns the plural of the class's name.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Container => "containers",
            Self::Network => "networks",
            Self::Volume => "volumes",
            Self::Image => "images",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural().trim_end_matches('s'))
    }
}

/// A resource of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The class.
    pub class: Class,
    /// The full id; of a volume, its name.
    pub id: String,
    /// The names. A container that others are linked to has several; an image has none.
    pub names: Vec<String>,
    /// The tags of an image. It is removed with its last tag.
    pub tags: Vec<String>,
    /// The id of a container's image.
    pub image: Option<String>,
    /// The time of creation, if the engine tells it.
    pub created: Option<SystemTime>,
    labels: BTreeMap<String, String>,
}

impl Resource {
    /// Reads a list. Items without an id are left out.
    pub(crate) fn of_list(class: Class, list: &Value) -> Vec<Self> {
        let items = if class == Class::Volume { &list["Volumes"] } else { list };
        items.as_array().into_iter().flatten().filter_map(|item| Self::of_item(class, item)).collect()
    }

    fn of_item(class: Class, item: &Value) -> Option<Self> {
        let text = |key: &str| item[key].as_str().map(str::to_owned);
        let (id, names) = match class {
            Class::Container => {
                let names = strings(&item["Names"]).map(|name| name.trim_start_matches('/').to_owned());
                (text("Id")?, names.collect())
            }
            Class::Network => (text("Id")?, text("Name").into_iter().collect()),
            Class::Volume => (text("Name")?, text("Name").into_iter().collect()),
            Class::Image => (text("Id")?, Vec::new()),
        };
        let tags = strings(&item["RepoTags"]).filter(|tag| *tag != "<none>:<none>");
        let labels = item["Labels"].as_object().into_iter().flatten();
        let labels = labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
        (!id.is_empty()).then(|| Self {
            class,
            id,
            names,
            tags: tags.map(str::to_owned).collect(),
            image: text("ImageID"),
            created: created(item),
            labels: labels.collect(),
        })
    }

    /// Returns the value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// Returns the name for people: the first name, or an image's tags. Empty if there is neither.
    #[must_use]
    pub fn name(&self) -> String {
        self.names.first().cloned().unwrap_or_else(|| self.tags.join(","))
    }

    /// Returns `true` for a reaper's container and a reaper's image.
    #[must_use]
    pub fn is_reaper(&self) -> bool {
        self.label(labels::RYUK) == Some("true")
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        write!(f, "{} {}", self.class, if name.is_empty() { &self.id } else { &name })
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Returns the time of creation: a number of seconds for containers and images, a text for networks and volumes.
fn created(item: &Value) -> Option<SystemTime> {
    if let Some(seconds) = item["Created"].as_u64() {
        return UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    }
    timestamp::parse(item["Created"].as_str().or(item["CreatedAt"].as_str())?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_read_whatever_else_they_hold() {
        let container = json!([{ "Id": "1", "Names": ["/a"], "State": "never heard of", "Created": 5,
                                 "ImageID": "sha256:1", "Labels": { "x": "y", labels::RYUK: "true" } },
                               { "Id": null }]);
        let read = Resource::of_list(Class::Container, &container);
        assert_eq!((read.len(), read[0].to_string().as_str()), (1, "container a"));
        assert_eq!(read[0].created, Some(UNIX_EPOCH + Duration::from_secs(5)));
        assert!(read[0].is_reaper() && read[0].label("x") == Some("y"));
        assert_eq!((read[0].names[0].as_str(), read[0].image.as_deref()), ("a", Some("sha256:1")));
        let image = json!([{ "Id": "i", "RepoTags": ["<none>:<none>"], "Labels": null }]);
        assert!(Resource::of_list(Class::Image, &image)[0].tags.is_empty());
        let volume = json!({ "Volumes": [{ "Name": "v", "CreatedAt": "1970-01-01T00:00:07Z" }] });
        assert_eq!(
            Resource::of_list(Class::Volume, &volume)[0].created,
            Some(UNIX_EPOCH + Duration::from_secs(7))
        );
        for list in [json!(null), json!({ "Volumes": null }), json!([])] {
            assert!(Class::IN_ORDER.iter().all(|class| Resource::of_list(*class, &list).is_empty()));
        }
    }
}
