//! The one error type of the library.
//!
//! `Display` says what failed, on which thing, in which phase, after how long; it never repeats its source.
//! `Debug` prints the same and then the chain of sources, because that is what a test runner shows of an error
//! that a test returned.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use super::output::PartialOutput;
use crate::words::Report;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with the thing that it went wrong for.
///
/// The kind is asked for with the `is_…` methods; more kinds may come.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: Cow<'static, str>,
    /// The engine's HTTP status, if it answered.
    status: Option<u16>,
    subject: Option<String>,
    phase: Option<&'static str>,
    elapsed: Option<Duration>,
    hint: Option<Cow<'static, str>>,
    report: Option<Box<Report>>,
    output: Option<Box<PartialOutput>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What the `is_…` predicates ask for. Private on purpose: kinds may be split later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What was asked for can't be: refused before the engine was asked, or by the engine as a bad parameter.
    Invalid,
    /// No engine answers.
    Unreachable,
    /// A request to the engine passed its deadline.
    Timeout,
    /// The engine's answer was not understood, or broke off.
    Protocol,
    /// The engine answered with an error of its own.
    Engine,
    /// A container, image, network, volume or path that is not there.
    NotFound,
    /// A name or port that is taken, or a state that does not allow it.
    Conflict,
    /// An image could not be had.
    Image,
    /// The registry refused the credentials, or wants some.
    Denied,
    /// The container did not become ready in time.
    NotReady,
    /// The container can't become ready any more.
    NeverReady,
    /// The container ended while it was waited for.
    Exited,
    /// A file or archive could not be read or written.
    Files,
    /// A port lookup that has no answer.
    Port,
    /// A command in the container could not be followed to its end.
    Exec,
    /// A command in the container that the engine could not start.
    NotStarted,
    /// A command in the container whose time was up.
    ExecTimeout,
    /// Something that was asked to go is still there.
    Leftover,
    /// The session's reaper can't be had.
    Reaper,
    /// The pool is closed.
    Closed,
    /// The engine, or the runtime below it, has no such thing.
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
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error once more, without its report and source: for a failure that several callers share.
    pub(crate) fn duplicate(&self) -> Self {
        let inner = &*self.0;
        Self(Box::new(Inner {
            kind: inner.kind,
            message: inner.message.clone(),
            status: inner.status,
            subject: inner.subject.clone(),
            phase: inner.phase,
            elapsed: inner.elapsed,
            hint: inner.hint.clone(),
            report: None,
            output: None,
            source: None,
        }))
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Names the thing, unless something nearer to the failure has named it already.
    pub(crate) fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.0.subject.get_or_insert_with(|| subject.into());
        self
    }

    /// Names the part of the thing that it is about, in front of the message.
    pub(crate) fn with_part(mut self, part: impl fmt::Display) -> Self {
        self.0.message = format!("{part}: {}", self.0.message).into();
        self
    }

    /// Leaves the thing out, for where it is named already.
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

    /// The time that passed over all, in place of that of one step.
    pub(crate) fn with_total_elapsed(mut self, elapsed: Duration) -> Self {
        self.0.elapsed = Some(elapsed);
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// A hint in place of any that there is: of two, the one that knows what it is all for.
    pub(crate) fn with_own_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_report(mut self, report: Report) -> Self {
        self.0.report = Some(Box::new(report));
        self
    }

    pub(crate) fn with_output(mut self, output: PartialOutput) -> Self {
        self.0.output = Some(Box::new(output));
        self
    }

    /// Whether the engine may have done what it was asked without our having heard of it.
    pub(crate) fn is_unanswered(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::Protocol)
    }

    /// What went wrong, without the thing that it went wrong for.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The engine's HTTP status, if this is an answer of the engine.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The container, image, network, port or file that this is about, if known.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// What a failed wait saw: the same facts that `Display` prints, for programs.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_deref()
    }

    /// What a command printed before its time was up.
    #[must_use]
    pub fn output(&self) -> Option<&PartialOutput> {
        self.0.output.as_deref()
    }

    /// Whether the request itself was wrong: refused before anything was started.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.0.kind == Kind::Invalid
    }

    /// Whether no engine could be reached.
    #[must_use]
    pub fn is_engine_unreachable(&self) -> bool {
        self.0.kind == Kind::Unreachable
    }

    /// Whether a request to the engine, a wait or a command passed its deadline.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::NotReady | Kind::ExecTimeout)
    }

    /// Whether the engine answered with something that is not its API.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        self.0.kind == Kind::Protocol
    }

    /// Whether the container, image, network, volume or path is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound
    }

    /// Whether a name or port is taken, or the container's state does not allow what was asked.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.kind == Kind::Conflict
    }

    /// Whether an image could not be had.
    #[must_use]
    pub fn is_image(&self) -> bool {
        matches!(self.0.kind, Kind::Image | Kind::Denied)
    }

    /// Whether a registry refused the credentials, or wants some.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.0.kind == Kind::Denied
    }

    /// Whether a container was waited for in vain: its time was up, or it can't become ready any more.
    #[must_use]
    pub fn is_not_ready(&self) -> bool {
        matches!(self.0.kind, Kind::NotReady | Kind::NeverReady)
    }

    /// Whether the container ended while it was waited for.
    #[must_use]
    pub fn is_exited(&self) -> bool {
        self.0.kind == Kind::Exited
    }

    /// Whether a port lookup had no answer.
    #[must_use]
    pub fn is_port(&self) -> bool {
        self.0.kind == Kind::Port
    }

    /// Whether a file or archive could not be read or written.
    #[must_use]
    pub fn is_files(&self) -> bool {
        self.0.kind == Kind::Files
    }

    /// Whether a command in a container could not be started or followed to its end.
    #[must_use]
    pub fn is_exec(&self) -> bool {
        matches!(self.0.kind, Kind::Exec | Kind::NotStarted | Kind::ExecTimeout)
    }

    /// Whether a command in a container could not be started: no such program, user, group or directory, or it can't
    /// be executed.
    #[must_use]
    pub fn is_not_started(&self) -> bool {
        self.0.kind == Kind::NotStarted
    }

    /// Whether the session's reaper can't be had, without which nothing is created.
    #[must_use]
    pub fn is_reaper(&self) -> bool {
        self.0.kind == Kind::Reaper
    }

    /// Whether it was asked of a pool that is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.kind == Kind::Closed
    }

    /// Whether the engine, or the runtime below it, can't do what was asked for; the hint says what is missing.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.0.kind == Kind::Unsupported
    }

    /// Whether something that was asked to go is still there.
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
            write!(f, " after {}", crate::words::seconds(elapsed))?;
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
            "container `db`: failed to create: the name is taken after 1.5 s\nhint: choose another name"
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
