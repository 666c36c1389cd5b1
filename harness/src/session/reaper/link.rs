//! One connection to a reaper: opened, acknowledged, and held until it is lost.

use std::io;
use std::time::Duration;

use seatrial_core::reaper::{ACK, AUTH};
use seatrial_core::{SessionId, labels};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take: a reaper is near, on the engine's machine.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
/// How long a reaper that took the connection may take to acknowledge a filter, which is no work.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);

/// Where a reaper listens, and what it wants to hear first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) token: Option<String>,
}

/// A connection with an acknowledged filter. Dropping it is what the reaper takes for our end.
#[derive(Debug)]
pub(super) struct Link(TcpStream);

/// Why there is no link.
#[derive(Debug)]
pub(super) enum Unlinked {
    /// Nobody listens, or whoever did has hung up: it is on its way in or out.
    Away(io::Error),
    /// It took the connection and says nothing.
    Silent,
    /// It said something that no reaper says.
    Stranger(String),
}

impl Link {
    /// Connects, names the session, and waits for the acknowledgement.
    pub(super) async fn open(address: &Address, session: &SessionId) -> Result<Self, Unlinked> {
        let connecting = TcpStream::connect((address.host.as_str(), address.port));
        let mut stream = timeout(CONNECTED_WITHIN, connecting)
            .await
            .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no connection within 5 s")))
            .map_err(Unlinked::Away)?;
        keep_alive(&stream).map_err(Unlinked::Away)?;
        match timeout(ACKNOWLEDGED_WITHIN, introduce(&mut stream, address, session)).await {
            Ok(Ok(answer)) if answer == *ACK => Ok(Self(stream)),
            Ok(Ok(answer)) => Err(Unlinked::Stranger(answer.escape_ascii().to_string())),
            Ok(Err(error)) => Err(Unlinked::Away(error)),
            Err(_) => Err(Unlinked::Silent),
        }
    }

    /// Returns once the connection is of no use any more.
    pub(super) async fn until_lost(mut self) {
        let mut bytes = [0; 16];
        // What it may say unasked is of no interest; an end or a reset is.
        while self.0.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    }
}

/// Says who we are, and returns the answer.
async fn introduce(
    stream: &mut TcpStream,
    address: &Address,
    session: &SessionId,
) -> io::Result<[u8; ACK.len()]> {
    let auth = address.token.as_ref().map(|token| format!("{AUTH}{token}\n")).unwrap_or_default();
    stream.write_all(format!("{auth}{}\n", filter(session)).as_bytes()).await?;
    let mut answer = [0; ACK.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// What is ours: the session in both spellings, so that neither alone, which somebody else may have set, is enough.
fn filter(session: &SessionId) -> String {
    // An id has no character that a form has to encode.
    let label = |key: &str| format!("label={key}%3D{session}");
    [label(labels::TESTCONTAINERS_SESSION), label(labels::SESSION)].join("&")
}

/// Has the kernel notice within about three minutes that the other end is lost.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let every = Duration::from_secs(15);
    SockRef::from(stream)
        .set_tcp_keepalive(&TcpKeepalive::new().with_time(every).with_interval(every).with_retries(9))?;
    stream.set_nodelay(true)
}

#[cfg(test)]
mod tests {
    use seatrial_core::reaper::Filter;

    use super::*;

    #[test]
    fn the_filter_wants_both_spellings_of_the_session() {
        let session = SessionId::new("a.b-c_1").expect("an id");
        let filter = Filter::parse(filter(&session).as_bytes()).expect("a filter");
        let labels: Vec<_> = filter.labels().collect();
        assert_eq!(labels, ["org.testcontainers.session-id=a.b-c_1", "seatrial.session=a.b-c_1"]);
    }
}
