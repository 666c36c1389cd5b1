//! The sockets: dual stack where there is IPv6, and keep-alive on each connection.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};

/// Connections that wait to be accepted; a thousand clients may start at once.
const BACKLOG: i32 = 1024;

/// Listens on a port of this host only; 0 for any port.
///
/// # Errors
/// If the port is taken.
pub fn bind_loopback(port: u16) -> io::Result<TcpListener> {
    bind_to(Domain::IPV4, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Listens on a port of all addresses, of IPv6 and IPv4 if there is both; 0 for any port.
///
/// # Errors
/// If the port is taken, or there is neither.
pub fn bind(port: u16) -> io::Result<TcpListener> {
    let six = bind_to(Domain::IPV6, SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    six.or_else(|_| bind_to(Domain::IPV4, SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))))
}

fn bind_to(domain: Domain, address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Makes a connection notice within about three minutes that its other end is lost.
pub(crate) fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let every = Duration::from_secs(15);
    SockRef::from(stream)
        .set_tcp_keepalive(&TcpKeepalive::new().with_time(every).with_interval(every).with_retries(9))?;
    stream.set_nodelay(true)
}
