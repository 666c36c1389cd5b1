//! `ryuk healthcheck`: whether a reaper listens here.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Connects and leaves without a word, which the reaper does not take for a client.
///
/// # Errors
/// If nothing listens on the port.
pub fn healthcheck(port: u16) -> Result<bool, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(2))
        .map(|_| true)
        .map_err(|error| format!("nothing listens on {address}: {error}"))
}
