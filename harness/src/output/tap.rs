//! Reads a container's output on the background thread: feeds it to those who wait for something in it, keeps the
//! last of it, and lets go as soon as nobody needs it, so that the container is never held back.

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

/// How much is read at once. A busy container fills it, which keeps the wake-ups few.
const READ_SIZE: usize = 64 * 1024;
/// After so long without output, an unfinished line counts as what it is: a prompt.
const QUIET: Duration = Duration::from_millis(50);
/// How long a container whose output has ended may take to end itself, before it counts as one that goes on.
const ENDING: Duration = Duration::from_millis(500);
/// How often the log of a container that has ended is read again because it broke off.
const REREADS: usize = 3;

/// What became of one log wait.
#[derive(Debug)]
pub(crate) enum LogOutcome {
    Matched(LogMatch),
    /// The output ended without it.
    Ended,
    /// The output could not be read.
    Failed(String),
}

/// Makes a matcher that has seen nothing; none if there is nothing to look for.
type Fresh = Box<dyn Fn() -> Option<LogMatcher> + Send + Sync>;

/// A search for something in the output, with the channel to the wait that wants it.
pub(crate) struct Watcher {
    fresh: Fresh,
    is_from_now: bool,
    matcher: Option<LogMatcher>,
    seen: Arc<AtomicUsize>,
    done: Option<oneshot::Sender<LogOutcome>>,
}

impl Watcher {
    /// Makes a search by `fresh`, which counts its matches in `seen`; `is_from_now` if what was printed before does not
    /// count.
    pub(crate) fn new(
        fresh: impl Fn() -> Option<LogMatcher> + Send + Sync + 'static,
        is_from_now: bool,
        seen: Arc<AtomicUsize>,
    ) -> (Self, oneshot::Receiver<LogOutcome>) {
        let (done, outcome) = oneshot::channel();
        let matcher = fresh();
        (Self { fresh: Box::new(fresh), is_from_now, matcher, seen, done: Some(done) }, outcome)
    }

    /// Starts over, for a source that begins at the beginning again.
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

    /// Whether it wants only what is printed from now on.
    pub(crate) fn is_from_now(&self) -> bool {
        self.is_from_now
    }

    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool {
        self.done.as_ref().is_some_and(|done| !done.is_closed())
    }
}

/// A container's output being read; dropping it ends the reading.
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
    /// Reads from a connection that is attached already: what is printed from then on. Should it break, the log is
    /// read from the beginning of this run.
    ///
    /// Returns the tap, and what tells that the reading is over.
    pub(crate) fn attached(
        target: Target,
        connection: Upgraded,
        watchers: Vec<Watcher>,
        keep: Retain,
    ) -> (Self, oneshot::Receiver<()>) {
        Self::reading(target, Some(Source::Attached(connection)), watchers, keep, None)
    }

    /// As [`attached`](Self::attached); should the connection break, the log is read from this time on.
    pub(crate) fn attached_at(
        time: SystemTime,
        target: Target,
        connection: Upgraded,
        watchers: Vec<Watcher>,
    ) -> (Self, oneshot::Receiver<()>) {
        Self::reading(target, Some(Source::Attached(connection)), watchers, Retain::Tail, Some(time))
    }

    /// Reads the log from the beginning of this run.
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

    /// The kept ends of stdout and stderr, as they are now.
    pub(crate) fn tails(&self) -> (Vec<u8>, Vec<u8>) {
        let collected = lock(&self.collected);
        (collected.stdout.bytes.clone(), collected.stderr.bytes.clone())
    }

    /// Takes what was kept until now.
    pub(crate) fn take(&self) -> Collected {
        std::mem::take(&mut lock(&self.collected))
    }
}

fn lock(collected: &Mutex<Collected>) -> std::sync::MutexGuard<'_, Collected> {
    collected.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The reading itself.
struct Reader {
    target: Target,
    watchers: Vec<Watcher>,
    keep: Retain,
    /// What is older is not looked at when the log has to be read; by our clock, of which an engine elsewhere may
    /// have another.
    not_before: Option<SystemTime>,
    /// Whether the next that is read is the beginning once more.
    starts_over: bool,
    collected: Arc<Mutex<Collected>>,
}

/// Why a source gave no more.
enum Stop {
    /// Nobody waits any more.
    Unwanted,
    /// The output ended, or the connection broke between two frames: the container's state tells which.
    Over,
    /// The connection broke, and there was more.
    Broken,
}

impl Reader {
    async fn run(mut self, first: Option<Source>) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
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
                // An engine that is away for a moment says nothing about the log; a container that is gone, all.
                Err(error) if error.is_not_found() => false,
                Err(error) if error.status().is_none() => true,
                Err(_) if self.has_ended().await => return self.end(),
                Err(error) => return self.tell_all(|| LogOutcome::Failed(error.to_string())),
            };
            if self.has_ended().await {
                if !has_more || rereads == REREADS {
                    return self.end();
                }
                rereads += 1;
            }
            // It runs still (it closed its output, was restarted, or the connection broke), or it left more than we
            // have. The log has all of it.
            tokio::time::sleep(backoff.next()).await;
            self.start_over();
        }
    }

    async fn follow_log(&self) -> Result<crate::engine::Bodies> {
        let state = self.target.inspect().await?.state;
        let run = state.log_since(self.target.ran_before());
        // None is less than any time.
        let since = run.max(self.not_before).map(crate::words::engine_seconds);
        let request =
            LogRequest { stdout: true, stderr: true, follow: true, timestamps: false, tail: None, since };
        self.target.logs(&request).await
    }

    /// Reads one source until it ends or nobody waits.
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
                match tokio::time::timeout(QUIET, next).await {
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

    /// Whether the container has ended for good. Its output ends a moment before the engine says so.
    async fn has_ended(&self) -> bool {
        match tokio::time::timeout(ENDING, self.target.wait_not_running()).await {
            Err(_) => return false,
            Ok(Err(error)) => return error.is_not_found(),
            Ok(Ok(_)) => {}
        }
        match self.target.inspect().await {
            Ok(info) => !info.state.is_running() && !info.state.is_restarting(),
            Err(error) => error.is_not_found(),
        }
    }

    /// The last line may have had no end.
    fn end(&mut self) {
        self.watchers.iter_mut().for_each(|watcher| watcher.look(LogMatcher::finish));
        self.tell_all(|| LogOutcome::Ended);
    }

    fn tell_all(&mut self, outcome: impl Fn() -> LogOutcome) {
        self.watchers.iter_mut().for_each(|watcher| watcher.tell(outcome()));
    }

    fn start_over(&mut self) {
        // What is kept stays until there is something in its place: there may be no log.
        self.starts_over = true;
        self.watchers.iter_mut().for_each(Watcher::reset);
    }
}
