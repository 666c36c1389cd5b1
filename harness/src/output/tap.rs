//! Reads a container's output on the background thread: passes it to searches, keeps the last part of it, and stops as
//! soon as nothing needs it, so that the container is never blocked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

use super::kept::{Collected, Retain};
use super::log_match::{LogMatch, LogMatcher};
use super::source::Source;
use crate::base::{Backoff, Run, background};
use crate::engine::{FrameDecoder, LogRequest, Mode, Target, Upgraded};
use crate::words::{LogStream, Result};

/// The size of the read buffer. It is large, so that a busy container causes few wake-ups.
const READ_SIZE: usize = 64 * 1024;
/// The time without output after which an unfinished line counts as a prompt.
const QUIET: Duration = Duration::from_millis(50);
/// The time in which a container has to end after its output has ended, or else counts as still running.
const ENDING: Duration = Duration::from_millis(500);
/// The maximum number of times that the log of an ended container is read again after a broken connection.
const REREADS: usize = 3;

/// The outcome of a search.
#[derive(Debug)]
pub(crate) enum LogOutcome {
    Matched(LogMatch),
    /// The output ended without a match.
    Ended,
    /// The output could not be read.
    Failed(String),
}

/// A function that creates a fresh matcher, or returns `None` if there is nothing to search for.
type Fresh = Box<dyn Fn() -> Option<LogMatcher> + Send + Sync>;

/// A search in the output, with the channel to the wait that needs it.
pub(crate) struct Watcher {
    fresh: Fresh,
    is_from_now: bool,
    matcher: Option<LogMatcher>,
    seen: Arc<AtomicUsize>,
    done: Option<oneshot::Sender<LogOutcome>>,
}

impl Watcher {
    /// Creates a search with matchers from `fresh`, which counts its matches in `seen`. With `is_from_now`, earlier
    /// output does not count.
    pub(crate) fn new(
        fresh: impl Fn() -> Option<LogMatcher> + Send + Sync + 'static,
        is_from_now: bool,
        seen: Arc<AtomicUsize>,
    ) -> (Self, oneshot::Receiver<LogOutcome>) {
        let (done, outcome) = oneshot::channel();
        let matcher = fresh();
        (Self { fresh: Box::new(fresh), is_from_now, matcher, seen, done: Some(done) }, outcome)
    }

    /// Starts the search over, for a source that begins at the start again.
    fn reset(&mut self) {
        self.matcher = (self.fresh)();
        self.seen.store(0, Ordering::Relaxed);
    }

    fn look(&mut self, look: impl FnOnce(&mut LogMatcher) -> Option<LogMatch>) {
        let Some(matcher) = &mut self.matcher else { return };
        let found = look(matcher);
        self.seen.store(matcher.seen(), Ordering::Relaxed);
        if let Some(found) = found {
            self.tell(LogOutcome::Matched(found));
        }
    }

    fn tell(&mut self, outcome: LogOutcome) {
        if let Some(done) = self.done.take() {
            done.send(outcome).ok();
        }
    }

    /// Returns `true` if only future output counts.
    pub(crate) fn is_from_now(&self) -> bool {
        self.is_from_now
    }

    /// Returns `true` while a wait is interested in the outcome.
    fn is_wanted(&self) -> bool {
        self.done.as_ref().is_some_and(|done| !done.is_closed())
    }
}

/// The reader of a container's output. Dropping it ends the reading.
pub(crate) struct Tap {
    _reader: Run<()>,
    collected: Arc<Mutex<Collected>>,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tap")
    }
}

impl Tap {
    /// Reads from an attached connection: all output printed after the attachment. If the connection breaks, the log is
    /// read from the start of this run.
    ///
    /// Returns the tap, and a channel that closes when the reading is over.
    pub(crate) fn attached(
        target: Target,
        connection: Upgraded,
        watchers: Vec<Watcher>,
        keep: Retain,
    ) -> (Self, oneshot::Receiver<()>) {
        Self::reading(target, Some(Source::Attached(connection)), watchers, keep, None)
    }

    /// Reads from an attached connection like [`attached`](Self::attached). If it breaks, the log is read from this
    /// time on.
    pub(crate) fn attached_at(
        time: SystemTime,
        target: Target,
        connection: Upgraded,
        watchers: Vec<Watcher>,
    ) -> (Self, oneshot::Receiver<()>) {
        Self::reading(target, Some(Source::Attached(connection)), watchers, Retain::Tail, Some(time))
    }

    /// Reads the log from the start of this run.
    pub(crate) fn followed(target: Target, watchers: Vec<Watcher>) -> (Self, oneshot::Receiver<()>) {
        Self::reading(target, None, watchers, Retain::Tail, None)
    }

    fn reading(
        target: Target,
        source: Option<Source>,
        watchers: Vec<Watcher>,
        keep: Retain,
        not_before: Option<SystemTime>,
    ) -> (Self, oneshot::Receiver<()>) {
        let (over, is_over) = oneshot::channel();
        let collected = Arc::new(Mutex::new(Collected::default()));
        let reader =
            Reader { target, watchers, keep, not_before, starts_over: false, collected: collected.clone() };
        let reader = background().run(async move {
            reader.run(source).await;
            over.send(()).ok();
        });
        (Self { _reader: reader, collected }, is_over)
    }

    /// Returns the currently kept ends of stdout and stderr.
    pub(crate) fn tails(&self) -> (Vec<u8>, Vec<u8>) {
        let collected = lock(&self.collected);
        (collected.stdout.bytes.clone(), collected.stderr.bytes.clone())
    }

    /// Takes the output kept so far.
    pub(crate) fn take(&self) -> Collected {
        std::mem::take(&mut lock(&self.collected))
    }
}

fn lock(collected: &Mutex<Collected>) -> std::sync::MutexGuard<'_, Collected> {
    collected.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The reading task.
struct Reader {
    target: Target,
    watchers: Vec<Watcher>,
    keep: Retain,
    /// The time before which log lines are ignored, by our clock. The clock of an engine on another machine may differ.
    not_before: Option<SystemTime>,
    /// Set if the next data comes from the start of the output again.
    starts_over: bool,
    collected: Arc<Mutex<Collected>>,
}

/// The reason why a source yields no more data.
enum Stop {
    /// Nothing needs the output any more.
    Unwanted,
    /// The output ended, or the connection broke between two frames. The container's state tells which.
    Over,
    /// The connection broke within the output.
    Broken,
}

impl Reader {
    async fn run(mut self, first: Option<Source>) {
        let mut backoff = Backoff::for_engine();
        let mut source = first;
        let mut rereads = 0;
        loop {
            let current = match source.take() {
                Some(source) => Ok(source),
                None => self.follow_log().await.map(Source::Followed),
            };
            let has_more = match current {
                Ok(current) => match self.read(current).await {
                    Stop::Unwanted => return,
                    Stop::Over => false,
                    Stop::Broken => true,
                },
                // An unreachable engine says nothing about the log. If the container is gone, there is no more output.
                Err(error) if error.is_not_found() => false,
                Err(error) if error.status().is_none() => true,
                Err(_) if self.target.ends_in(ENDING).await => return self.end(),
                Err(error) => return self.tell_all(|| LogOutcome::Failed(error.to_string())),
            };
            if self.target.ends_in(ENDING).await {
                if !has_more || rereads == REREADS {
                    return self.end();
                }
                rereads += 1;
            }
            // The container still runs (it closed its output, was restarted, or the connection broke), or there is more
            // output. The log contains all of it.
            crate::base::sleep(backoff.next()).await;
            self.start_over();
        }
    }

    async fn follow_log(&self) -> Result<crate::engine::Bodies> {
        let state = self.target.inspect().await?.state;
        let run = state.log_since(self.target.ran_before());
        // `None` is less than any time.
        let since = run.max(self.not_before).map(crate::words::engine_seconds);
        let request =
            LogRequest { stdout: true, stderr: true, follow: true, timestamps: false, tail: None, since };
        self.target.logs(&request).await
    }

    /// Reads one source until it ends or nothing needs it.
    async fn read(&mut self, mut source: Source) -> Stop {
        let mode = if self.target.tty { Mode::Raw } else { Mode::Multiplexed };
        let mut decoder = FrameDecoder::new(mode);
        let mut buffer = vec![0; READ_SIZE];
        let mut is_quiet = false;
        loop {
            if !self.is_wanted() {
                return Stop::Unwanted;
            }
            let next = source.next(&mut buffer);
            let chunk = if is_quiet {
                next.await
            } else {
                match crate::base::timeout(QUIET, next).await {
                    Ok(chunk) => chunk,
                    Err(_) => {
                        self.watchers.iter_mut().for_each(|watcher| watcher.look(LogMatcher::idle));
                        is_quiet = true;
                        continue;
                    }
                }
            };
            is_quiet = false;
            let Ok(chunk) = chunk else { return Stop::Broken };
            let Some(chunk) = chunk else {
                return if decoder.finish().is_ok() { Stop::Over } else { Stop::Broken };
            };
            if decoder.decode(chunk.as_ref(), |stream, bytes| self.feed(stream, bytes)).is_err() {
                return Stop::Broken;
            }
        }
    }

    fn feed(&mut self, stream: LogStream, bytes: &[u8]) {
        let mut collected = lock(&self.collected);
        if std::mem::take(&mut self.starts_over) {
            *collected = Collected::default();
        }
        match stream {
            LogStream::Stdout => collected.stdout.push(bytes, self.keep),
            LogStream::Stderr => collected.stderr.push(bytes, self.keep),
        }
        drop(collected);
        for watcher in &mut self.watchers {
            watcher.look(|matcher| matcher.feed(stream, bytes));
        }
    }

    fn is_wanted(&mut self) -> bool {
        self.watchers.retain(Watcher::is_wanted);
        matches!(self.keep, Retain::Head(_)) || !self.watchers.is_empty()
    }

    /// Finishes the searches, since the last line may have no end.
    fn end(&mut self) {
        self.watchers.iter_mut().for_each(|watcher| watcher.look(LogMatcher::finish));
        self.tell_all(|| LogOutcome::Ended);
    }

    fn tell_all(&mut self, outcome: impl Fn() -> LogOutcome) {
        self.watchers.iter_mut().for_each(|watcher| watcher.tell(outcome()));
    }

    fn start_over(&mut self) {
        // The kept output is replaced only once there is new output, since there may be no log.
        self.starts_over = true;
        self.watchers.iter_mut().for_each(Watcher::reset);
    }
}
