//! The two kinds of runtime that tests use.

use anyhow::Result;
use clap::ValueEnum;
use tokio::runtime::{Builder, Runtime};

/// A kind of Tokio runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeKind {
    /// The runtime of `#[tokio::test]`.
    CurrentThread,
    /// The runtime of `#[tokio::main]`.
    MultiThread,
}

impl RuntimeKind {
    pub(crate) fn build(self) -> Result<Runtime> {
        let mut builder = match self {
            Self::CurrentThread => Builder::new_current_thread(),
            Self::MultiThread => Builder::new_multi_thread(),
        };
        Ok(builder.enable_all().build()?)
    }

    /// Returns the value's spelling on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::CurrentThread => "current-thread",
            Self::MultiThread => "multi-thread",
        }
    }
}
