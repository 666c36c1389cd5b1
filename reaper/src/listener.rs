//! The listening sockets: dual stack where there is IPv6, with keep-alive on each connection.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::TcpListener;

/// The most connections that wait to be accepted. With fewer, a port scan has the kernel drop the connection of a
/// client, which tries again only a second later.
const BACKLOG: i32 = 4_096;

/// Listens on a port of 127.0.0.1; port 0 stands for any free port.
///
/// # Errors
/// The port is taken.
pub fn bind_loopback(port: u16) -> io::Result<TcpListener> {
    bind_to(Domain::IPV4, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Listens on a port of all addresses, those of IPv6 included if there are any; port 0 stands for any free port.
///
/// # Errors
/// The port is taken, or the host has neither IPv6 nor IPv4.
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
    set_connection_options(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Sets the options of the listener's connections, which inherit them: that costs no call for each connection. With
/// keep-alive, a connection notices within about three minutes that its other end is lost.
fn set_connection_options(listener: &Socket) -> io::Result<()> {
    let every = Duration::from_secs(15);
    listener.set_tcp_keepalive(&TcpKeepalive::new().with_time(every).with_interval(every).with_retries(9))?;
    listener.set_tcp_nodelay(true)
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;

    use super::*;

    #[tokio::test]
    async fn an_accepted_connection_has_keep_alive_and_no_delay() {
        let listener = bind_loopback(0).expect("a port");
        let address = listener.local_addr().expect("an address");
        let _client = tokio::net::TcpStream::connect(address).await.expect("a connection");
        let (stream, _) = listener.accept().await.expect("a connection");
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().expect("an option") && stream.nodelay().expect("an option"));
        assert_eq!(socket.tcp_keepalive_time().expect("an option"), Duration::from_secs(15));
        assert_eq!(socket.tcp_keepalive_interval().expect("an option"), Duration::from_secs(15));
        assert_eq!(socket.tcp_keepalive_retries().expect("an option"), 9);
    }
}
