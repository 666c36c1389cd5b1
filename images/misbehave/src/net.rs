//! TCP and UDP servers, each on a thread of its own.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Listens on all addresses, with IPv6 if the system has it, and serves each connection on a thread of its own.
pub(crate) fn serve(
    port: u16,
    connection: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<()> {
    let listener = TcpListener::bind(&every_address(port)[..])?;
    let connection = Arc::new(connection);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = Arc::clone(&connection);
            // Errors of a client that disconnects are ignored.
            thread::spawn(move || drop(connection(stream)));
        }
    });
    Ok(())
}

/// Greets each connection with a line and closes it.
pub(crate) fn greet(port: u16, greeting: &str) -> io::Result<()> {
    let line = format!("{greeting}\n");
    serve(port, move |mut stream| {
        stream.write_all(line.as_bytes())?;
        stream.shutdown(Shutdown::Write)
    })
}

/// Accepts connections and sends nothing, until the client closes.
pub(crate) fn accept(port: u16) -> io::Result<()> {
    serve(port, |mut stream| io::copy(&mut stream, &mut io::sink()).map(drop))
}

/// Sends received bytes back.
pub(crate) fn tcp_echo(port: u16) -> io::Result<()> {
    serve(port, |mut stream| {
        let mut reader = stream.try_clone()?;
        io::copy(&mut reader, &mut stream)?;
        stream.shutdown(Shutdown::Write)
    })
}

/// Sends each datagram back to its sender.
pub(crate) fn udp_echo(port: u16) -> io::Result<()> {
    let socket = UdpSocket::bind(&every_address(port)[..])?;
    thread::spawn(move || {
        let mut datagram = vec![0; 65_536];
        loop {
            match socket.recv_from(&mut datagram) {
                Ok((length, from)) => drop(socket.send_to(&datagram[..length], from)),
                // An error such as a closed port at the sender must not lead to a busy loop.
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
    });
    Ok(())
}

/// Returns the addresses to try, beginning with the one for both IPv6 and IPv4.
fn every_address(port: u16) -> [SocketAddr; 2] {
    [(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]
}
