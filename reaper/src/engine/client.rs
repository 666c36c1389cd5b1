//! The calls.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::NetworkDisconnectRequest;
use bollard::query_parameters::{RemoveContainerOptions, RemoveImageOptions, RemoveVolumeOptions};
use bollard::{ClientVersion, Docker};
use seatrial_core::reaper::Filter;
use serde_json::{Value, json};

use super::resource::{Class, Resource};
use super::transport::Transport;
use crate::settings::Settings;

/// From this version of the API on a volume's time is that of its creation, and not of the last write to its root.
const VOLUMES_ARE_DATED: (u16, u16) = (1, 42);

/// How much of an answer that is not an engine's is shown, in characters.
const SHOWN: usize = 200;

/// An engine's client.
#[derive(Debug)]
pub struct Engine {
    docker: Docker,
    transport: Transport,
    timeout: Duration,
}

/// Why a request failed.
#[derive(Debug)]
pub struct EngineError {
    /// The status, if the engine answered.
    status: Option<u16>,
    message: String,
}

impl Engine {
    /// A client for the settings' engine; nothing is asked yet, so the engine may come later.
    ///
    /// # Errors
    /// If its address makes no sense.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let transport = Transport::parse(&settings.docker_host, settings.certificates.as_ref())?;
        let api = ClientVersion { major_version: 1, minor_version: 41 };
        // Bollard's own timeout covers the head of a response only; the calls here have their own.
        let docker = Docker::connect_with_custom_transport(
            transport.for_bollard(),
            Some("http://localhost"),
            24 * 60 * 60,
            &api,
        )
        .map_err(|error| format!("the engine's client could not be made: {error}"))?;
        Ok(Self { docker, transport, timeout: settings.request_timeout })
    }

    /// Whether the engine can be used at all; one that is only away can.
    ///
    /// # Errors
    /// A message for people, if its socket is not a socket, or not for us.
    pub async fn check(&self) -> Result<(), String> {
        self.transport.check().await
    }

    /// What there is of a class: all, or what the filter selects.
    ///
    /// # Errors
    /// If the engine does not answer in time, or not with a list.
    pub async fn list(&self, class: Class, filter: Option<&Filter>) -> Result<Vec<Resource>, EngineError> {
        let mut path = class.path().to_owned();
        if let Some(filter) = filter {
            let filters = json!({ "label": filter.labels().collect::<Vec<_>>() });
            path.push_str(&format!("&filters={}", percent_encoded(&filters.to_string())));
        }
        Ok(Resource::of_list(class, &self.get(&path).await?))
    }

    /// Whether a volume's time can be believed; not if the engine does not say.
    pub async fn dates_volumes(&self) -> bool {
        let version = self.get("/version").await.unwrap_or_default();
        let api = version["ApiVersion"].as_str().and_then(|api| api.split_once('.'));
        let api = api.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        api.is_some_and(|api: (u16, u16)| api >= VOLUMES_ARE_DATED)
    }

    /// Removes something; an image loses each of its tags, and goes with the last.
    ///
    /// # Errors
    /// If the engine refuses, or does not answer in time.
    pub async fn remove(&self, resource: &Resource) -> Result<(), EngineError> {
        let id = &resource.id;
        match resource.class {
            Class::Container => {
                let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
                self.within(self.docker.remove_container(id, Some(options))).await
            }
            Class::Network => self.within(self.docker.remove_network(id)).await,
            Class::Volume => {
                let options = Some(RemoveVolumeOptions { force: true });
                self.within(self.docker.remove_volume(&percent_encoded(id), options)).await
            }
            Class::Image if resource.tags.is_empty() => self.remove_image(id).await,
            Class::Image => {
                for tag in &resource.tags {
                    self.remove_image(tag).await.or_else(EngineError::unless_gone)?;
                }
                Ok(())
            }
        }
    }

    async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        let removal = self.docker.remove_image(reference, None::<RemoveImageOptions>, None);
        self.within(removal).await.map(drop)
    }

    /// Whether a container is gone by now.
    ///
    /// # Errors
    /// If the engine does not say.
    pub async fn is_container_gone(&self, id: &str) -> Result<bool, EngineError> {
        match self.get(&format!("/containers/{id}/json")).await {
            Ok(_) => Ok(false),
            Err(error) if error.is_gone() => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Takes every container off a network.
    ///
    /// # Errors
    /// If the engine refuses, or does not answer in time.
    pub async fn empty_network(&self, id: &str) -> Result<(), EngineError> {
        let network = self.get(&format!("/networks/{id}")).await?;
        for container in network["Containers"].as_object().into_iter().flatten().map(|(id, _)| id) {
            let request = NetworkDisconnectRequest { container: container.clone(), force: Some(true) };
            self.within(self.docker.disconnect_network(id, request))
                .await
                .or_else(EngineError::unless_gone)?;
        }
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<Value, EngineError> {
        let (status, body) = self.within(self.transport.get(path)).await?;
        let value = serde_json::from_slice::<Value>(&body);
        if status == 200 {
            // An answer that cannot be read must not pass for an empty list.
            return value
                .map_err(|error| EngineError { status: None, message: format!("not JSON: {error}") });
        }
        let message = value.ok().and_then(|value| value["message"].as_str().map(str::to_owned));
        // What is no engine has another way to give its reason.
        let message = message.unwrap_or_else(|| {
            String::from_utf8_lossy(&body).chars().take(SHOWN).collect::<String>().trim().to_owned()
        });
        Err(EngineError { status: Some(status), message })
    }

    async fn within<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, EngineError> {
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                Err(EngineError { status: None, message: format!("no answer within {:?}", self.timeout) })
            }
        }
    }
}

impl EngineError {
    /// An error of our own making.
    pub(crate) fn new(message: &str) -> Self {
        Self { status: None, message: message.to_owned() }
    }

    /// Whether what was to be removed is not there.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status == Some(404)
    }

    /// Whether somebody else removes it just now.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.status == Some(409) && self.message.contains("already in progress")
    }

    /// Whether a network was refused for what is on it.
    #[must_use]
    pub fn has_endpoints(&self) -> bool {
        self.message.contains("active endpoints") || self.message.contains("containers associated")
    }

    fn unless_gone(self) -> Result<(), Self> {
        if self.is_gone() { Ok(()) } else { Err(self) }
    }
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                Self { status: Some(status_code), message: message.trim().to_owned() }
            }
            other => Self { status: None, message: other.to_string() },
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "the engine answered {status}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for EngineError {}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let encode = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}
