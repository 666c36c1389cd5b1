//! One HTTP request and its answer. The body is read as a stream, only as far as the wait needs it.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use memchr::memmem::Finder;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::HttpResponse;
use crate::base::timeout_at;
use crate::engine::{Io, TlsTerms, client_described, to_server};

/// The maximum number of bytes of a body that are read for the report only.
const EXCERPT: usize = 4096;
/// The time limit for reading a body for the report only.
const EXCERPT_TIME: Duration = Duration::from_millis(250);

/// The part of a body to read.
#[derive(Clone, Debug)]
pub(super) enum BodyPart {
    /// Nothing: the head decides.
    Nothing,
    /// The beginning, for the report.
    Excerpt,
    /// Everything up to this number of bytes.
    All(usize),
    /// Everything up to this text, or up to this number of bytes.
    Until(String, usize),
}

/// The reason why the reading of a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyEnd {
    /// The body is read as far as the wait needs it.
    Complete,
    /// The body is longer than the limit.
    Limit,
    /// The time limit of the try was reached.
    TimedOut,
    /// The connection broke, for this reason.
    Broken(String),
}

/// The result of one request.
#[derive(Debug)]
pub(super) enum Exchange {
    Answered(HttpResponse, BodyEnd),
    /// There was no answer, for this reason.
    Failed(String),
    /// There was no answer within the time limit.
    TimedOut,
}

/// Sends a request to `address` and reads the answer until `deadline`. `part` returns the part of the body to read for
/// an answer whose body is not read yet.
pub(super) async fn exchange(
    address: String,
    request: Request<Full<Bytes>>,
    tls: Option<Box<TlsTerms>>,
    deadline: Instant,
    part: impl Fn(&HttpResponse) -> BodyPart,
) -> Exchange {
    let opened = timeout_at(deadline, send(&address, request, tls)).await;
    // The connection's task ends when the sender is dropped.
    let (response, _sender) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return Exchange::Failed(format!("{address}: {error}")),
        Err(_) => return Exchange::TimedOut,
    };
    let (mut answer, mut body) = split(response);
    let part = part(&answer);
    let (limit, deadline) = match part {
        BodyPart::Nothing => return Exchange::Answered(answer, BodyEnd::Complete),
        BodyPart::Excerpt => (EXCERPT, deadline.min(Instant::now() + EXCERPT_TIME)),
        BodyPart::All(limit) | BodyPart::Until(_, limit) => (limit, deadline),
    };
    let finder = match &part {
        BodyPart::Until(text, _) => Some(Finder::new(text)),
        _ => None,
    };
    let mut read = Vec::new();
    let end = match timeout_at(deadline, read_body(&mut body, &mut read, limit, finder)).await {
        Ok(end) => end,
        Err(_) => BodyEnd::TimedOut,
    };
    answer.body = read.into();
    Exchange::Answered(answer, end)
}

type Sender = http1::SendRequest<Full<Bytes>>;

async fn send(
    address: &str,
    request: Request<Full<Bytes>>,
    tls: Option<Box<TlsTerms>>,
) -> Result<(Response<Incoming>, Sender), String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let stream = match &tls {
        None => Box::new(stream) as Box<dyn Io>,
        Some(tls) => to_server(stream, host(address), tls).await.map_err(|error| error.to_string())?,
    };
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| in_words(&error))?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| {
        // With TLS 1.3, a server refuses the client's certificate after the handshake.
        match (in_words(&error), &tls) {
            (text, Some(tls)) if text.contains("alert") => format!("{text}; {}", client_described(tls)),
            (text, _) => text,
        }
    })?;
    Ok((response, sender))
}

/// Returns the host of an address with a port, an IPv6 address without its brackets.
pub(super) fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn split(response: Response<Incoming>) -> (HttpResponse, Incoming) {
    let (head, body) = response.into_parts();
    let headers = head.headers.iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    (HttpResponse { status: head.status.as_u16(), headers, body: Bytes::new() }, body)
}

/// Reads a body up to the text of `finder`, its end or `limit` bytes.
async fn read_body(
    body: &mut Incoming,
    read: &mut Vec<u8>,
    limit: usize,
    finder: Option<Finder<'_>>,
) -> BodyEnd {
    loop {
        let data = match body.frame().await {
            None => return BodyEnd::Complete,
            Some(Err(error)) => return BodyEnd::Broken(in_words(&error)),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        };
        let room = limit.saturating_sub(read.len());
        // The text may have begun in the data before.
        let from = finder.as_ref().map_or(0, |finder| read.len().saturating_sub(finder.needle().len()));
        read.extend_from_slice(&data[..data.len().min(room)]);
        if finder.as_ref().is_some_and(|finder| finder.find(&read[from..]).is_some()) {
            return BodyEnd::Complete;
        }
        if data.len() > room {
            return BodyEnd::Limit;
        }
    }
}

/// Returns the text of an error with its causes, which hyper's own text leaves out.
fn in_words(error: &hyper::Error) -> String {
    if error.is_incomplete_message() {
        return "the connection was closed without an answer".to_owned();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Describes an end of a body that is not its own, as the end of a sentence about the answer.
impl fmt::Display for BodyEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => Ok(()),
            Self::Limit => f.write_str(" (more than `body_limit`, the rest was not read)"),
            Self::TimedOut => f.write_str(" (its end did not arrive within the time limit of the try)"),
            Self::Broken(reason) => write!(f, " (it broke off: {reason})"),
        }
    }
}
