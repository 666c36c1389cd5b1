//! Lists created resources by their labels: those of one creation whose answer was lost, or those of whole sessions.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seatrial_core::labels;
use seatrial_core::ownership::{self, Ownership};
use serde_json::{Value, json};

use super::client::{Engine, What};
use super::path::{ApiPath, encoded};
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

    /// Returns the full id of an item of their list, or the name of a volume.
    fn id(self, item: &Value) -> Option<String> {
        let key = match self {
            Self::Container | Self::Network => "Id",
            Self::Volume => "Name",
        };
        item[key].as_str().map(str::to_owned)
    }

    /// Decides from an item of their list whether a session created it.
    fn judge(self, item: &Value) -> Ownership<'_> {
        let names = item["Names"].as_array().into_iter().flatten().chain([&item["Name"]]);
        let label = |key: &str| item["Labels"][key].as_str();
        ownership::judge(self.into(), names.filter_map(Value::as_str), label)
    }
}

impl From<Resource> for ownership::Kind {
    fn from(kind: Resource) -> Self {
        match kind {
            Resource::Container => Self::Container,
            Resource::Network => Self::Network,
            Resource::Volume => Self::Volume,
        }
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
    /// Returns the resources that one creation made, by its token: full ids, or names of volumes. Empty if it has made
    /// nothing yet.
    pub(crate) async fn made_by(&self, creation: &str, kind: Resource, name: &str) -> Result<Vec<String>> {
        let what = self.what("look for", format!("{kind} `{name}`"));
        let items = self.own_with(kind, format!("{}={creation}", labels::CREATION), what).await?;
        Ok(items.iter().filter_map(|item| kind.id(item)).collect())
    }

    /// Returns all resources that a session of Seatrial created.
    pub(crate) async fn labelled(&self) -> Result<Vec<Labelled>> {
        let mut found = Vec::new();
        for kind in [Resource::Container, Resource::Network, Resource::Volume] {
            let what = self.what("list", format!("{kind}s"));
            let items = self.own_with(kind, labels::SESSION.to_owned(), what).await?;
            found.extend(items.iter().filter_map(|item| Labelled::read(kind, item)));
        }
        Ok(found)
    }

    /// Lists the resources of a kind with a label. Leaves out those that only carry the labels of a resource of ours,
    /// inherited or copied; see [`ownership`].
    async fn own_with(&self, kind: Resource, label: String, what: What) -> Result<Vec<Value>> {
        let path = kind.path().with("filters", json!({ "label": [label] }));
        let transport = self.transport();
        let list = self.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await?;
        let mut tokens = HashMap::new();
        let mut own = Vec::new();
        for item in kind.items(&list) {
            let ownership = kind.judge(item);
            let is_own = match ownership {
                Ownership::OwnUnlessImageHas { .. } => {
                    let image = item["ImageID"].as_str().unwrap_or_default();
                    if !tokens.contains_key(image) {
                        tokens.insert(image, self.image_token(image).await?);
                    }
                    match &tokens[image] {
                        ImageToken::Known(token) => ownership.is_own(token.as_deref()),
                        // Nobody can tell any more.
                        ImageToken::Unknown => false,
                    }
                }
                Ownership::Own | Ownership::Foreign => ownership.is_own(None),
            };
            if is_own {
                own.push(item.clone());
            }
        }
        Ok(own)
    }

    /// Asks for the creation token that an image inherited from a container of ours, if it did.
    async fn image_token(&self, image: &str) -> Result<ImageToken> {
        let what = self.what("look for", format!("image `{image}`"));
        let (transport, path) = (self.transport(), format!("/images/{}/json", encoded(image)));
        match self.call(what, async move { Ok(transport.get_json(&path).await?) }).await {
            Ok(answer) => {
                let token = answer["Config"]["Labels"][labels::CREATION].as_str();
                Ok(ImageToken::Known(token.map(str::to_owned)))
            }
            Err(error) if error.is_not_found() => Ok(ImageToken::Unknown),
            Err(error) => Err(error),
        }
    }
}

/// The creation token among an image's labels.
enum ImageToken {
    Known(Option<String>),
    /// The image is gone.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_of_any_shape_has_nothing() {
        for kind in [Resource::Container, Resource::Network, Resource::Volume] {
            for list in [json!([]), json!(null), json!({ "Volumes": null }), json!({ "Volumes": [] })] {
                assert_eq!(kind.items(&list).count(), 0, "{kind}: {list}");
            }
        }
    }

    #[test]
    fn volumes_go_by_name_and_all_else_by_id() {
        assert_eq!(Resource::Network.id(&json!({ "Id": "a", "Name": "b" })).as_deref(), Some("a"));
        assert_eq!(Resource::Volume.id(&json!({ "Name": "b" })).as_deref(), Some("b"));
    }

    #[test]
    fn a_resource_with_the_labels_of_another_is_foreign() {
        let labels = |kind: &str, name: &str| json!({ labels::SESSION: "s", labels::CREATION: "t", labels::CREATED_AS: format!("{kind}/{name}") });
        let container = |names: &[&str]| json!({ "Names": names, "Labels": labels("container", "db") });
        let judged = |names: &[&str]| Resource::Container.judge(&container(names)).is_own(None);
        assert!(judged(&["/db"]) && judged(&["/linked/db", "/db"]));
        assert!(!judged(&["/mine"]) && !judged(&[]));
        let volume = |name: &str| json!({ "Name": name, "Labels": labels("volume", "data") });
        assert!(Resource::Volume.judge(&volume("data")).is_own(None));
        assert!(!Resource::Volume.judge(&volume("data2")).is_own(None));
        assert!(!Resource::Network.judge(&volume("data")).is_own(None));
    }
}
