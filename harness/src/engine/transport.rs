//! Sends requests to the engine, one connection per request, over a unix socket or TCP.
//!
//! It is bollard's transport, and is used directly for the few requests whose answers bollard would reject (closed
//! enums) or read too slowly (attached streams). It does not know the API.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use bollard::BollardRequest;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue, UPGRADE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::Endpoint;

/// The time limit for connecting to the engine's socket. A socket with a full backlog belongs to an engine that hangs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The reason why a request failed.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// The connection could not be established.
    Connect(io::Error),
    /// The connection broke, or the answer is not HTTP.
    Http(hyper::Error),
    /// The engine answered with an error status.
    Status { status: u16, message: String },
    /// The answer's body is not valid JSON.
    Json(serde_json::Error),
}

/// A factory of connections to one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    endpoint: Endpoint,
}

/// A connection that was upgraded to a raw byte stream.
pub(crate) type Upgraded = Pin<Box<dyn Io>>;

/// A byte stream in both directions.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Transport {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    async fn connect(&self) -> io::Result<Box<dyn Io>> {
        let connecting = async {
            Ok::<Box<dyn Io>, io::Error>(match &self.endpoint {
                Endpoint::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
                Endpoint::Tcp { host, port, tls } => {
                    let stream = tokio::net::TcpStream::connect((host.as_str(), *port)).await?;
                    stream.set_nodelay(true)?;
                    match tls {
                        None => Box::new(stream),
                        Some(files) => super::tls::to_engine(stream, host, files).await?,
                    }
                }
            })
        };
        crate::base::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no connection within 10 s"))?
    }

    /// Sends a request and returns the response's head. The body is still to be read.
    pub(crate) async fn send<B>(&self, mut request: Request<B>) -> Result<Response<Incoming>, TransportError>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        let stream = self.connect().await.map_err(TransportError::Connect)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(TransportError::Http)?;
        // The connection's task ends with the request.
        tokio::spawn(connection.with_upgrades());
        if let Some(path) = request.uri().path_and_query() {
            *request.uri_mut() = path.as_str().parse().expect("a part of a URI is a URI");
        }
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        sender.send_request(request).await.map_err(TransportError::Http)
    }

    /// Sends a request without a body. Returns the head of a successful response, or the engine's error.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
    ) -> Result<Response<Incoming>, TransportError> {
        let request = Request::builder().method(method).uri(path).body(Full::<Bytes>::default());
        checked(self.send(request.expect("paths are made of encoded parts")).await?).await
    }

    /// Requests `path` and returns the whole body.
    pub(crate) async fn get(&self, path: &str) -> Result<Bytes, TransportError> {
        let response = self.request(Method::GET, path).await?;
        Ok(response.into_body().collect().await.map_err(TransportError::Http)?.to_bytes())
    }

    /// Requests `path` and parses the body as JSON.
    pub(crate) async fn get_json(&self, path: &str) -> Result<Value, TransportError> {
        serde_json::from_slice(&self.get(path).await?).map_err(TransportError::Json)
    }

    /// Sends a JSON request that upgrades the connection to a raw stream.
    pub(crate) async fn upgrade(&self, path: &str, body: Option<&Value>) -> Result<Upgraded, TransportError> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "tcp")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("paths are made of encoded parts");
        let response = checked(self.send(request).await?).await?;
        let upgraded = hyper::upgrade::on(response).await.map_err(TransportError::Http)?;
        Ok(Box::pin(TokioIo::new(upgraded)))
    }

    /// Returns this transport in the form that bollard accepts.
    pub(crate) fn for_bollard(
        &self,
    ) -> impl Fn(
        BollardRequest,
    ) -> futures_util::future::BoxFuture<
        'static,
        Result<Response<Incoming>, bollard::errors::Error>,
    > + Send
    + Sync
    + 'static {
        let transport = self.clone();
        move |request| {
            let transport = transport.clone();
            Box::pin(async move {
                transport.send(request).await.map_err(|error| match error {
                    TransportError::Connect(err) => bollard::errors::Error::IOError { err },
                    TransportError::Http(err) => bollard::errors::Error::HyperResponseError { err },
                    TransportError::Status { .. } | TransportError::Json(_) => {
                        unreachable!("`send` does not look into answers")
                    }
                })
            })
        }
    }
}

/// Converts an error status to an error with the engine's message.
pub(super) async fn checked(response: Response<Incoming>) -> Result<Response<Incoming>, TransportError> {
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let status = response.status();
    if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS || status == StatusCode::NOT_MODIFIED
    {
        return Ok(response);
    }
    let body = response.into_body().collect().await.map_err(TransportError::Http)?.to_bytes();
    let message = serde_json::from_slice::<Message>(&body)
        .map_or_else(|_| String::from_utf8_lossy(&body).trim().to_owned(), |parsed| parsed.message);
    Err(TransportError::Status { status: status.as_u16(), message })
}
