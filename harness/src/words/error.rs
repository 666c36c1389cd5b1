//! The library's error type.
//!
//! `Display` names the failure, the resource, the operation and the elapsed time; it never repeats the source. `Debug`
//! prints the same, followed by the chain of sources, since test runners show the `Debug` form of a returned error.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::output::PartialOutput;
use crate::words::Report;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this library, with the resource that it concerns.
///
/// The `is_…` methods tell its kind. Further kinds may be added. A clone shares report and source, for a failure that
/// several callers share.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: Cow<'static, str>,
    /// The engine's HTTP status, if the error is the engine's answer.
    status: Option<u16>,
    subject: Option<String>,
    phase: Option<&'static str>,
    elapsed: Option<Duration>,
    hint: Option<Cow<'static, str>>,
    report: Option<Arc<Report>>,
    output: Option<Arc<PartialOutput>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kind of an error, which the `is_…` predicates expose. It is private, so that kinds can be split later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is invalid, as found before the engine was contacted, or by the engine.
    Invalid,
    /// No engine answers.
    Unreachable,
    /// The engine did not answer a request in time.
    Timeout,
    /// The engine's answer is malformed or incomplete.
    Protocol,
    /// The engine answered with an error of its own.
    Engine,
    /// A container, image, network, volume or path does not exist.
    NotFound,
    /// A name or port is in use, or the state of the resource does not permit the operation.
    Conflict,
    /// An image is not available.
    Image,
    /// The registry rejected the credentials, or requires some.
    Denied,
    /// The container did not become ready in time.
    NotReady,
    /// The container can't become ready any more.
    NeverReady,
    /// The container ended during the wait.
    Exited,
    /// A file or archive could not be read or written.
    Files,
    /// A port lookup failed.
    Port,
    /// A command in the container could not be followed to its end.
    Exec,
    /// The engine could not start a command in the container.
    NotStarted,
    /// A command in the container exceeded its time limit.
    ExecTimeout,
    /// A resource that was to be removed still exists.
    Leftover,
    /// The session's reaper is not available.
    Reaper,
    /// The pool is closed.
    Closed,
    /// The engine or its runtime does not support the operation.
    Unsupported,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            status: None,
            subject: None,
            phase: None,
            elapsed: None,
            hint: None,
            report: None,
            output: None,
            source: None,
        }))
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    pub(crate) fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Sets the resource, unless code nearer to the failure has set one.
    pub(crate) fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.0.subject.get_or_insert_with(|| subject.into());
        self
    }

    /// Puts the part of the resource that the error concerns in front of the message.
    pub(crate) fn with_part(mut self, part: impl fmt::Display) -> Self {
        self.0.message = format!("{part}: {}", self.0.message).into();
        self
    }

    /// Removes the resource, for a context that names it already.
    pub(crate) fn without_subject(mut self) -> Self {
        self.0.subject = None;
        self
    }

    pub(crate) fn with_phase(mut self, phase: &'static str) -> Self {
        self.0.phase.get_or_insert(phase);
        self
    }

    pub(crate) fn with_elapsed(mut self, elapsed: Duration) -> Self {
        self.0.elapsed.get_or_insert(elapsed);
        self
    }

    /// Sets the elapsed time of the whole operation, which replaces that of a single step.
    pub(crate) fn with_total_elapsed(mut self, elapsed: Duration) -> Self {
        self.0.elapsed = Some(elapsed);
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Sets a hint, which replaces an existing one. For code that knows the context better than the code that set it.
    pub(crate) fn with_own_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_report(mut self, report: Report) -> Self {
        self.0.report = Some(Arc::new(report));
        self
    }

    pub(crate) fn with_output(mut self, output: PartialOutput) -> Self {
        self.0.output = Some(Arc::new(output));
        self
    }

    /// Returns `true` if the engine may have performed the operation although it did not answer.
    pub(crate) fn is_unanswered(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::Protocol)
    }

    /// Returns `true` if the engine may be reachable again later and still know the resource.
    pub(crate) fn is_engine_away(&self) -> bool {
        matches!(self.0.kind, Kind::Unreachable | Kind::Timeout | Kind::Protocol)
    }

    /// Returns the message, without the resource.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns the engine's HTTP status, if the error is an answer of the engine.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the container, image, network, port or file that the error concerns, if known.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// Returns the facts about a failed wait that `Display` prints, as data.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_deref()
    }

    /// Returns the output of a command before its time limit.
    #[must_use]
    pub fn output(&self) -> Option<&PartialOutput> {
        self.0.output.as_deref()
    }

    /// Returns `true` if the request itself is invalid. Nothing was started.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.0.kind == Kind::Invalid
    }

    /// Returns `true` if no engine could be reached.
    #[must_use]
    pub fn is_engine_unreachable(&self) -> bool {
        self.0.kind == Kind::Unreachable
    }

    /// Returns `true` if a request to the engine, a wait or a command exceeded its time limit.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::NotReady | Kind::ExecTimeout)
    }

    /// Returns `true` if an answer does not conform to the engine's API.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        self.0.kind == Kind::Protocol
    }

    /// Returns `true` if the container, image, network, volume or path does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound
    }

    /// Returns `true` if a name or port is in use, or the resource's state does not permit the operation.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.kind == Kind::Conflict
    }

    /// Returns `true` if an image is not available.
    #[must_use]
    pub fn is_image(&self) -> bool {
        matches!(self.0.kind, Kind::Image | Kind::Denied)
    }

    /// Returns `true` if a registry rejected the credentials, or requires some.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.0.kind == Kind::Denied
    }

    /// Returns `true` if a wait failed: it took too long, or the container can't become ready any more.
    #[must_use]
    pub fn is_not_ready(&self) -> bool {
        matches!(self.0.kind, Kind::NotReady | Kind::NeverReady)
    }

    /// Returns `true` if the container ended during the wait.
    #[must_use]
    pub fn is_exited(&self) -> bool {
        self.0.kind == Kind::Exited
    }

    /// Returns `true` if a port lookup failed.
    #[must_use]
    pub fn is_port(&self) -> bool {
        self.0.kind == Kind::Port
    }

    /// Returns `true` if a file or archive could not be read or written.
    #[must_use]
    pub fn is_files(&self) -> bool {
        self.0.kind == Kind::Files
    }

    /// Returns `true` if a command in a container could not be started or followed to its end.
    #[must_use]
    pub fn is_exec(&self) -> bool {
        matches!(self.0.kind, Kind::Exec | Kind::NotStarted | Kind::ExecTimeout)
    }

    /// Returns `true` if a command in a container could not be started: the program, user, group or directory does not
    /// exist, or the program can't be executed.
    #[must_use]
    pub fn is_not_started(&self) -> bool {
        self.0.kind == Kind::NotStarted
    }

    /// Returns `true` if the session's reaper is not available. Nothing is created without it.
    #[must_use]
    pub fn is_reaper(&self) -> bool {
        self.0.kind == Kind::Reaper
    }

    /// Returns `true` if the pool is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.kind == Kind::Closed
    }

    /// Returns `true` if the engine or its runtime does not support the operation. The hint names what is missing.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.0.kind == Kind::Unsupported
    }

    /// Returns `true` if a resource that was to be removed still exists.
    #[must_use]
    pub fn is_leftover(&self) -> bool {
        self.0.kind == Kind::Leftover
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(subject) = &inner.subject {
            write!(f, "{subject}: ")?;
        }
        if let Some(phase) = inner.phase {
            write!(f, "failed to {phase}: ")?;
        }
        f.write_str(&inner.message)?;
        if let Some(elapsed) = inner.elapsed {
            // In brackets, since the message may be a whole sentence of the engine's.
            write!(f, " (after {})", crate::words::seconds(elapsed))?;
        }
        if let Some(report) = &inner.report {
            write!(f, "\n{report}")?;
        }
        if let Some(hint) = &inner.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut next = self.source();
        while let Some(source) = next {
            write!(f, "\ncaused by: {source}")?;
            next = source.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Error {
        Error::new(Kind::Conflict, "the name is taken")
            .with_subject("container `db`")
            .with_phase("create")
            .with_elapsed(Duration::from_millis(1500))
            .with_hint("choose another name")
            .with_source(std::io::Error::other("inner"))
    }

    #[test]
    fn display_names_subject_phase_and_time_but_not_the_source() {
        assert_eq!(
            sample().to_string(),
            "container `db`: failed to create: the name is taken (after 1.5 s)\nhint: choose another name"
        );
    }

    #[test]
    fn debug_appends_the_chain_of_sources() {
        assert!(format!("{:?}", sample()).ends_with("\ncaused by: inner"));
    }

    #[test]
    fn the_first_subject_stays() {
        assert_eq!(sample().with_subject("image `x`").subject(), Some("container `db`"));
    }

    #[test]
    fn a_part_is_named_besides_the_subject() {
        let error = Error::new(Kind::Files, "no").with_part("entry `a`").with_subject("container `db`");
        assert_eq!(error.to_string(), "container `db`: entry `a`: no");
    }

    #[test]
    fn errors_are_send_and_sync() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
    }
}
