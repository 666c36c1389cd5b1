//! The errors of the runner: a request that can't be carried out, an engine that fails, a report that can't be written.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a run could not begin, or not come to its end. A case that fails is no error.
#[derive(Debug)]
pub struct Error(Repr);

#[derive(Debug)]
enum Repr {
    Own {
        kind: Kind,
        message: String,
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// An error of the library, kept whole: its sources stay reachable.
    Library(seatrial::Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The request can't be carried out as it is.
    Invalid,
    /// The engine, or a container on it, fails.
    Engine,
    /// A report can't be written.
    Report,
}

impl Error {
    /// Creates an error for a request that can't be carried out; `message` names the reason.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    pub(crate) fn engine(message: impl Into<String>) -> Self {
        Self::new(Kind::Engine, message)
    }

    pub(crate) fn report(message: impl Into<String>) -> Self {
        Self::new(Kind::Report, message)
    }

    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Repr::Own { kind, message: message.into(), source: None })
    }

    /// Adds the error that caused this one. Default: none.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        match self.0 {
            Repr::Own { kind, message, .. } => Self(Repr::Own { kind, message, source: Some(source.into()) }),
            Repr::Library(error) => Self(Repr::Library(error)),
        }
    }

    /// Returns `true` if the request itself was wrong. Such a request is refused before anything is started.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        match &self.0 {
            Repr::Own { kind, .. } => *kind == Kind::Invalid,
            Repr::Library(error) => error.is_invalid(),
        }
    }

    /// Returns `true` if a report, or the record of durations, could not be written.
    #[must_use]
    pub fn is_report(&self) -> bool {
        matches!(self.0, Repr::Own { kind: Kind::Report, .. })
    }
}

impl From<seatrial::Error> for Error {
    fn from(error: seatrial::Error) -> Self {
        Self(Repr::Library(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Own { message, .. } => f.write_str(message),
            Repr::Library(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0 {
            Repr::Own { source, .. } => source.as_deref().map(|source| source as _),
            // Its own text is ours, so the chain goes on with its source.
            Repr::Library(error) => error.source(),
        }
    }
}

/// Returns an error and all of its sources as text, one `caused by:` line per source.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Layer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|layer| layer as _)
        }
    }

    #[test]
    fn a_chain_shows_every_source_once() {
        let source = Layer("a connection was refused", Some(Box::new(Layer("the system's reason", None))));
        let error = Error::engine("the engine is away").with_source(source);
        let expected =
            "the engine is away\ncaused by: a connection was refused\ncaused by: the system's reason";
        assert_eq!(chain(&error), expected);
        assert!(!error.is_invalid() && !error.is_report());
    }
}
