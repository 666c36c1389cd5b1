//! The command `healthcheck`: checks that a reaper listens.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::address_file::AddressFile;
use crate::settings::Settings;

/// Connects to the port, or to the address in the address file, and disconnects. The reaper does not take that for a
/// client.
///
/// # Errors
/// Nothing listens there, or the address file can't be read.
pub fn healthcheck(settings: &Settings) -> Result<(), String> {
    let address = match &settings.address_file {
        Some(path) => AddressFile::read(path).map_err(|error| format!("`{}`: {error}", path.display()))?,
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port)),
    };
    TcpStream::connect_timeout(&address, Duration::from_secs(2))
        .map(drop)
        .map_err(|error| format!("no reaper listens on {address}: {error}"))
}
