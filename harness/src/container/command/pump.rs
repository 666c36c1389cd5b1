//! A process's streams on the background thread: what it prints is read into a channel, what is given is written.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::beside::beside;
use super::capture::{READ_SIZE, read_piece};
use crate::container::Subject;
use crate::engine::{FrameDecoder, Mode};
use crate::life::Presence;
use crate::words::{Error, Kind, LogStream, Result};

/// One piece of output.
pub(super) type Piece = (LogStream, Bytes);

/// How many pieces wait to be taken; who does not take them holds the process back, as a pipe does.
const PIECES: usize = 32;

/// Something to be done to standard input, and who waits for it.
pub(super) enum Input {
    Write(Bytes, oneshot::Sender<io::Result<()>>),
    Close(oneshot::Sender<io::Result<()>>),
}

/// The channels between a process's handle and its streams.
pub(super) struct Channels {
    pub(super) input: mpsc::Sender<Input>,
    pub(super) pieces: mpsc::Receiver<Result<Piece>>,
}

/// What the background thread has of them.
pub(super) struct Ends {
    input: mpsc::Receiver<Input>,
    pieces: mpsc::Sender<Result<Piece>>,
}

pub(super) fn channels() -> (Channels, Ends) {
    let (input, inputs) = mpsc::channel(1);
    let (sender, pieces) = mpsc::channel(PIECES);
    (Channels { input, pieces }, Ends { input: inputs, pieces: sender })
}

impl Ends {
    /// Moves bytes both ways until the output has ended.
    pub(super) async fn pump(
        self,
        subject: Subject,
        reader: impl AsyncRead + Unpin,
        writer: impl AsyncWrite + Unpin,
        mode: Mode,
        is_over: Arc<AtomicBool>,
    ) {
        let Self { input, pieces } = self;
        let has_input = AtomicBool::new(false);
        let reading = read(&subject, reader, mode, &pieces, || has_input.load(Ordering::Relaxed));
        let outcome = beside(reading, write(input, writer, &has_input)).await;
        match outcome {
            Ok(()) => is_over.store(true, Ordering::Relaxed),
            Err(error) => {
                pieces.send(Err(error)).await.ok();
            }
        }
    }
}

async fn read(
    subject: &Subject,
    mut reader: impl AsyncRead + Unpin,
    mode: Mode,
    pieces: &mpsc::Sender<Result<Piece>>,
    has_input: impl Fn() -> bool,
) -> Result<()> {
    let mut decoder = FrameDecoder::new(mode);
    let mut buffer = vec![0; READ_SIZE];
    let mut presence = Presence::of(subject);
    loop {
        // What nobody takes is none of this: it waits below for as long as it likes.
        let reading = presence.unless_gone(read_piece(&mut reader, &mut buffer, &has_input)).await;
        let read = reading.unwrap_or_else(|| {
            Err(Error::new(Kind::Exec, "the container has ended, and the process with it"))
        })?;
        if read == 0 {
            return decoder.finish();
        }
        let mut decoded = Vec::new();
        let outcome = decoder.decode(&buffer[..read], |stream, bytes| {
            decoded.push((stream, Bytes::copy_from_slice(bytes)));
        });
        for piece in decoded {
            if pieces.send(Ok(piece)).await.is_err() {
                return Ok(());
            }
        }
        outcome?;
    }
}

async fn write(
    mut input: mpsc::Receiver<Input>,
    mut writer: impl AsyncWrite + Unpin,
    has_input: &AtomicBool,
) {
    while let Some(input) = input.recv().await {
        match input {
            Input::Write(bytes, done) => {
                has_input.store(true, Ordering::Relaxed);
                let written = match writer.write_all(&bytes).await {
                    Ok(()) => writer.flush().await,
                    Err(error) => Err(error),
                };
                done.send(written).ok();
            }
            Input::Close(done) => {
                done.send(writer.shutdown().await).ok();
            }
        }
    }
}
