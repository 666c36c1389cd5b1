//! The streams of a process on the background thread: its output goes into a channel, its input comes from another.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::beside::beside;
use super::pieces::{Piece, Pieces, Sink};
use crate::words::{LogStream, Result};

/// The number of pieces that wait to be read; a full channel holds the process back, as a pipe does.
const PIECES: usize = 32;

/// A request to the writer of standard input, with the channel for its outcome.
pub(super) enum InputRequest {
    Write(Bytes, oneshot::Sender<io::Result<()>>),
    Close(oneshot::Sender<io::Result<()>>),
}

/// The background thread's ends of the channels.
pub(super) struct Pump {
    input: mpsc::Receiver<InputRequest>,
    pieces: mpsc::Sender<Result<Piece>>,
}

impl Pump {
    /// Returns the background thread's ends with the handle's ends, for input and output.
    pub(super) fn new() -> (Self, mpsc::Sender<InputRequest>, mpsc::Receiver<Result<Piece>>) {
        let (input, requests) = mpsc::channel(1);
        let (sender, pieces) = mpsc::channel(PIECES);
        (Self { input: requests, pieces: sender }, input, pieces)
    }

    /// Moves bytes both ways until the output has ended, and sets the flag then.
    pub(super) async fn run(
        self,
        mut output: Pieces,
        writer: impl AsyncWrite + Unpin,
        is_over: Arc<AtomicBool>,
    ) {
        let Self { input, mut pieces } = self;
        let writing = write(input, writer, output.input_flag());
        match beside(output.read_to_end(&mut pieces), writing).await {
            Ok(()) => is_over.store(true, Ordering::Relaxed),
            Err(error) => drop(pieces.send(Err(error)).await),
        }
    }
}

impl Sink for mpsc::Sender<Result<Piece>> {
    async fn take(&mut self, stream: LogStream, bytes: Bytes) {
        // Copied, so that a small piece that is kept does not keep all that was read with it. A handle that is dropped
        // ends this task.
        self.send(Ok((stream, Bytes::copy_from_slice(&bytes)))).await.ok();
    }
}

async fn write(
    mut requests: mpsc::Receiver<InputRequest>,
    mut writer: impl AsyncWrite + Unpin,
    has_input: Arc<AtomicBool>,
) {
    while let Some(request) = requests.recv().await {
        match request {
            InputRequest::Write(bytes, done) => {
                has_input.store(true, Ordering::Relaxed);
                let written = match writer.write_all(&bytes).await {
                    Ok(()) => writer.flush().await,
                    Err(error) => Err(error),
                };
                done.send(written).ok();
            }
            InputRequest::Close(done) => {
                done.send(writer.shutdown().await).ok();
            }
        }
    }
}
