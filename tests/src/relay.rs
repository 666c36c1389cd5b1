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

/// The server to which requests are forwarded.
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

/// The next step for the client's connection after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Reuse,
    Close,
}

/// The moment at which the engine's answer is passed on.
#[derive(Clone, Debug)]
enum Release {
    AtOnce,
    AtGate(Gate),
    Never(Then),
}

/// The way in which a request is forwarded.
#[derive(Debug)]
struct Plan {
    id: u64,
    release: Release,
    valve: Valve,
    /// Cuts the answer once it is open.
    cut_at: Option<Gate>,
    /// `true` if the engine carries the request out although the client is gone. The request was held back before, and
    /// an engine that sees its client go may stop.
    outlives_client: bool,
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
        let mut plan =
            Plan { id, release: Release::AtOnce, valve: Valve::Open, cut_at: None, outlives_client: false };
        for fault in faults {
            plan.outlives_client |= fault.goes_on();
            return match fault {
                Fault::Delay(duration) => {
                    tokio::time::sleep(duration).await;
                    continue;
                }
                Fault::Hold(gate) => {
                    gate.pass().await;
                    continue;
                }
                Fault::Pass => self.forward(head, plan).await,
                Fault::Refuse(then) => Ok(self.end(then).await),
                Fault::Raw(bytes, then) => {
                    self.sink.write_all(&bytes).await?;
                    Ok(self.end(then).await)
                }
                Fault::Answer(answer) => self.answer(id, head, &answer).await,
                Fault::Swallow(then) => {
                    self.forward(head, Plan { release: Release::Never(then), ..plan }).await
                }
                Fault::HoldAnswer(gate) => {
                    self.forward(head, Plan { release: Release::AtGate(gate), ..plan }).await
                }
                Fault::Break { after, then } => {
                    self.forward(head, Plan { valve: Valve::Part { left: after, then }, ..plan }).await
                }
                Fault::CutAt(gate) => self.forward(head, Plan { cut_at: Some(gate), ..plan }).await,
                Fault::Throttle { bytes_per_second } => {
                    self.forward(head, Plan { valve: Valve::Slow { bytes_per_second }, ..plan }).await
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

    async fn forward(&mut self, head: &Head, plan: Plan) -> io::Result<Next> {
        let (source, mut sink) = self.upstream.connect().await?;
        sink.write_all(&head.bytes).await?;
        let mut framing = Framing::of_request(head);
        let (became_raw, is_raw) = oneshot::channel();
        let upload = Upload { source: &mut self.source, sink, is_raw, outlives_client: plan.outlives_client };
        let download = Download { plan, request: head, traffic: self.traffic, source, became_raw };
        let next = tokio::select! {
            next = download.run(&mut self.sink) => next?,
            () = upload.run(&mut framing) => Next::Close,
        };
        // A client that is still sending a body which nobody reads can't go on with another request.
        Ok(if framing.is_done() { next } else { Next::Close })
    }
}

/// The way back of one request.
struct Download<'a> {
    plan: Plan,
    request: &'a Head,
    traffic: &'a Traffic,
    source: Source,
    /// Tells the upload that the connection is a raw stream from here on.
    became_raw: oneshot::Sender<()>,
}

impl Download<'_> {
    async fn run(mut self, sink: &mut Sink) -> io::Result<Next> {
        let Some(head) = self.head(sink).await? else { return Ok(Next::Close) };
        self.traffic.answered(self.plan.id, head.status());
        match &self.plan.release {
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
        let cut_at = self.plan.cut_at.take();
        let cut = async {
            match cut_at {
                Some(gate) => gate.pass().await,
                None => std::future::pending().await,
            }
        };
        let copied = tokio::select! {
            copied = self.source.copy(sink, &mut framing, &mut self.plan.valve) => copied?,
            () = cut => return Ok(Next::Close),
        };
        match copied {
            Copied::Whole if reusable => Ok(Next::Reuse),
            Copied::Whole | Copied::Short => Ok(Next::Close),
            Copied::Stopped(then) => Ok(stop(then).await),
        }
    }

    /// Reads the head of the final answer. Interim ones (100 Continue) are passed on.
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

/// The way there: a request's body, and all that follows once the connection is a raw stream.
struct Upload<'a> {
    source: &'a mut Source,
    sink: Sink,
    is_raw: oneshot::Receiver<()>,
    outlives_client: bool,
}

impl Upload<'_> {
    /// Returns when the client is gone; an engine that does not read is no reason to return, since its answer may
    /// still come.
    async fn run(mut self, framing: &mut Framing) {
        let copied = self.source.copy(&mut self.sink, framing, &mut Valve::Open).await;
        let is_whole = matches!(copied, Ok(Copied::Whole));
        if is_whole {
            tokio::select! {
                Ok(()) = self.is_raw => {
                    // How it ended makes no difference: nothing more will come from the client.
                    let _ = self.source.copy(&mut self.sink, &mut Framing::UntilClose, &mut Valve::Open).await;
                }
                () = self.source.until_closed() => {}
            }
        }
        // If the client has not sent a whole body, an engine waits for the rest, and locks its container meanwhile.
        if is_whole && self.outlives_client && self.source.is_hung_up().await {
            // The way back ends it, once the engine has answered.
            std::future::pending::<()>().await;
        }
        // The client may have closed its direction only, as one does to end the input of a command.
        let _ = self.sink.shutdown().await;
        self.source.until_hung_up().await;
    }
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
