//! Calls for containers that are found by name and shared with other processes.

use std::collections::HashMap;

use seatrial_core::labels;
use serde_json::{Value, json};

use super::client::{CallError, Engine};
use super::info::ContainerInfo;
use super::path::{ApiPath, encoded};
use super::transport::TransportError;
use crate::base::Run;
use crate::words::{ContainerId, Result};

/// The state of a container that another process may have created.
#[derive(Clone, Debug)]
pub(crate) struct SidecarInfo {
    pub(crate) id: ContainerId,
    pub(crate) info: ContainerInfo,
    pub(crate) labels: HashMap<String, String>,
    env: Vec<String>,
}

impl SidecarInfo {
    fn from_json(answer: Value) -> Result<Self> {
        let labels = answer["Config"]["Labels"].as_object().into_iter().flatten();
        let env = answer["Config"]["Env"].as_array().into_iter().flatten();
        Ok(Self {
            id: ContainerId::new(answer["Id"].as_str().unwrap_or_default().to_owned())?,
            labels: labels
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect(),
            env: env.filter_map(|pair| pair.as_str().map(str::to_owned)).collect(),
            info: ContainerInfo::from_json(answer),
        })
    }

    /// Returns the value of an environment variable from the container's creation.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name)).map(|(_, v)| v)
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }
}

impl Engine {
    /// Inspects the container with this name. Returns `None` if there is none.
    pub(crate) async fn look_for(&self, name: &str) -> Result<Option<SidecarInfo>> {
        let what = self.what("inspect", format!("container `{name}`"));
        let (transport, path) = (self.transport(), format!("/containers/{}/json", encoded(name)));
        let answer = self.call(what, async move {
            match transport.get_json(&path).await {
                Ok(answer) => Ok(Some(answer)),
                Err(TransportError::Status { status: 404, .. }) => Ok(None),
                Err(error) => Err(CallError::from(error)),
            }
        });
        answer.await?.map(SidecarInfo::from_json).transpose()
    }

    /// Returns the reapers of all sessions that were created and never started: full ids, each with the label of its
    /// owner.
    pub(crate) async fn reapers_never_started(&self) -> Result<Vec<(ContainerId, String)>> {
        let filters = json!({
            "label": [format!("{}=true", labels::RYUK), labels::SESSION, labels::OWNER],
            "status": ["created"],
        });
        let path = ApiPath::new("/containers/json").with("all", 1).with("filters", filters);
        let (what, transport) = (self.what("list", "reapers"), self.transport());
        let list = self.call(what, async move { Ok(transport.get_json(path.as_str()).await?) }).await?;
        let read = |item: &Value| {
            let id = ContainerId::new(item["Id"].as_str()?.to_owned()).ok()?;
            Some((id, item["Labels"][labels::OWNER].as_str()?.to_owned()))
        };
        Ok(list.as_array().into_iter().flatten().filter_map(read).collect())
    }

    /// Removes a container unless it runs. The removal is not forced, so that one which was started meanwhile stays.
    pub(crate) fn remove_idle_container(&self, id: &ContainerId) -> Run<Result<()>> {
        let what = self.what("remove", format!("container `{}`", id.short()));
        let (transport, path) = (self.transport(), format!("/containers/{id}?v=1"));
        self.call_in_turn(what, async move {
            transport.request(hyper::Method::DELETE, &path).await?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_was_created_with_is_read() {
        let sidecar = SidecarInfo::from_json(json!({
            "Id": "a".repeat(64), "State": {"Status": "running", "Running": true},
            "Config": {"Env": ["A=b=c", "AB=", "odd"], "Labels": {"k": "v"}},
        }))
        .expect("an id");
        assert_eq!((sidecar.variable("A"), sidecar.variable("AB")), (Some("b=c"), Some("")));
        assert_eq!((sidecar.variable("odd"), sidecar.label("k")), (None, Some("v")));
    }

    #[test]
    fn an_answer_without_an_id_is_an_error() {
        SidecarInfo::from_json(json!({})).expect_err("whose answer is it?");
    }
}
