//! The wait for an HTTP answer. The server is polled with requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Waited;
use super::branch::Branch;
use super::cx::{Cx, Failure, Pauses, Refresh};
use crate::base::background;
use crate::engine::Authority;
use crate::words::{Error, Port, Result, quoted};

/// The time limit of one request.
const REQUEST: Duration = Duration::from_secs(5);
/// The maximum number of bytes of a body that are read.
const BODY: usize = 1 << 20;

/// An HTTP answer, for a user's check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers in their order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body. Empty if it is larger than 1 MiB, or broke off.
    pub body: Bytes,
}

/// Waits for an HTTP answer that meets all conditions.
#[derive(Clone)]
#[must_use = "a wait does nothing until it is passed to a request"]
pub struct HttpWait {
    path: String,
    port: Option<Port>,
    method: String,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    expected_header: Option<(String, String)>,
    body: Option<String>,
    check: Option<Arc<Check>>,
    tls: Option<Authority>,
}

/// A check of an answer by the user.
type Check = dyn Fn(&HttpResponse) -> bool + Send + Sync;

impl HttpWait {
    pub(super) fn new(path: String) -> Self {
        Self {
            path,
            port: None,
            method: "GET".to_owned(),
            status: None,
            headers: Vec::new(),
            expected_header: None,
            body: None,
            check: None,
            tls: None,
        }
    }

    /// Sets the container's port. Default: the only published one.
    pub fn port(mut self, port: impl Into<Port>) -> Self {
        self.port = Some(port.into());
        self
    }

    /// Sets the method. Default: `GET`.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into();
        self
    }

    /// Sets the expected status code. Default: 200 to 399.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a header to the request. Default: only `host`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Requires a header in the answer whose value contains this text. Default: none.
    pub fn expect_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.expected_header = Some((name.into().to_lowercase(), value.into()));
        self
    }

    /// Requires a text in the body. Default: none.
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Adds a check of the answer to the other conditions. It must not block. Default: none.
    pub fn matching(mut self, check: impl Fn(&HttpResponse) -> bool + Send + Sync + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    /// Uses HTTPS and accepts any certificate. Needs the `tls` feature. Default: plain HTTP.
    pub fn tls(mut self) -> Self {
        self.tls = Some(Authority::Any);
        self
    }

    /// Uses HTTPS and requires a certificate signed by this authority, in PEM. Needs the `tls` feature.
    pub fn tls_authority(mut self, pem: impl Into<Bytes>) -> Self {
        self.tls = Some(Authority::Pem(pem.into()));
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.tls.is_some() && !cfg!(feature = "tls") {
            return Err(Error::invalid("an HTTPS wait needs the `tls` feature of the crate `seatrial`"));
        }
        if let Some(authority) = &self.tls {
            crate::engine::check_authority(authority).map_err(|error| {
                Error::invalid(format!("the authority's certificate can't be used: {error}"))
            })?;
        }
        if !self.path.starts_with('/') {
            return Err(Error::invalid(format!("HTTP path `{}` must begin with `/`", self.path)));
        }
        self.request("localhost").map(drop)
    }

    fn request(&self, host: &str) -> Result<Request<Full<Bytes>>> {
        let wrong = |what: &str, text: &str| Error::invalid(format!("the HTTP {what} `{text}` is invalid"));
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|_| wrong("method", &self.method))?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| wrong("host", host))?);
        for (name, value) in &self.headers {
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("header", name))?;
            headers.insert(key, HeaderValue::from_str(value).map_err(|_| wrong("header's value", value))?);
        }
        let mut request = Request::builder()
            .method(method)
            .uri(&self.path)
            .body(Full::default())
            .map_err(|_| wrong("path", &self.path))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    pub(super) async fn follow(&self, branch: &Branch, cx: &Cx<'_>) -> Result<(), Failure> {
        let mut pauses = Pauses::up_to(Duration::from_millis(250));
        let mut refresh = Refresh::from_now();
        loop {
            let address = cx.address(|container| self.address_in(container)).await?;
            let request = self.request(&address).map_err(Failure::Engine)?;
            let tls = self.tls.clone();
            let asked = background().run(crate::base::timeout(REQUEST, ask(address, request, tls)));
            match asked.await {
                Ok(Ok(response)) if self.is_met(&response) => return Ok(()),
                Ok(Ok(response)) => {
                    let body = String::from_utf8_lossy(&response.body);
                    branch.saw(format!("last answer: status {}, body {}", response.status, quoted(&body)));
                }
                Ok(Err(error)) => branch.saw(format!("last try: {error}")),
                Err(_) => branch.saw("last try: no answer within 5 s"),
            }
            pauses.next().await;
            refresh.at_times(cx).await;
        }
    }

    fn address_in(&self, container: &dyn Waited) -> Result<String> {
        match self.port {
            Some(port) => container.addr(port),
            None => container.only_addr(),
        }
    }

    fn is_met(&self, response: &HttpResponse) -> bool {
        let status = match self.status {
            Some(status) => response.status == status,
            None => (200..400).contains(&response.status),
        };
        let body =
            self.body.as_ref().is_none_or(|text| String::from_utf8_lossy(&response.body).contains(text));
        let header = self.expected_header.as_ref().is_none_or(|(name, value)| {
            response.headers.iter().any(|(key, found)| key == name && found.contains(value))
        });
        status && body && header && self.check.as_ref().is_none_or(|check| check(response))
    }
}

async fn ask(
    address: String,
    request: Request<Full<Bytes>>,
    tls: Option<Authority>,
) -> Result<HttpResponse, String> {
    let text = |error: &dyn fmt::Display| format!("{address}: {error}");
    let stream = TcpStream::connect(&address).await.map_err(|error| text(&error))?;
    let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
    let stream = match tls {
        None => Box::new(stream) as Box<dyn crate::engine::Io>,
        Some(tls) => crate::engine::to_server(stream, host, &tls).await.map_err(|error| text(&error))?,
    };
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
    // The connection's task ends when `sender` is dropped.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| text(&error))?;
    let status: StatusCode = response.status();
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let body = match Limited::new(response.into_body(), BODY).collect().await {
        Ok(body) => body.to_bytes(),
        // An answer whose body is too long, or breaks off, still has a status.
        Err(_) => Bytes::new(),
    };
    Ok(HttpResponse { status: status.as_u16(), headers, body })
}

impl fmt::Debug for HttpWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpWait({self})")
    }
}

impl fmt::Display for HttpWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "HTTPS" } else { "HTTP" };
        write!(f, "{scheme} {} {}", self.method, self.path)?;
        if let Some(port) = self.port {
            write!(f, " at port {port}")?;
        }
        match self.status {
            Some(status) => write!(f, " to answer {status}")?,
            None => f.write_str(" to answer 200 to 399")?,
        }
        if let Some(body) = &self.body {
            write!(f, " with `{body}` in its body")?;
        }
        if let Some((name, value)) = &self.expected_header {
            write!(f, " with header `{name}: {value}`")?;
        }
        Ok(())
    }
}
