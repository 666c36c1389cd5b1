//! Lists created resources by their labels: those of one creation whose answer was lost, or those of whole sessions.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seatrial_core::labels;
use serde_json::{Value, json};

use super::client::Engine;
use super::path::ApiPath;
use crate::words::{Result, parse_rfc3339};

/// A resource that carries a session's label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labelled {
    pub(crate) kind: Resource,
    /// The full id; for a volume, its name.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) session: String,
    pub(crate) owner: Option<String>,
    pub(crate) is_kept: bool,
    /// Set for a running reaper, which cleans up for its session.
    pub(crate) is_live_reaper: bool,
    pub(crate) created: Option<SystemTime>,
}

impl Labelled {
    fn read(kind: Resource, item: &Value) -> Option<Self> {
        let label = |key: &str| item["Labels"][key].as_str().map(str::to_owned);
        let name = item["Name"].as_str().or_else(|| item["Names"][0].as_str())?;
        // A number of seconds for containers, a text for the others.
        let created = match item["Created"].as_u64() {
            Some(seconds) => Some(UNIX_EPOCH + Duration::from_secs(seconds)),
            None => item["Created"].as_str().or_else(|| item["CreatedAt"].as_str()).and_then(parse_rfc3339),
        };
        Some(Self {
            kind,
            id: item["Id"].as_str().unwrap_or(name).to_owned(),
            name: name.trim_start_matches('/').to_owned(),
            session: label(labels::SESSION)?,
            owner: label(labels::OWNER),
            is_kept: label(labels::KEEP).as_deref() == Some("true"),
            is_live_reaper: label(labels::RYUK).is_some() && item["State"] == "running",
            created,
        })
    }
}

/// The kinds of resources that we create on an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Container,
    Network,
    Volume,
}

impl Resource {
    /// Returns the path that lists all resources of this kind.
    fn path(self) -> ApiPath {
        match self {
            Self::Container => ApiPath::new("/containers/json").with("all", 1),
            Self::Network => ApiPath::new("/networks"),
            Self::Volume => ApiPath::new("/volumes"),
        }
    }

    /// Returns the items of a list. The engine may encode an empty list as null.
    fn items(self, list: &Value) -> impl Iterator<Item = &Value> {
        let items = match self {
            Self::Container | Self::Network => list,
            Self::Volume => &list["Volumes"],
        };
        items.as_array().into_iter().flatten()
    }

    /// Returns the ids in a list by which the resources are removed.
    fn ids(self, list: &Value) -> Vec<String> {
        let key = match self {
            Self::Container | Self::Network => "Id",
            Self::Volume => "Name",
        };
        self.items(list).filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::Network => "network",
            Self::Volume => "volume",
        })
    }
}

impl Engine {
    /// Returns the resources made by one creation, found by its label: full ids, or names for volumes. Empty if it made
    /// none yet.
    pub(crate) async fn made_by(&self, creation: &str, kind: Resource, name: &str) -> Result<Vec<String>> {
        let what = self.what("look for", format!("{kind} `{name}`"));
        let filters = json!({ "label": [format!("{}={creation}", labels::CREATION)] });
        let path = kind.path().with("filters", filters);
        let transport = self.transport();
        let list = self.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await?;
        Ok(kind.ids(&list))
    }

    /// Returns all resources that carry the label of any session.
    pub(crate) async fn labelled(&self) -> Result<Vec<Labelled>> {
        let mut found = Vec::new();
        for kind in [Resource::Container, Resource::Network, Resource::Volume] {
            let what = self.what("list", format!("{kind}s"));
            let path = kind.path().with("filters", json!({ "label": [labels::SESSION] }));
            let transport = self.transport();
            let list = self.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await?;
            found.extend(kind.items(&list).filter_map(|item| Labelled::read(kind, item)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_of_any_shape_has_nothing() {
        for kind in [Resource::Container, Resource::Network, Resource::Volume] {
            for list in [json!([]), json!(null), json!({ "Volumes": null }), json!({ "Volumes": [] })] {
                assert!(kind.ids(&list).is_empty(), "{kind}: {list}");
            }
        }
    }

    #[test]
    fn volumes_go_by_name_and_all_else_by_id() {
        assert_eq!(Resource::Network.ids(&json!([{ "Id": "a", "Name": "b" }])), ["a"]);
        assert_eq!(Resource::Volume.ids(&json!({ "Volumes": [{ "Name": "b" }] })), ["b"]);
    }
}
