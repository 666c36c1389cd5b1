//! The source of a container's output: an attached connection, or the engine's log.

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::AsyncReadExt;

use crate::engine::{Bodies, Upgraded};

/// A connection from which output is read.
pub(crate) enum Source {
    Attached(Upgraded),
    Followed(Bodies),
}

/// The connection is broken.
pub(crate) struct Broken;

impl Source {
    /// Returns the next chunk, or `None` at the end.
    pub(crate) async fn next<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Option<Chunk<'a>>, Broken> {
        match self {
            Self::Attached(connection) => match connection.read(buffer).await {
                Ok(0) => Ok(None),
                Ok(n) => Ok(Some(Chunk::Read(&buffer[..n]))),
                Err(_) => Err(Broken),
            },
            Self::Followed(bodies) => match bodies.next().await {
                None => Ok(None),
                Some(Ok(bytes)) => Ok(Some(Chunk::Body(bytes))),
                Some(Err(_)) => Err(Broken),
            },
        }
    }
}

/// A chunk of output, borrowed or owned.
pub(crate) enum Chunk<'a> {
    Read(&'a [u8]),
    Body(Bytes),
}

impl AsRef<[u8]> for Chunk<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Body(bytes) => bytes,
        }
    }
}
