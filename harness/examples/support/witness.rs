//! Queries of the demo to the engine. They bypass the library, so that it does not check itself.

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use seatrial::{Session, container::ContainerId, engine::Endpoint};
use serde_json::Value;

/// A plain HTTP client of the engine's API.
pub(crate) struct Witness {
    client: reqwest::Client,
    base: Url,
}

impl Witness {
    /// Creates a client for the engine that a session uses.
    pub(crate) fn of(session: &Session) -> Result<Self> {
        let builder = reqwest::Client::builder();
        let (builder, base) = match &session.engine().located().endpoint {
            Endpoint::Unix(socket) => (builder.unix_socket(socket.as_path()), "http://engine".to_owned()),
            Endpoint::Tcp { host, port, tls: None } => (builder, format!("http://{host}:{port}")),
            other => anyhow::bail!("the demo does not ask an engine at `{other}`"),
        };
        Ok(Self { client: builder.build()?, base: base.parse()? })
    }

    /// Returns the names of a container's anonymous volumes, which carry no label to find them by later.
    pub(crate) async fn volumes_of(&self, container: &ContainerId) -> Result<Vec<String>> {
        let container = self.get(&format!("containers/{container}/json"), &[]).await?;
        let mounts = container["Mounts"].as_array().context("the engine reports no mounts")?;
        Ok(mounts.iter().filter_map(|mount| mount["Name"].as_str()).map(str::to_owned).collect())
    }

    /// Describes those of these volumes, and of the resources with the session's label, that still exist. The session's
    /// reaper does not count, since it runs until this process has ended.
    pub(crate) async fn left(&self, session: &Session, volumes: &[String]) -> Result<Vec<String>> {
        let filters = format!(r#"{{"label":["seatrial.session={}"]}}"#, session.id());
        let labelled = [("all", "true"), ("filters", filters.as_str())];
        let mut containers = self.get("containers/json", &labelled).await?;
        if let Some(containers) = containers.as_array_mut() {
            containers.retain(|container| container["Labels"]["org.testcontainers.ryuk"] != "true");
        }
        let networks = self.get("networks", &labelled[1..]).await?;
        let (labelled, all) = (self.get("volumes", &labelled[1..]).await?, self.get("volumes", &[]).await?);

        let mut left = named("container", &containers, "/Names/0");
        left.extend(named("network", &networks, "/Name"));
        left.extend(named("volume", &labelled["Volumes"], "/Name"));
        let is_ours = |volume: &String| volumes.iter().any(|name| volume.ends_with(&format!("`{name}`")));
        left.extend(named("volume", &all["Volumes"], "/Name").into_iter().filter(is_ours));
        Ok(left)
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        let url = Url::parse_with_params(self.base.join(path)?.as_str(), query)?;
        let answer = self.client.get(url.clone()).send().await?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        ensure!(status.is_success(), "the engine answers {status} to `{url}`");
        Ok(serde_json::from_slice(&body)?)
    }
}

/// Describes the entries of a list by their names.
fn named(kind: &str, list: &Value, pointer: &str) -> Vec<String> {
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |entry: &Value| entry.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_owned();
    entries.iter().map(|entry| format!("{kind} `{}`", name(entry))).collect()
}
