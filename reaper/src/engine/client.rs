//! The engine's client: the requests that a reaper makes, each with a time limit.

use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::errors::Error;
use bollard::models::NetworkDisconnectRequest;
use bollard::query_parameters::{
    KillContainerOptions, RemoveContainerOptions, RemoveImageOptions, RemoveVolumeOptions,
};
use bollard::{ClientVersion, Docker};
use bytes::Bytes;
use seatrial_core::reaper::Filter;
use serde_json::{Value, json};

use super::error::EngineError;
use super::resource::{Class, Resource};
use super::transport::Transport;
use crate::settings::Settings;

/// The first version of the API in which a volume's time is that of its creation. Before, it is that of the last write
/// to the volume's root.
const VOLUMES_ARE_DATED: (u16, u16) = (1, 42);

/// The most characters that are shown of an answer without the engine's error message.
const MAX_SHOWN: usize = 200;

/// An engine's client.
#[derive(Debug)]
pub struct Engine {
    docker: Docker,
    transport: Transport,
    timeout: Duration,
    /// The answer of [`is_podman`](Self::is_podman), once the engine has given it.
    is_podman: OnceLock<bool>,
}

impl Engine {
    /// Makes a client for the engine that the settings name. It sends nothing, so the engine need not run yet.
    ///
    /// # Errors
    /// The engine's address or its certificates can't be used.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let transport = Transport::parse(&settings.docker_host, settings.certificates.as_ref())?;
        let api = ClientVersion { major_version: 1, minor_version: 41 };
        // Bollard's time limit covers only the head of a response. The calls here have a limit of their own.
        let docker = Docker::connect_with_custom_transport(
            transport.for_bollard(),
            Some("http://localhost"),
            24 * 60 * 60,
            &api,
        )
        .map_err(|error| format!("failed to make the engine's client: {error}"))?;
        Ok(Self { docker, transport, timeout: settings.request_timeout, is_podman: OnceLock::new() })
    }

    /// Checks that the engine can be used. An engine that does not run passes, because it may start later.
    ///
    /// # Errors
    /// The socket is not a socket, access to it is denied, or the certificates are refused.
    pub async fn check(&self) -> Result<(), String> {
        self.transport.check().await
    }

    /// Lists the resources of a class: all, or those that a filter selects.
    ///
    /// # Errors
    /// The engine does not answer in time, or does not answer with a list.
    pub async fn list(&self, class: Class, filter: Option<&Filter>) -> Result<Vec<Resource>, EngineError> {
        let mut path = class.list_path().to_owned();
        if let Some(filter) = filter {
            let filters = json!({ "label": filter.labels().collect::<Vec<_>>() });
            path.push_str(&format!("&filters={}", percent_encoded(&filters.to_string())));
        }
        Ok(Resource::of_list(class, &self.get_json(&path).await?))
    }

    /// Returns `true` if the engine says that a volume's time is the time of its creation.
    pub async fn dates_volumes(&self) -> bool {
        let version = self.get_json("/version").await.unwrap_or_default();
        let api = version["ApiVersion"].as_str().and_then(|api| api.split_once('.'));
        let api = api.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        api.is_some_and(|api: (u16, u16)| api >= VOLUMES_ARE_DATED)
    }

    /// Returns the value of a label of an image; `None` if the image does not exist or has no such label.
    ///
    /// # Errors
    /// The engine does not answer in time, or answers with another error.
    pub async fn image_label(&self, image: &str, key: &str) -> Result<Option<String>, EngineError> {
        match self.get_json(&format!("/images/{image}/json")).await {
            Ok(image) => Ok(image["Config"]["Labels"][key].as_str().map(str::to_owned)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the tags that an image was given, oldest first, as far as the engine remembers.
    ///
    /// # Errors
    /// The engine does not answer in time, or answers with an error.
    pub async fn tag_history(&self, image: &str) -> Result<Vec<String>, EngineError> {
        let filters = json!({ "type": ["image"], "event": ["tag"] }).to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, nanos) = (now.as_secs(), now.subsec_nanos());
        // With an end in the past, the engine sends what it remembers and closes.
        let path =
            format!("/events?since=0&until={seconds}.{nanos:09}&filters={}", percent_encoded(&filters));
        let events = self.get(&path).await?;
        let events = events.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        let tag = |event: Value| {
            (event["Actor"]["ID"] == image)
                .then(|| event["Actor"]["Attributes"]["name"].as_str().map(str::to_owned))
        };
        Ok(events.filter_map(tag).flatten().collect())
    }

    /// Removes a container, in whatever state it is, with its anonymous volumes.
    ///
    /// # Errors
    /// The engine refuses, or does not answer in time.
    pub async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        // Podman gives a process its stop timeout of 10 s at a forced removal. A failure is the removal's to report: the
        // container may not run, or be gone.
        if self.is_podman().await {
            let _ = self.limited(self.docker.kill_container(id, None::<KillContainerOptions>)).await;
        }
        let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        self.limited(self.docker.remove_container(id, Some(options))).await
    }

    /// Removes a network.
    ///
    /// # Errors
    /// As [`remove_container`](Self::remove_container).
    pub async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        self.limited(self.docker.remove_network(id)).await
    }

    /// Removes a volume. With `force`, the engine ignores a failure of the volume's driver, and a volume that does not
    /// exist.
    ///
    /// # Errors
    /// As [`remove_container`](Self::remove_container).
    pub async fn remove_volume(&self, name: &str, force: bool) -> Result<(), EngineError> {
        let options = Some(RemoveVolumeOptions { force });
        self.limited(self.docker.remove_volume(&percent_encoded(name), options)).await
    }

    /// Removes an image's tag, and with its last tag the image.
    ///
    /// # Errors
    /// As [`remove_container`](Self::remove_container).
    pub async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        let removal = self.docker.remove_image(reference, None::<RemoveImageOptions>, None);
        self.limited(removal).await.map(drop)
    }

    /// Returns `true` if a container exists.
    ///
    /// # Errors
    /// The engine does not answer in time, or answers with another error.
    pub async fn has_container(&self, id: &str) -> Result<bool, EngineError> {
        match self.get_json(&format!("/containers/{id}/json")).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Disconnects every container from a network.
    ///
    /// # Errors
    /// As [`remove_container`](Self::remove_container).
    pub async fn empty_network(&self, id: &str) -> Result<(), EngineError> {
        let network = self.get_json(&format!("/networks/{id}")).await?;
        for container in network["Containers"].as_object().into_iter().flatten().map(|(id, _)| id) {
            let request = NetworkDisconnectRequest { container: container.clone(), force: Some(true) };
            match self.limited(self.docker.disconnect_network(id, request)).await {
                Err(error) if !error.is_not_found() => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Returns `true` if the engine is Podman, by the headers of its answer to a ping.
    async fn is_podman(&self) -> bool {
        if let Some(known) = self.is_podman.get() {
            return *known;
        }
        match self.limited(self.transport.server()).await {
            Ok(server) => *self.is_podman.get_or_init(|| server.starts_with("Libpod/")),
            Err(_) => false,
        }
    }

    async fn get_json(&self, path: &str) -> Result<Value, EngineError> {
        // An answer that can't be read must not pass for an empty list.
        serde_json::from_slice(&self.get(path).await?)
            .map_err(|error| EngineError::new(format!("the engine's answer is not JSON: {error}")))
    }

    async fn get(&self, path: &str) -> Result<Bytes, EngineError> {
        let (status, body) = self.limited(self.transport.get(path)).await?;
        if status == 200 {
            return Ok(body);
        }
        let answer = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        // A proxy before the engine has another form of error.
        let message = answer["message"].as_str().map_or_else(
            || String::from_utf8_lossy(&body).chars().take(MAX_SHOWN).collect::<String>().trim().to_owned(),
            str::to_owned,
        );
        Err(EngineError { status: Some(status), message })
    }

    async fn limited<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, EngineError> {
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(EngineError::new(format!("no answer within {:?}", self.timeout))),
        }
    }
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let encode = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}
