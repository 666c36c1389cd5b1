//! An HTTP answer as a user's check sees it.

use bytes::Bytes;

/// An HTTP answer, for a user's check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers in their order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it was read: up to the wait's [`body_limit`](super::HttpWait::body_limit), and until the time
    /// limit of the try.
    pub body: Bytes,
}
