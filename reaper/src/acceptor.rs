//! The acceptor: gives each new connection a task of its own, and keeps room for clients when others use it up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::connection::Connection;
use crate::hub::Hub;
use crate::lifecycle::ConnectionId;
use crate::log::{self, Level};
use crate::settings::Settings;

/// The pause after a failure that a connection can't be closed for.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections for ever.
pub(crate) async fn accept_all(listener: TcpListener, hub: Arc<Hub>, settings: Arc<Settings>) {
    for id in 0.. {
        match listener.accept().await {
            Ok((stream, peer)) => serve(id, stream, peer, &hub, &settings),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            // No descriptor is free: an old connection without a filter gives up its own.
            Err(_) if hub.evict() => tokio::task::yield_now().await,
            Err(error) => {
                log::write(Level::Warn, "failed to accept", &[("error", &error)]);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn serve(id: ConnectionId, stream: TcpStream, peer: SocketAddr, hub: &Arc<Hub>, settings: &Arc<Settings>) {
    // A client's IPv4 address in its usual form, though it came over a socket of IPv6.
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    let Some(eviction) = hub.open(id) else {
        return log::write(Level::Warn, "too many clients", &[("address", &peer)]);
    };
    let connection = Connection::new(id, peer, Arc::clone(hub), Arc::clone(settings));
    tokio::spawn(connection.serve(stream, eviction));
}
