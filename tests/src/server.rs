//! A listener on a thread of its own, with a runtime of its own; it ends, with all its connections, when it is dropped.

use std::io;
use std::net;
use std::os::unix::net as unix_net;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::Traffic;
use crate::relay::{Relay, Upstream};
use crate::wire::{self, Sink, Source};

/// Accepts connections and relays each; dropping it stops all that.
#[derive(Debug)]
pub(crate) struct Server {
    /// Dropped to tell the thread to end.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Unix(unix_net::UnixListener),
    Tcp(net::TcpListener),
}

enum AsyncListener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Server {
    pub(crate) fn start(listener: Listener, upstream: Upstream, traffic: Arc<Traffic>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            listener.into_async()?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("support-server".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, upstream, traffic) => {}
                }
            });
            // Dropping the runtime drops what is still under way.
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed by itself.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: AsyncListener, upstream: Upstream, traffic: Arc<Traffic>) {
    let upstream = Arc::new(upstream);
    while let Ok((source, sink)) = listener.accept().await {
        traffic.opened();
        let (upstream, traffic) = (Arc::clone(&upstream), Arc::clone(&traffic));
        tokio::spawn(async move {
            let relay = Relay { source, sink, upstream: &upstream, traffic: &traffic };
            // A broken connection is what half of the tests are about; the client sees it too.
            let _ = relay.run().await;
            traffic.closed();
        });
    }
}

impl Listener {
    fn into_async(self) -> io::Result<AsyncListener> {
        match self {
            Self::Unix(listener) => {
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(AsyncListener::Unix)
            }
            Self::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(AsyncListener::Tcp)
            }
        }
    }
}

impl AsyncListener {
    async fn accept(&self) -> io::Result<(Source, Sink)> {
        match self {
            Self::Unix(listener) => Ok(wire::split_unix(listener.accept().await?.0)),
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(wire::split_tcp(stream))
            }
        }
    }
}
