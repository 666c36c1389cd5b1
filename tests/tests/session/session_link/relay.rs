//! A TCP relay in front of a reaper, which can be cut and mended.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The state that the relay's threads and the test share.
#[derive(Default)]
struct State {
    /// Nobody is let through while there is none.
    target: Option<u16>,
    /// So many clients more are hung up on without a word.
    hang_ups: usize,
    open: Vec<TcpStream>,
    accepted: usize,
}

/// Listens on a port of loopback until the process ends.
#[derive(Clone)]
pub(crate) struct Relay {
    state: Arc<Mutex<State>>,
    port: u16,
}

impl Relay {
    /// Lets everybody through to this port of loopback.
    pub(crate) fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let relay = Self { state: Arc::default(), port };
        relay.mend(target);
        let serving = relay.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that connects during the cut sees its connection end.
                let _ = serving.serve(client);
            }
        });
        relay
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Hangs up on the next clients, so many of them.
    pub(crate) fn hang_up_on(&self, clients: usize) {
        self.lock().hang_ups = clients;
    }

    /// Ends all connections and lets nobody through.
    pub(crate) fn cut(&self) {
        let mut state = self.lock();
        state.target = None;
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets everybody through to this port from now on.
    pub(crate) fn mend(&self, target: u16) {
        self.lock().target = Some(target);
    }

    /// Returns how many clients have connected so far.
    pub(crate) fn accepted(&self) -> usize {
        self.lock().accepted
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no thread of the relay panics")
    }

    fn serve(&self, client: TcpStream) -> io::Result<()> {
        let mut state = self.lock();
        state.accepted += 1;
        let Some(target) = state.target else { return Ok(()) };
        if state.hang_ups > 0 {
            state.hang_ups -= 1;
            return Ok(());
        }
        let server = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, target)))?;
        state.open.extend([client.try_clone()?, server.try_clone()?]);
        copy(client.try_clone()?, server.try_clone()?);
        copy(server, client);
        Ok(())
    }
}

/// Copies until either side ends, and ends both then.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut chunk = [0; 1_024];
        while let Ok(read) = from.read(&mut chunk)
            && read > 0
            && to.write_all(&chunk[..read]).is_ok()
        {}
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
