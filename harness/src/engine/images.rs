//! Calls for images. Pulls are read here and not by bollard: an error within the stream is reported as one, and
//! credentials are encoded in the alphabet that the engine decodes.

use base64::Engine as _;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::Value;
use tokio::sync::mpsc;

use super::client::{CallError, Engine};
use super::json_values::JsonValues;
use super::path::{ApiPath, encoded};
use super::streams::{bodies, unless_silent};
use super::transport::checked;
use crate::image::{Credentials, ImageRef};
use crate::words::{Error, Kind, Result};

/// An event of a pull, as the engine reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PullEvent {
    /// The layer's id. Empty for an event about the whole image.
    pub(crate) layer: String,
    /// `Downloading`, `Pull complete`, …
    pub(crate) status: String,
    /// The bytes done and the total, if the engine reports them.
    pub(crate) bytes: Option<(u64, u64)>,
}

impl Engine {
    /// Returns the id of an image, or `None` if the engine does not have it.
    pub(crate) async fn image_id(&self, image: &str) -> Result<Option<String>> {
        let what = self.what("look for", format!("image `{image}`"));
        let (transport, path) = (self.transport(), format!("/images/{}/json", encoded_reference(image)));
        let found = self.call(what, async move { Ok(transport.get_json(&path).await?) }).await;
        match found {
            Ok(answer) => Ok(answer["Id"].as_str().map(str::to_owned)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pulls an image, in a single attempt. Each event is sent to `progress`. It must be polled on the background
    /// thread.
    pub(crate) async fn pull(
        &self,
        image: &ImageRef,
        platform: Option<&str>,
        credentials: Option<&Credentials>,
        progress: mpsc::UnboundedSender<PullEvent>,
    ) -> Result<()> {
        let subject = format!("image `{}`", image.as_given());
        let reference = image.digest().or(image.tag()).unwrap_or("latest").to_owned();
        let path = ApiPath::new("/images/create")
            .with("fromImage", format!("{}/{}", image.registry(), image.repository()))
            .with("tag", reference)
            .with_some("platform", platform);
        let mut request = Request::builder().method(Method::POST).uri(path.as_str());
        if let Some(credentials) = credentials {
            request = request.header("x-registry-auth", auth_header(credentials, image.registry()));
        }
        let request = request.body(Full::<Bytes>::default()).expect("headers are base64");
        let what = self.what("pull", subject.clone());
        let transport = self.transport();
        let response = self
            .call(what.clone(), async move {
                checked(transport.send(request).await?).await.map_err(CallError::from)
            })
            .await?;
        let mut body = unless_silent(bodies(response.into_body()), what);
        let mut values = JsonValues::default();
        while let Some(piece) = body.next().await {
            values.push(&piece.map_err(|error| error.with_subject(subject.clone()).with_phase("pull"))?);
            while let Some(value) = values.next() {
                progress.send(event(&value, &subject)?).ok();
            }
        }
        Ok(())
    }
}

/// Reads an event. An error within the stream, whose status was 200, is returned as one.
fn event(value: &Value, subject: &str) -> Result<PullEvent> {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    if let Some(message) = value["error"].as_str().or_else(|| value["errorDetail"]["message"].as_str()) {
        return Err(Error::new(Kind::Image, message.to_owned()).with_subject(subject).with_phase("pull"));
    }
    let detail = &value["progressDetail"];
    Ok(PullEvent {
        layer: text("id"),
        status: text("status"),
        bytes: detail["current"].as_u64().zip(detail["total"].as_u64()),
    })
}

/// Encodes credentials for the engine's header: JSON in URL-safe base64.
fn auth_header(credentials: &Credentials, registry: &str) -> String {
    base64::engine::general_purpose::URL_SAFE.encode(credentials.for_engine(registry).to_string())
}

/// Encodes an image reference for a path. Its slashes are kept, since the engine routes by them.
fn encoded_reference(image: &str) -> String {
    encoded(image).replace("%2F", "/").replace("%3A", ":").replace("%40", "@")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_inside_the_stream_is_an_error() {
        let error = event(&json!({"errorDetail": {"message": "no space"}, "error": "no space"}), "image `x`");
        assert_eq!(error.expect_err("an error").to_string(), "image `x`: failed to pull: no space");
    }
}
