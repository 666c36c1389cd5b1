//! What can go wrong around a run: what was asked for, the engine, or the files that are written.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run could not be begun, or not be brought to its end. A case that fails is no error.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What was asked for can't be.
    Invalid,
    /// The engine, or what runs on it, fails.
    Engine,
}

impl Error {
    /// What was asked for can't be, for this reason.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { kind: Kind::Invalid, message: message.into(), source: None }
    }

    pub(crate) fn engine(message: impl Into<String>) -> Self {
        Self { kind: Kind::Engine, message: message.into(), source: None }
    }

    /// The same, with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the request itself was wrong: refused before anything was started.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.kind == Kind::Invalid
    }
}

impl From<seatrial::Error> for Error {
    fn from(error: seatrial::Error) -> Self {
        let kind = if error.is_invalid() { Kind::Invalid } else { Kind::Engine };
        let source = error.source().map(|source| source.to_string().into());
        Self { kind, message: error.to_string(), source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// An error with the chain of its sources, as a command prints it.
#[must_use]
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!("\ncaused by: {source}"));
        next = source.source();
    }
    text
}
