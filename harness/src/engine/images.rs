//! Calls for images. Pulls are read here and not by bollard: an error within the stream is reported as one, and
//! credentials are encoded in the alphabet that the engine decodes.

use base64::Engine as _;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::Full;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request};
use serde_json::Value;
use tokio::sync::mpsc;

use super::client::{CallError, Engine};
use super::json_values::JsonValues;
use super::path::{ApiPath, encoded};
use super::streams::{bodies, unless_silent};
use super::transport::checked;
use crate::config::Hidden;
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

/// The options of a pull.
#[derive(Clone, Copy)]
pub(crate) struct PullOptions<'a> {
    /// The platform. `None` selects the engine's.
    pub(crate) platform: Option<&'a str>,
    pub(crate) credentials: Option<&'a Credentials>,
    /// The headers of Docker's configuration.
    pub(crate) headers: &'a [(String, Hidden)],
}

/// The headers that belong to the connection or to the call itself, in lower case. Docker's configuration can't set
/// them.
const OWN_HEADERS: [&str; 8] = [
    "host",
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-registry-auth",
];

/// The program that an image names for its containers.
#[derive(Clone, Debug)]
pub(crate) struct ImageProgram {
    pub(crate) entrypoint: Vec<String>,
    pub(crate) cmd: Vec<String>,
}

impl Engine {
    /// Returns the program that a container of this image runs unless its request says otherwise.
    pub(crate) async fn image_program(&self, image: &str) -> Result<ImageProgram> {
        let operation = self.operation("inspect", format!("image `{image}`"));
        let (transport, path) = (self.transport(), format!("/images/{}/json", encoded_reference(image)));
        let answer = self.call(operation, async move { Ok(transport.get_json(&path).await?) }).await?;
        let words = |key: &str| {
            let words = answer["Config"][key].as_array().into_iter().flatten();
            words.filter_map(|word| word.as_str().map(str::to_owned)).collect()
        };
        Ok(ImageProgram { entrypoint: words("Entrypoint"), cmd: words("Cmd") })
    }

    /// Returns the id of an image, or `None` if the engine does not have it.
    pub(crate) async fn image_id(&self, image: &str) -> Result<Option<String>> {
        let operation = self.operation("look for", format!("image `{image}`"));
        let (transport, path) = (self.transport(), format!("/images/{}/json", encoded_reference(image)));
        let found = self.call(operation, async move { Ok(transport.get_json(&path).await?) }).await;
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
        options: PullOptions<'_>,
        progress: mpsc::UnboundedSender<PullEvent>,
    ) -> Result<()> {
        let subject = format!("image `{}`", image.as_given());
        let reference = image.digest().or(image.tag()).unwrap_or("latest").to_owned();
        let path = ApiPath::new("/images/create")
            .with("fromImage", format!("{}/{}", image.registry(), image.repository()))
            .with("tag", reference)
            .with_some("platform", options.platform);
        let mut request = Request::builder().method(Method::POST).uri(path.as_str());
        for (name, value) in configured_headers(options.headers)? {
            request = request.header(name, value);
        }
        if let Some(credentials) = options.credentials {
            request = request.header("x-registry-auth", auth_header(credentials, image.registry()));
        }
        let request = request.body(Full::<Bytes>::default()).expect("headers are valid");
        let operation = self.operation("pull", subject.clone());
        let transport = self.transport();
        let response = self
            .call(operation.clone(), async move {
                checked(transport.send(request).await?).await.map_err(CallError::from)
            })
            .await?;
        let mut body = unless_silent(bodies(response.into_body()), operation);
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

/// Returns the headers of Docker's configuration, without those that belong to the call itself.
///
/// # Errors
/// Invalid, if a name or value can't stand in a header. The message has the name only, since the value may be secret.
fn configured_headers(headers: &[(String, Hidden)]) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let configured = headers.iter().filter(|(name, _)| !OWN_HEADERS.contains(&name.to_lowercase().as_str()));
    let valid = |(name, value): &(String, Hidden)| {
        let parsed = name.parse::<HeaderName>().ok().zip(value.reveal().parse::<HeaderValue>().ok());
        parsed.ok_or_else(|| {
            let name = name.escape_debug();
            Error::invalid(format!(
                "the entry `{name}` of `HttpHeaders` in Docker's `config.json` is not a header"
            ))
            .with_hint(
                "correct or remove the entry: a name has letters, digits and `-`, a value has one line",
            )
        })
    };
    configured.map(valid).collect()
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

    /// C32: a configured header that is none is refused by its name, and those of the call itself are left out.
    #[test]
    fn configured_headers_are_checked_and_do_not_replace_those_of_the_call() {
        let headers = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), Hidden::new(*value))).collect();
            configured_headers(&pairs)
        };
        let found = headers(&[("X-Meta-Team", "t"), ("Host", "h"), ("X-Registry-Auth", "a")]).expect("valid");
        assert_eq!(found, [(HeaderName::from_static("x-meta-team"), HeaderValue::from_static("t"))]);
        for pair in [("a b", "hunter2"), ("", "hunter2"), ("A", "hunter2\nB: c")] {
            let error = headers(&[pair]).expect_err(pair.0);
            assert!(error.is_invalid() && !format!("{error:?}").contains("hunter2"), "{error}");
            assert!(
                error.to_string().contains(&format!("the entry `{}` of `HttpHeaders`", pair.0)),
                "{error}"
            );
        }
    }

    #[test]
    fn an_error_inside_the_stream_is_an_error() {
        let error = event(&json!({"errorDetail": {"message": "no space"}, "error": "no space"}), "image `x`");
        assert_eq!(error.expect_err("an error").to_string(), "image `x`: failed to pull: no space");
    }
}
