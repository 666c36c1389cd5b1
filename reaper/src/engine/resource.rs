//! What an engine holds, as its lists tell it: read tolerantly, since only a few keys matter and engines differ.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seatrial_core::labels;
use serde_json::Value;

use crate::timestamp;

/// The kinds of what is reaped, in the order in which it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// In every state.
    Container,
    /// Those that users made.
    Network,
    /// Named and anonymous.
    Volume,
    /// Tagged or not.
    Image,
}

impl Class {
    /// What hangs on another thing goes before it.
    pub const IN_ORDER: [Self; 4] = [Self::Container, Self::Network, Self::Volume, Self::Image];

    /// The list of all of the class.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Container => "/containers/json?all=1",
            Self::Network => "/networks?",
            Self::Volume => "/volumes?",
            Self::Image => "/images/json?",
        }
    }

    /// The class of several.
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

/// One thing that an engine holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub class: Class,
    /// What it is removed by: a full id, or a volume's name.
    pub id: String,
    /// What people know it by.
    pub name: String,
    /// An image's tags; all of them have to go before it does.
    pub tags: Vec<String>,
    /// When it was made, if the engine says so.
    pub created: Option<SystemTime>,
    labels: BTreeMap<String, String>,
}

impl Resource {
    /// Those of a list; what has no id is left out.
    pub(super) fn of_list(class: Class, list: &Value) -> Vec<Self> {
        let items = if class == Class::Volume { &list["Volumes"] } else { list };
        items.as_array().into_iter().flatten().filter_map(|item| Self::of_item(class, item)).collect()
    }

    fn of_item(class: Class, item: &Value) -> Option<Self> {
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let tags: Vec<String> =
            strings(&item["RepoTags"]).filter(|tag| *tag != "<none>:<none>").map(Into::into).collect();
        let (id, name) = match class {
            Class::Container => {
                let name = strings(&item["Names"]).next().unwrap_or_default();
                (text("Id"), name.trim_start_matches('/').to_owned())
            }
            Class::Network => (text("Id"), text("Name")),
            Class::Volume => (text("Name"), text("Name")),
            Class::Image => (text("Id"), tags.join(",")),
        };
        let labels = item["Labels"].as_object().into_iter().flatten();
        let labels =
            labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        (!id.is_empty()).then(|| Self { class, id, name, tags, created: created(item), labels })
    }

    /// A label's value.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// Whether it is a reaper, or a reaper's image.
    #[must_use]
    pub fn is_reaper(&self) -> bool {
        self.label(labels::RYUK) == Some("true")
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { &self.id } else { &self.name };
        write!(f, "{} {name}", self.class)
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Containers and images tell seconds, networks and volumes a text.
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
                                 "Labels": { "x": "y", labels::RYUK: "true" } }, { "Id": null }]);
        let read = Resource::of_list(Class::Container, &container);
        assert_eq!((read.len(), read[0].to_string().as_str()), (1, "container a"));
        assert_eq!(read[0].created, Some(UNIX_EPOCH + Duration::from_secs(5)));
        assert!(read[0].is_reaper() && read[0].label("x") == Some("y"));
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
