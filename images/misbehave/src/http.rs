//! A small HTTP/1.1 server that can fail on purpose; one request per connection.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::net;

/// The limit for a request's head and body, in bytes; tests need no more.
const LIMIT: u64 = 1 << 20;

/// The settings of the next server.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) body: String,
    pub(crate) fail: u64,
    pub(crate) fail_for: Duration,
    pub(crate) delay: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { body: "ok".into(), fail: 0, fail_for: Duration::ZERO, delay: Duration::ZERO }
    }
}

struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

struct Server {
    settings: Settings,
    since: Instant,
    /// The number of requests so far, without those for the two paths that never fail on purpose.
    seen: AtomicU64,
}

/// Starts a server on a thread of its own.
pub(crate) fn serve(port: u16, settings: Settings) -> io::Result<()> {
    let server = Server { settings, since: Instant::now(), seen: AtomicU64::new(0) };
    net::serve(port, move |stream| server.connection(&stream))
}

impl Server {
    fn connection(&self, mut stream: &TcpStream) -> io::Result<()> {
        let request = read_request(BufReader::new(stream).take(LIMIT))?;
        std::thread::sleep(self.settings.delay);
        let (status, body) = self.answer(&request);
        let head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            reason(status),
            body.len(),
        );
        stream.write_all(head.as_bytes())?;
        if request.method != "HEAD" {
            stream.write_all(body.as_bytes())?;
        }
        Ok(())
    }

    fn answer(&self, request: &Request) -> (u16, String) {
        let path = request.target.split('?').next().unwrap_or_default();
        if path == "/echo" {
            return (200, echo(request));
        }
        if let Some(status) = path.strip_prefix("/status/") {
            return match status.parse() {
                Ok(status @ 200..=599) => (status, format!("status {status}\n")),
                _ => (400, "the status must be a number from 200 to 599\n".into()),
            };
        }
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        if number < self.settings.fail || self.since.elapsed() < self.settings.fail_for {
            return (503, "not yet\n".into());
        }
        (200, format!("{}\n", self.settings.body))
    }
}

/// Returns the request as text: request line, headers in order, an empty line, the body.
fn echo(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method, request.target);
    for (name, value) in &request.headers {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(&request.body));
    text
}

fn read_request(mut reader: impl BufRead) -> io::Result<Request> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(io::Error::other("no request line"));
    };
    let headers = read_headers(&mut reader)?;
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Request { method, target, headers, body })
}

fn read_headers(reader: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => return Ok(headers),
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        read_request(text.as_bytes()).expect("a request")
    }

    fn server(settings: Settings) -> Server {
        Server { settings, since: Instant::now(), seen: AtomicU64::new(0) }
    }

    #[test]
    fn a_server_told_to_fail_twice_answers_the_third_time() {
        let server = server(Settings { fail: 2, body: "up".into(), ..Settings::default() });
        let statuses: Vec<u16> =
            (0..3).map(|_| server.answer(&request("GET / HTTP/1.1\r\n\r\n")).0).collect();
        assert_eq!(statuses, [503, 503, 200]);
    }

    #[test]
    fn echo_and_status_answer_even_while_the_server_fails() {
        let server = server(Settings { fail_for: Duration::from_secs(60), ..Settings::default() });
        assert_eq!(server.answer(&request("GET /status/418 HTTP/1.1\r\n\r\n")).0, 418);
        assert_eq!(server.answer(&request("GET /status/99 HTTP/1.1\r\n\r\n")).0, 400);
        let text = "POST /echo?a=1 HTTP/1.1\r\nX-A: b c\r\nContent-Length: 2\r\n\r\nhi and more";
        assert_eq!(
            server.answer(&request(text)),
            (200, "POST /echo?a=1\nX-A: b c\nContent-Length: 2\n\nhi".into())
        );
    }
}
