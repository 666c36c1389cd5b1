//! `healthcheck`: whether a reaper listens here.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::address_file::AddressFile;
use crate::settings::Settings;

/// Connects to the port, or to what the address file tells, and leaves without a word, which the reaper does not take
/// for a client.
///
/// # Errors
/// If nothing listens there.
pub fn healthcheck(settings: &Settings) -> Result<(), String> {
    let address = match &settings.address_file {
        Some(path) => AddressFile::read(path).map_err(|error| format!("`{}`: {error}", path.display()))?,
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port)),
    };
    TcpStream::connect_timeout(&address, Duration::from_secs(2))
        .map(drop)
        .map_err(|error| format!("nothing listens on {address}: {error}"))
}
