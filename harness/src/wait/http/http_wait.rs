//! The conditions of a wait for an HTTP answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::HttpResponse;
use crate::engine::TlsTerms;
use crate::words::{Error, Port, Result};

/// The default time limit of one request.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The default maximum number of bytes of a body that are read.
const BODY: usize = 1 << 20;

/// Waits for an HTTP answer that meets all conditions.
#[derive(Clone)]
#[must_use = "a wait does nothing until it is passed to a request"]
pub struct HttpWait {
    pub(super) path: String,
    pub(in crate::wait) port: Option<Port>,
    /// `None`: GET, or POST with a request body.
    pub(super) method: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) expected_header: Option<(String, String)>,
    /// The request body, or the reason why there is none.
    pub(super) request_body: Result<Bytes, String>,
    pub(super) body: Option<String>,
    pub(super) check: Option<Arc<Check>>,
    pub(super) tls: Option<Box<TlsTerms>>,
    pub(super) body_limit: usize,
    pub(super) attempt_timeout: Duration,
}

/// A check of an answer by the user.
pub(super) type Check = dyn Fn(&HttpResponse) -> bool + Send + Sync;

impl HttpWait {
    pub(in crate::wait) fn new(path: String) -> Self {
        Self {
            path,
            port: None,
            method: None,
            status: None,
            headers: Vec::new(),
            expected_header: None,
            request_body: Ok(Bytes::new()),
            body: None,
            check: None,
            tls: None,
            body_limit: BODY,
            attempt_timeout: ATTEMPT,
        }
    }

    /// Sets the container's port. Default: the only published one.
    pub fn port(mut self, port: impl Into<Port>) -> Self {
        self.port = Some(port.into());
        self
    }

    /// Sets the method. Default: `GET`, or `POST` with a request body.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Sets the body of the request. Default: none.
    pub fn request_body(mut self, body: impl Into<Bytes>) -> Self {
        self.request_body = Ok(body.into());
        self
    }

    /// Sets the body of the request to a value as JSON, and its `content-type`. A value that JSON can't express fails the
    /// start before anything is created.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        self.request_body = serde_json::to_vec(value).map(Bytes::from).map_err(|error| error.to_string());
        self.header("content-type", "application/json")
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
    ///
    /// The body is searched as it arrives, so it need not end.
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Adds a check of the answer to the other conditions. It must not block. Default: none.
    ///
    /// It is called once the body has ended, or has reached the [`body_limit`](Self::body_limit) or the end of the
    /// [`attempt_timeout`](Self::attempt_timeout).
    pub fn matching(mut self, check: impl Fn(&HttpResponse) -> bool + Send + Sync + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    /// Sets the maximum number of bytes of a body that are read. Default: 1 MiB.
    ///
    /// The body is read only for [`body`](Self::body) and [`matching`](Self::matching). Without them, the status and the
    /// headers decide.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the time limit of one request with its answer, after which the next one is sent. Default: 5 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Uses HTTPS and accepts any certificate. Needs the `tls` feature. Default: plain HTTP.
    pub fn tls(mut self) -> Self {
        self.tls.get_or_insert_default().authority = None;
        self
    }

    /// Uses HTTPS and requires a certificate signed by this authority, in PEM. Needs the `tls` feature.
    pub fn tls_authority(mut self, pem: impl Into<Bytes>) -> Self {
        self.tls.get_or_insert_default().authority = Some(pem.into());
        self
    }

    /// Uses HTTPS and sets the name that the server is asked for, and that its certificate has to be valid for: a host name
    /// or an IP address. Needs the `tls` feature. Default: the host at which the port is published.
    ///
    /// The name is checked only with [`tls_authority`](Self::tls_authority), since [`tls`](Self::tls) accepts any
    /// certificate.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.get_or_insert_default().server_name = Some(name.into());
        self
    }

    /// Uses HTTPS and presents this certificate, which intermediate ones may follow, with its unencrypted key, both in
    /// PEM. Needs the `tls` feature. Default: none.
    pub fn client_certificate(mut self, certificate: impl Into<Bytes>, key: impl Into<Bytes>) -> Self {
        self.tls.get_or_insert_default().identity = Some((certificate.into(), key.into()));
        self
    }

    pub(super) fn method_name(&self) -> &str {
        let has_body = !matches!(&self.request_body, Ok(body) if body.is_empty());
        self.method.as_deref().unwrap_or(if has_body { "POST" } else { "GET" })
    }

    pub(in crate::wait) fn check(&self) -> Result<()> {
        if self.tls.is_some() && !cfg!(feature = "tls") {
            return Err(Error::invalid("an HTTPS wait needs the `tls` feature of the crate `seatrial`"));
        }
        if let Some(terms) = &self.tls {
            crate::engine::check_tls(terms).map_err(|error| {
                Error::invalid(format!("the certificates of the HTTPS wait can't be used: {error}"))
            })?;
        }
        if !self.path.starts_with('/') {
            return Err(Error::invalid(format!("HTTP path `{}` must begin with `/`", self.path)));
        }
        if let Err(reason) = &self.request_body {
            return Err(Error::invalid(format!(
                "the HTTP request's body can't be written as JSON: {reason}"
            )));
        }
        self.request("localhost").map(drop)
    }
}

impl fmt::Debug for HttpWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpWait({self})")
    }
}

impl fmt::Display for HttpWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "HTTPS" } else { "HTTP" };
        write!(f, "{scheme} {} {}", self.method_name(), self.path)?;
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
