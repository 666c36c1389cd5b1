//! One client's connection: reads its requests in turn, does to each what the rules say, and forwards the rest.
//!
//! Bodies and hijacked streams are passed on byte by byte as they come; only heads are looked into.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;

use crate::framing::Framing;
use crate::head::Head;
use crate::traffic::Decision;
use crate::valve::Valve;
use crate::wire::{self, Copied, Sink, Source};
use crate::{Answer, Fault, Gate, Then, Traffic};

/// Where requests are forwarded to.
#[derive(Clone, Debug)]
pub(crate) enum Upstream {
    /// Nowhere: a fault that forwards closes the connection.
    Nowhere,
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// A client's connection and what is behind it.
pub(crate) struct Relay<'a> {
    pub(crate) source: Source,
    pub(crate) sink: Sink,
    pub(crate) upstream: &'a Upstream,
    pub(crate) traffic: &'a Traffic,
}

/// What becomes of the client's connection after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Reuse,
    Close,
}

/// When the engine's answer is passed on.
#[derive(Clone, Debug)]
enum Release {
    AtOnce,
    AtGate(Gate),
    Never(Then),
}

impl Relay<'_> {
    /// Serves the connection until either side closes it.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        while let Some(head) = self.source.head().await? {
            let decision = self.traffic.arrived(&head);
            if self.settle(&head, decision).await? == Next::Close {
                break;
            }
        }
        Ok(())
    }

    async fn settle(&mut self, head: &Head, Decision { id, faults }: Decision) -> io::Result<Next> {
        for fault in faults {
            return match fault {
                Fault::Delay(duration) => {
                    tokio::time::sleep(duration).await;
                    continue;
                }
                Fault::Hold(gate) => {
                    gate.pass().await;
                    continue;
                }
                Fault::Pass => self.forward(id, head, Release::AtOnce, Valve::Open).await,
                Fault::Refuse(then) => Ok(self.end(then).await),
                Fault::Raw(bytes, then) => {
                    self.sink.write_all(&bytes).await?;
                    Ok(self.end(then).await)
                }
                Fault::Answer(answer) => self.answer(id, head, &answer).await,
                Fault::Swallow(then) => self.forward(id, head, Release::Never(then), Valve::Open).await,
                Fault::HoldAnswer(gate) => self.forward(id, head, Release::AtGate(gate), Valve::Open).await,
                Fault::Break { after, then } => {
                    self.forward(id, head, Release::AtOnce, Valve::Part { left: after, then }).await
                }
                Fault::Throttle { bytes_per_second } => {
                    self.forward(id, head, Release::AtOnce, Valve::Slow { bytes_per_second }).await
                }
            };
        }
        // Only a fallback that settles nothing comes here.
        Ok(Next::Close)
    }

    async fn end(&mut self, then: Then) -> Next {
        match then {
            Then::Cut => {}
            Then::Hang => self.source.until_closed().await,
        }
        Next::Close
    }

    async fn answer(&mut self, id: u64, head: &Head, answer: &Answer) -> io::Result<Next> {
        // The body is read first: a client that still writes would take the close for its answer.
        let mut framing = Framing::of_request(head);
        self.source.copy(&mut tokio::io::sink(), &mut framing, &mut Valve::Open).await?;
        self.traffic.answered(id, Some(answer.status()));
        self.sink.write_all(&answer.to_bytes(head.method())).await?;
        Ok(if framing.is_done() && !head.closes() { Next::Reuse } else { Next::Close })
    }

    async fn forward(&mut self, id: u64, head: &Head, release: Release, valve: Valve) -> io::Result<Next> {
        let (source, mut sink) = self.upstream.connect().await?;
        sink.write_all(&head.bytes).await?;
        let mut framing = Framing::of_request(head);
        let (became_raw, is_raw) = oneshot::channel();
        let download =
            Download { id, request: head, traffic: self.traffic, source, release, valve, became_raw };
        let next = tokio::select! {
            next = download.run(&mut self.sink) => next?,
            () = upload(&mut self.source, sink, &mut framing, is_raw) => Next::Close,
        };
        // A client that is still sending a body which nobody reads can't go on with another request.
        Ok(if framing.is_done() { next } else { Next::Close })
    }
}

/// The way back of one request.
struct Download<'a> {
    id: u64,
    request: &'a Head,
    traffic: &'a Traffic,
    source: Source,
    release: Release,
    valve: Valve,
    /// Tells the upload that the connection is a raw stream from here on.
    became_raw: oneshot::Sender<()>,
}

impl Download<'_> {
    async fn run(mut self, sink: &mut Sink) -> io::Result<Next> {
        let Some(head) = self.head(sink).await? else { return Ok(Next::Close) };
        self.traffic.answered(self.id, head.status());
        match &self.release {
            Release::AtOnce => {}
            Release::AtGate(gate) => gate.pass().await,
            Release::Never(then) => return Ok(stop(*then).await),
        }
        let mut framing = Framing::of_answer(&head, self.request.method());
        if head.status() == Some(101) {
            framing = Framing::UntilClose;
        }
        let reusable = framing != Framing::UntilClose && !head.closes() && !self.request.closes();
        if framing == Framing::UntilClose {
            // Before the head goes on: what the client sends once it has read it is part of the raw stream. An
            // upload that has ended does not care.
            let _ = self.became_raw.send(());
        }
        sink.write_all(&head.bytes).await?;
        match self.source.copy(sink, &mut framing, &mut self.valve).await? {
            Copied::Whole if reusable => Ok(Next::Reuse),
            Copied::Whole | Copied::Short => Ok(Next::Close),
            Copied::Stopped(then) => Ok(stop(then).await),
        }
    }

    /// The head of the answer proper; interim ones (100 Continue) are passed on.
    async fn head(&mut self, sink: &mut Sink) -> io::Result<Option<Head>> {
        while let Some(head) = self.source.head().await? {
            match head.status() {
                Some(100 | 102..=199) => sink.write_all(&head.bytes).await?,
                _ => return Ok(Some(head)),
            }
        }
        Ok(None)
    }
}

/// Ends the way back; a hang lasts until the upload sees the client go.
async fn stop(then: Then) -> Next {
    match then {
        Then::Cut => Next::Close,
        Then::Hang => std::future::pending().await,
    }
}

/// Forwards a request's body, and all that follows once the connection is a raw stream. Returns when the client is
/// gone; an engine that does not read is no reason to return, since its answer may still come.
async fn upload(source: &mut Source, mut sink: Sink, framing: &mut Framing, is_raw: oneshot::Receiver<()>) {
    if matches!(source.copy(&mut sink, framing, &mut Valve::Open).await, Ok(Copied::Whole)) {
        tokio::select! {
            Ok(()) = is_raw => {
                // How it ended makes no difference: nothing more will come from the client.
                let _ = source.copy(&mut sink, &mut Framing::UntilClose, &mut Valve::Open).await;
            }
            () = source.until_closed() => {}
        }
    }
    // The client may have closed its direction only, as one does to end the input of a command.
    let _ = sink.shutdown().await;
    source.until_hung_up().await;
}

impl Upstream {
    async fn connect(&self) -> io::Result<(Source, Sink)> {
        match self {
            Self::Nowhere => Err(io::Error::from(io::ErrorKind::NotConnected)),
            Self::Unix(path) => UnixStream::connect(path).await.map(wire::split_unix),
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(wire::split_tcp(stream))
            }
        }
    }
}
