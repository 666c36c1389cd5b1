//! Runs one case: from its start to the end of its process and of all descendants.

use super::ending::Outcome;
use super::fd::{Fd, POLLIN, POLLOUT, Poll, poll};
use super::launch::launch;
use super::lists::Lists;
use super::process::{self, Children, Ended, Usage, now};
use super::sweep::sweep;
use super::sys::EAGAIN;
use super::wire::end::{End, How, Refusal, Stage};
use super::wire::frame::{Frame, Kind, LONGEST, WINDOW, credit_of};
use super::wire::spec::Spec;
use super::worker::Worker;

/// The buffer for output that is discarded.
static mut DISCARDED: [u8; 64 * 1024] = [0; 64 * 1024];

/// Runs a case and sends its result.
///
/// # Errors
/// Returns the reason if it could not be started.
pub(crate) fn run(
    worker: &mut Worker,
    number: u32,
    spec: &Spec<'static>,
    lists: &Lists,
) -> Result<(), Refusal> {
    let missing = |errno| Refusal { stage: Stage::Resources, errno };
    worker.input.clear();
    let (stdout, stdout_end) = Fd::pipe().map_err(missing)?;
    let (stderr, stderr_end) = Fd::pipe().map_err(missing)?;
    let input = if spec.settings.has_stdin { Some(Fd::pipe().map_err(missing)?) } else { None };
    let (stdin_end, stdin) = input.map_or((None, None), |(read, write)| (Some(read), Some(write)));
    let began = now();
    let stdin_of_case = stdin_end.as_ref().unwrap_or(&worker.empty_stdin);
    let pid = launch(spec, lists, [stdin_of_case, &stdout_end, &stderr_end])?;
    drop((stdin_end, stdout_end, stderr_end));
    [Some(&stdout), Some(&stderr), stdin.as_ref()].into_iter().flatten().for_each(Fd::set_nonblocking);
    let limit = spec.settings.limit;
    let case = Running {
        worker,
        number,
        main: Main { pid, status: None, ended_at: 0, usage: Usage::default() },
        began,
        deadline: match spec.settings.timeout {
            0 => None,
            timeout => Some(began.saturating_add(timeout)),
        },
        forced: None,
        truncated: false,
        stdin,
        stdout: Stream { kind: Kind::Stdout, fd: Some(stdout), room: limit, credit: WINDOW },
        stderr: Stream { kind: Kind::Stderr, fd: Some(stderr), room: limit, credit: WINDOW },
    };
    case.follow();
    Ok(())
}

/// The case's main process, and the resources that its processes used which have ended.
struct Main {
    pid: i32,
    status: Option<i32>,
    ended_at: u64,
    usage: Usage,
}

impl Main {
    fn record(&mut self, ended: &Ended) {
        self.usage.add(ended.usage);
        if ended.pid == self.pid {
            (self.status, self.ended_at) = (Some(ended.status), now());
        }
    }

    /// Reaps all children that have ended. Returns `true` if some still run.
    fn reap(&mut self) -> bool {
        loop {
            match process::reap() {
                Children::Ended(ended) => self.record(&ended),
                Children::Running => return true,
                Children::None => return false,
            }
        }
    }
}

/// An output stream.
struct Stream {
    kind: Kind,
    fd: Option<Fd>,
    /// The number of bytes up to the limit of kept output.
    room: u64,
    /// The number of bytes that may be sent before the library grants more.
    credit: u32,
}

impl Stream {
    /// Returns `true` if a read piece can be sent or discarded at once.
    fn is_readable(&self, is_outbox_empty: bool) -> bool {
        self.room == 0 || self.credit > 0 && is_outbox_empty
    }

    fn poll(&self, is_outbox_empty: bool) -> Poll {
        match &self.fd {
            Some(fd) if self.is_readable(is_outbox_empty) => Poll::new(fd, POLLIN),
            _ => Poll::NONE,
        }
    }
}

struct Running<'a> {
    worker: &'a mut Worker,
    number: u32,
    main: Main,
    began: u64,
    deadline: Option<u64>,
    /// The reason to kill it, if there is one.
    forced: Option<How>,
    truncated: bool,
    stdin: Option<Fd>,
    stdout: Stream,
    stderr: Stream,
}

impl Running<'_> {
    fn follow(mut self) {
        while self.main.status.is_none() && self.forced.is_none() {
            self.step();
        }
        self.stdin = None;
        let outcome = self.kill_rest();
        if outcome.left == 0 {
            self.drain();
        }
        let how = match (self.forced, self.main.status) {
            (Some(how), _) => how,
            (None, Some(status)) if status & 0x7f == 0 => How::Exited(status >> 8 & 0xff),
            (None, status) => How::Signalled(status.unwrap_or_default() & 0x7f),
        };
        let ended_at = if self.main.status.is_some() { self.main.ended_at } else { now() };
        let Usage { user, system, max_rss } = self.main.usage;
        let end = End {
            how,
            elapsed: ended_at.saturating_sub(self.began),
            cpu_user: user,
            cpu_system: system,
            max_rss,
            ended: outcome.ended,
            left: outcome.left,
            truncated: self.truncated,
        };
        self.worker.send(Kind::End, self.number, &end.to_bytes());
    }

    /// Waits for one or more events, and handles them.
    fn step(&mut self) {
        self.worker.outbox.flush();
        let is_empty = self.worker.outbox.is_empty();
        let mut polls = [
            Poll::new(&self.worker.children, POLLIN),
            Poll::new(&self.worker.control, POLLIN),
            self.stdout.poll(is_empty),
            self.stderr.poll(is_empty),
            match &self.stdin {
                Some(stdin) if !self.worker.input.waiting().is_empty() => Poll::new(stdin, POLLOUT),
                _ => Poll::NONE,
            },
            if is_empty { Poll::NONE } else { Poll::new(self.worker.outbox.fd(), POLLOUT) },
        ];
        poll(&mut polls, self.deadline.map(|deadline| deadline.saturating_sub(now())));
        let [children, control, stdout, stderr, stdin, _] = polls.map(|poll| poll.is_ready());
        if control {
            self.handle_frame();
        }
        if stdin {
            self.feed();
        }
        if stdout {
            self.pull(Kind::Stdout);
        }
        if stderr {
            self.pull(Kind::Stderr);
        }
        if children {
            // The signal is only a hint: `reap` asks the kernel for all children that have ended.
            self.worker.children.read(&mut [0; 128]).ok();
            self.main.reap();
        }
        let is_late = self.deadline.is_some_and(|deadline| now() >= deadline);
        if is_late && self.main.status.is_none() && self.forced.is_none() {
            self.forced = Some(How::TimedOut);
        }
    }

    /// Receives a frame and handles it, unless it is for an earlier case.
    fn handle_frame(&mut self) {
        let mut message = [0; LONGEST];
        let length = self.worker.receive(&mut message);
        let Ok(Some((frame, _))) = Frame::parse(&message[..length]) else { return };
        if frame.number != self.number {
            return;
        }
        match frame.kind {
            Kind::Cancel => {
                self.forced.get_or_insert(How::Cancelled);
                // The output of a cancelled case is discarded.
                (self.stdout.room, self.stderr.room) = (0, 0);
            }
            Kind::Credit => match credit_of(frame.payload) {
                Some((Kind::Stdout, bytes)) => self.stdout.credit = self.stdout.credit.saturating_add(bytes),
                Some((Kind::Stderr, bytes)) => self.stderr.credit = self.stderr.credit.saturating_add(bytes),
                _ => {}
            },
            Kind::Stdin if frame.payload.is_empty() => {
                self.worker.input.is_closed = true;
                self.feed();
            }
            Kind::Stdin => {
                self.worker.input.push(frame.payload);
                self.feed();
            }
            _ => {}
        }
    }

    /// Writes received input to the case as far as its pipe has room, and closes the pipe at the end of input.
    fn feed(&mut self) {
        let Some(stdin) = &self.stdin else { return };
        let waiting = self.worker.input.waiting();
        if !waiting.is_empty() {
            match stdin.write(waiting) {
                Ok(length) => self.worker.input.take(length),
                Err(EAGAIN) => {}
                // The case has closed its standard input.
                Err(_) => {
                    self.stdin = None;
                    return;
                }
            }
        }
        let input = &mut self.worker.input;
        if input.is_closed && input.waiting().is_empty() {
            self.stdin = None;
        } else if self.worker.outbox.is_empty()
            && let Some(bytes) = input.credit()
        {
            let payload = super::wire::frame::credit(Kind::Stdin, bytes);
            self.worker.outbox.push(Kind::Credit, self.worker.slot, self.number, &payload);
        }
    }

    /// Reads a piece of output and sends or discards it. Returns `true` if there was one.
    fn pull(&mut self, kind: Kind) -> bool {
        let stream = if kind == Kind::Stdout { &mut self.stdout } else { &mut self.stderr };
        let Some(fd) = &stream.fd else { return false };
        if !stream.is_readable(self.worker.outbox.is_empty()) {
            return false;
        }
        let read = if stream.room == 0 {
            // SAFETY: there is one thread, and the buffer is never read.
            let read = fd.read(unsafe { &mut *(&raw mut DISCARDED) });
            self.truncated |= matches!(read, Ok(1..));
            read
        } else {
            let most = usize::try_from(stream.room).unwrap_or(usize::MAX).min(stream.credit as usize);
            let read = self.worker.outbox.fill(stream.kind, self.worker.slot, self.number, most, fd);
            if let Ok(length) = read {
                stream.room -= length as u64;
                stream.credit -= length as u32;
            }
            read
        };
        match read {
            Ok(1..) => true,
            Err(EAGAIN) => false,
            Ok(_) | Err(_) => {
                stream.fd = None;
                false
            }
        }
    }

    /// Kills the processes of the case that still run.
    fn kill_rest(&mut self) -> Outcome {
        if !self.main.reap() && self.worker.adopts {
            return Outcome::default();
        }
        let is_main_running = self.main.status.is_none();
        let main = &mut self.main;
        let mark = self.worker.mark.map(|mark| mark.with_session(main.pid));
        let mut outcome = sweep(mark.as_ref(), &|_| false, &mut |ended| main.record(ended));
        if is_main_running {
            outcome.ended = outcome.ended.saturating_sub(1);
        }
        outcome
    }

    /// Sends the output that is still in the pipes. All of the case's processes have ended.
    fn drain(&mut self) {
        loop {
            self.worker.outbox.flush();
            let has_more = [Kind::Stdout, Kind::Stderr].map(|kind| {
                let has_come = self.pull(kind);
                let stream = if kind == Kind::Stdout { &mut self.stdout } else { &mut self.stderr };
                let is_held_back =
                    stream.fd.is_some() && !has_come && !stream.is_readable(self.worker.outbox.is_empty());
                if !has_come && !is_held_back {
                    stream.fd = None;
                }
                has_come || is_held_back
            });
            if !has_more.contains(&true) {
                return;
            }
            let is_empty = self.worker.outbox.is_empty();
            let is_held_back = |stream: &Stream| stream.fd.is_some() && stream.room > 0 && stream.credit == 0;
            if is_empty && (is_held_back(&self.stdout) || is_held_back(&self.stderr)) {
                let mut polls = [Poll::new(&self.worker.control, POLLIN)];
                poll(&mut polls, None);
                self.handle_frame();
            } else if !is_empty {
                self.worker.outbox.flush();
                if !self.worker.outbox.is_empty() {
                    let mut polls = [
                        Poll::new(self.worker.outbox.fd(), POLLOUT),
                        Poll::new(&self.worker.control, POLLIN),
                    ];
                    poll(&mut polls, None);
                    if polls[1].is_ready() {
                        self.handle_frame();
                    }
                }
            }
        }
    }
}
