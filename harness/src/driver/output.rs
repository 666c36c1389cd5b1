//! Reads a task's output, on the background thread, and passes it on to its outlet.

use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use tokio::io::{AsyncReadExt, ReadHalf};
use tokio::sync::watch;

use super::outlet::Outlet;
use crate::engine::{Bodies, FrameDecoder, Mode, Upgraded};
use crate::words::LogStream;

/// How much is read at once.
const READ_SIZE: usize = 32 * 1024;
/// How long the output may be silent once the task has ended, before it counts as broken off.
const SILENCE: Duration = Duration::from_secs(5);
/// How much of the beginning is kept, for an engine that says there what went wrong.
const HEAD: usize = 1024;

/// Where output comes from.
pub(super) enum Source {
    Connection(ReadHalf<Upgraded>),
    Log(Bodies),
}

impl Source {
    /// The next bytes; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, ()> {
        match self {
            Self::Connection(connection) => {
                let mut buffer = BytesMut::with_capacity(READ_SIZE);
                let read = connection.read_buf(&mut buffer).await.map_err(drop)?;
                Ok((read > 0).then(|| buffer.freeze()))
            }
            Self::Log(bodies) => bodies.next().await.transpose().map_err(drop),
        }
    }
}

/// Why a source gave no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It ended, between two frames.
    Over,
    /// It broke, and there was more.
    Broken,
}

/// The output of one task.
pub(super) struct Output {
    outlet: Outlet,
    /// How many bytes of standard output and of standard error were passed on.
    passed: [u64; 2],
    head: Vec<u8>,
    /// Whether the task has ended.
    ended: watch::Receiver<bool>,
}

impl Output {
    pub(super) fn new(outlet: Outlet, ended: watch::Receiver<bool>) -> Self {
        Self { outlet, passed: [0; 2], head: Vec::new(), ended }
    }

    /// The beginning of all that came, in words.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// How many bytes were passed on.
    pub(super) fn passed(&self) -> u64 {
        self.passed.iter().sum()
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Waits until the task has ended.
    pub(super) async fn ended(&mut self) {
        self.ended.wait_for(|ended| *ended).await.ok();
    }

    /// Reads a source to its end; what was passed on already, of one that begins at the beginning, is left out.
    pub(super) async fn read(&mut self, mut source: Source) -> End {
        let mut decoder = FrameDecoder::new(Mode::Multiplexed);
        let mut skip = match source {
            Source::Connection(_) => [0; 2],
            Source::Log(_) => self.passed,
        };
        loop {
            let mut ended = self.ended.clone();
            let too_long = async {
                ended.wait_for(|ended| *ended).await.ok();
                tokio::time::sleep(SILENCE).await;
            };
            let chunk = match select(pin!(source.next()), pin!(too_long)).await {
                Either::Left((Ok(chunk), _)) => chunk,
                Either::Left((Err(()), _)) | Either::Right(_) => return End::Broken,
            };
            let Some(chunk) = chunk else {
                return if decoder.finish().is_ok() { End::Over } else { End::Broken };
            };
            let mut pieces = Vec::new();
            let decoded =
                decoder.decode(&chunk, |stream, bytes| pieces.push((stream, chunk.slice_ref(bytes))));
            for (stream, bytes) in pieces {
                self.pass(stream, bytes, &mut skip).await;
            }
            if decoded.is_err() {
                return End::Broken;
            }
        }
    }

    async fn pass(&mut self, stream: LogStream, mut bytes: Bytes, skip: &mut [u64; 2]) {
        let index = match stream {
            LogStream::Stdout => 0,
            LogStream::Stderr => 1,
        };
        let known = usize::try_from(skip[index]).unwrap_or(usize::MAX).min(bytes.len());
        skip[index] -= known as u64;
        let bytes = bytes.split_off(known);
        if bytes.is_empty() {
            return;
        }
        self.passed[index] += bytes.len() as u64;
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.outlet.push(stream, bytes).await;
    }
}
