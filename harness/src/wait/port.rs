//! The wait for a port that accepts connections and keeps them open.
//!
//! An engine's userland proxy accepts connections to a published port before the container listens on it, and closes
//! them at once. So if the container's own address is reachable, a connection to that address decides; otherwise, a
//! connection to the published address has to stay open for a while. No engine reports listening sockets, so the port
//! is polled.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::Waited;
use super::branch::Branch;
use super::cx::{Cx, Failure, Pauses, Refresh};
use crate::base::background;
use crate::words::{Error, Port, Protocol, Result};

/// The time for which a connection has to stay open if the container's own address can't be reached.
const HOLD: Duration = Duration::from_millis(100);
/// The time limit for establishing a connection.
const CONNECT: Duration = Duration::from_millis(1000);
/// The time after which a published address that keeps connections open outweighs a container's address that refuses
/// them.
const OUTWEIGHS: Duration = Duration::from_secs(2);

/// Waits until a TCP port of the container accepts connections and keeps them open.
#[derive(Clone, Debug)]
#[must_use = "a wait does nothing until it is passed to a request"]
pub struct PortWait {
    port: Port,
}

/// The result of one probe of the port.
enum Look {
    Open,
    /// The published address keeps the connection open, but the container's own address refuses one.
    HeldByProxy(String),
    Closed(String),
}

impl PortWait {
    pub(super) fn new(port: Port) -> Self {
        Self { port }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.port.protocol() == Protocol::Tcp {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "port {} can't be waited for: only a TCP port shows that a process listens; wait for a log line or a command",
            self.port
        )))
    }

    pub(super) async fn follow(&self, branch: &Branch, cx: &Cx<'_>) -> Result<(), Failure> {
        let mut pauses = Pauses::up_to(Duration::from_millis(100));
        let mut refresh = Refresh::from_now();
        let mut held_since = None;
        loop {
            let addresses = cx.address(|container| self.addresses_in(container)).await?;
            let (published, inside) = addresses.clone();
            let open = match background().run(async move { look(published, inside).await }).await {
                Look::Open => true,
                Look::HeldByProxy(why) => {
                    let since = *held_since.get_or_insert_with(Instant::now);
                    branch.saw(format!("last try: {why}"));
                    since.elapsed() > OUTWEIGHS
                }
                Look::Closed(why) => {
                    held_since = None;
                    branch.saw(format!("last try: {why}"));
                    false
                }
            };
            if open && cx.is_still(&addresses, |container| self.addresses_in(container)).await? {
                return Ok(());
            }
            pauses.next().await;
            refresh.at_times(cx).await;
        }
    }

    /// Returns the published address and the container's own. At least one of them exists.
    fn addresses_in(&self, container: &dyn Waited) -> Result<(Option<String>, Option<SocketAddr>)> {
        let own = container.ip_addresses().into_iter().next();
        let inside = own.map(|ip| SocketAddr::new(ip, self.port.number()));
        match container.addr(self.port) {
            Ok(published) => Ok((Some(published), inside)),
            Err(_) if inside.is_some() => Ok((None, inside)),
            Err(error) => Err(error),
        }
    }
}

async fn look(published: Option<String>, inside: Option<SocketAddr>) -> Look {
    // The container's own address first: on the engine's machine it answers at once, and without a proxy in between.
    let inside_says = match inside {
        Some(address) => Some((address, connect(address).await.map(drop))),
        None => None,
    };
    let Some(published) = published else {
        return match inside_says {
            Some((_, Ok(()))) => Look::Open,
            Some((address, Err(error))) => Look::Closed(format!("{address}: {error}")),
            None => Look::Closed("there is no address to connect to".to_owned()),
        };
    };
    let stream = match connect(&published).await {
        Ok(stream) => stream,
        Err(error) => return Look::Closed(format!("{published}: {error}")),
    };
    match inside_says {
        Some((_, Ok(()))) => Look::Open,
        says => match (stays_open(stream).await, says) {
            (Err(why), _) => Look::Closed(format!("{published}: {why}")),
            (Ok(()), Some((address, Err(error)))) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Look::HeldByProxy(format!("{published} accepts, but {address}: {error}"))
            }
            (Ok(()), _) => Look::Open,
        },
    }
}

pub(super) async fn connect(address: impl tokio::net::ToSocketAddrs) -> io::Result<TcpStream> {
    match crate::base::timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(connected) => connected,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer within 1 s")),
    }
}

/// Checks that the peer keeps a connection open. A byte from it counts like silence.
async fn stays_open(mut stream: TcpStream) -> Result<(), String> {
    match crate::base::timeout(HOLD, stream.read_u8()).await {
        Err(_) | Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err("accepted and closed at once".to_owned())
        }
        Ok(Err(error)) => Err(error.to_string()),
    }
}

impl fmt::Display for PortWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port {} to accept connections", self.port)
    }
}
