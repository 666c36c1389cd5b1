//! One connection to a reaper: opened, acknowledged, and held until it is lost.

use std::io;
use std::time::Duration;

use crate::base::timeout;
use seatrial_core::reaper::{ACK, AUTH};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The limits for one try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For the connection.
    pub(super) connect: Duration,
    /// For the acknowledgement of the filter after that.
    pub(super) acknowledge: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        // A reaper is near, on the engine's machine, and a filter is no work for it.
        Self { connect: Duration::from_secs(5), acknowledge: Duration::from_secs(10) }
    }
}

/// A reaper's address, and the token that it requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) token: Option<String>,
}

/// A connection with an acknowledged filter. The reaper takes its end for the end of this process.
#[derive(Debug)]
pub(super) struct Link(TcpStream);

/// The reason why there is no link.
#[derive(Debug)]
pub(super) enum Unlinked {
    /// Nothing listens there, or it hung up: the reaper is starting or ending.
    Away(io::Error),
    /// It accepted the connection and did not answer in time.
    Silent,
    /// It answered what no reaper answers.
    Stranger(String),
}

impl Link {
    /// Connects, sends the filter, and waits for the acknowledgement.
    pub(super) async fn open(address: &Address, filter: &str, limits: Limits) -> Result<Self, Unlinked> {
        let connecting = TcpStream::connect((address.host.as_str(), address.port));
        let late =
            || io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {:?}", limits.connect));
        let connected = timeout(limits.connect, connecting).await.unwrap_or_else(|_| Err(late()));
        let mut stream = connected.map_err(Unlinked::Away)?;
        keep_alive(&stream).map_err(Unlinked::Away)?;
        match timeout(limits.acknowledge, introduce(&mut stream, address, filter)).await {
            Ok(Ok(answer)) if answer == *ACK => Ok(Self(stream)),
            Ok(Ok(answer)) => Err(Unlinked::Stranger(answer.escape_ascii().to_string())),
            Ok(Err(error)) => Err(Unlinked::Away(error)),
            Err(_) => Err(Unlinked::Silent),
        }
    }

    /// Returns once the connection has ended.
    pub(super) async fn until_lost(mut self) {
        let mut bytes = [0; 16];
        // Unrequested bytes are ignored; an end or a reset is not.
        while self.0.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    }
}

/// Sends token and filter, and returns the answer.
async fn introduce(stream: &mut TcpStream, address: &Address, filter: &str) -> io::Result<[u8; ACK.len()]> {
    let auth = address.token.as_ref().map(|token| format!("{AUTH}{token}\n")).unwrap_or_default();
    stream.write_all(format!("{auth}{filter}\n").as_bytes()).await?;
    let mut answer = [0; ACK.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// Has the kernel notice within about three minutes that the other machine is gone.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let every = Duration::from_secs(15);
    SockRef::from(stream)
        .set_tcp_keepalive(&TcpKeepalive::new().with_time(every).with_interval(every).with_retries(9))?;
    stream.set_nodelay(true)
}
