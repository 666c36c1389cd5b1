//! Finding what a creation made whose answer did not come.

use std::fmt;

use seatrial_core::labels;
use serde_json::{Value, json};

use super::client::Engine;
use super::path::ApiPath;
use crate::error::Result;

/// What an engine creates for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Container,
    Network,
    Volume,
}

impl Resource {
    /// The list of all of the kind.
    fn path(self) -> ApiPath {
        match self {
            Self::Container => ApiPath::new("/containers/json").with("all", 1),
            Self::Network => ApiPath::new("/networks"),
            Self::Volume => ApiPath::new("/volumes"),
        }
    }

    /// What they are removed by, from their list.
    fn ids(self, list: &Value) -> Vec<String> {
        let (items, key) = match self {
            Self::Container | Self::Network => (list, "Id"),
            Self::Volume => (&list["Volumes"], "Name"),
        };
        let items = items.as_array().into_iter().flatten();
        items.filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
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
    /// What one creation made, by its label: full ids, or names of volumes. Nothing, if it made nothing yet.
    pub(crate) async fn made_by(&self, creation: &str, kind: Resource, name: &str) -> Result<Vec<String>> {
        let what = self.what("look for", format!("{kind} `{name}`"));
        let filters = json!({ "label": [format!("{}={creation}", labels::CREATION)] });
        let path = kind.path().with("filters", filters);
        let transport = self.transport();
        let list = self.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await?;
        Ok(kind.ids(&list))
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
