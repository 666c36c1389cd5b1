//! The two kinds of runtime that tests have.

use anyhow::Result;
use clap::ValueEnum;
use tokio::runtime::{Builder, Runtime};

/// A kind of tokio's runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeKind {
    /// What `#[tokio::test]` has.
    CurrentThread,
    /// What `#[tokio::main]` has.
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

    /// As the command line spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::CurrentThread => "current-thread",
            Self::MultiThread => "multi-thread",
        }
    }
}
