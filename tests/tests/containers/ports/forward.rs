//! An engine behind TCP: a forwarder in front of the engine's socket, on loopback or another address.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;

use seatrial_tests::Engine;

/// Forwards connections to the engine until the process ends.
pub(crate) fn engine_behind_tcp() -> SocketAddr {
    engine_behind_tcp_at("127.0.0.1")
}

/// Does the same at this address of the machine.
pub(crate) fn engine_behind_tcp_at(ip: &str) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // The client will see that the connection failed.
            let _ = forward(client);
        }
    });
    address
}

fn forward(client: TcpStream) -> io::Result<()> {
    let engine = UnixStream::connect(Engine::from_env().socket())?;
    client.set_nodelay(true)?;
    let (mut from_client, mut to_client) = (client.try_clone()?, client);
    let (mut from_engine, mut to_engine) = (engine.try_clone()?, engine);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_engine);
        let _ = to_engine.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = io::copy(&mut from_engine, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    Ok(())
}
