//! The HTTP request that a wait sends.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};

use super::HttpWait;
use crate::words::{Error, Result};

impl HttpWait {
    /// Creates the request for a server at `host`.
    pub(super) fn request(&self, host: &str) -> Result<Request<Full<Bytes>>> {
        let wrong = |what: &str, text: &str| Error::invalid(format!("the HTTP {what} `{text}` is invalid"));
        let name = self.method_name();
        let method = Method::from_bytes(name.as_bytes()).map_err(|_| wrong("method", name))?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| wrong("host", host))?);
        for (name, value) in &self.headers {
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("header", name))?;
            headers.insert(key, HeaderValue::from_str(value).map_err(|_| wrong("header's value", value))?);
        }
        let mut request = Request::builder()
            .method(method)
            .uri(&self.path)
            .body(Full::new(self.request_body.clone().unwrap_or_default()))
            .map_err(|_| wrong("path", &self.path))?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}
