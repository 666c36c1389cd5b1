//! `agent serve` and `agent main`: read cases from standard input and pass each to the worker of its slot.
//!
//! A worker is a process that is forked at the first case of its slot, is used again for later ones, and writes its
//! answers to standard output itself. This process forwards frames, and reports cases whose worker died. As a
//! container's main process it also keeps the container running: it continues after the end of standard input, reaps
//! all orphans, and exits at once on a signal to terminate.

use super::fd::{Fd, POLLIN, POLLOUT, Poll, poll};
use super::lists::Environment;
use super::mark::Mark;
use super::outbox::Outbox;
use super::process::{self, Children, Ended};
use super::sweep::sweep;
use super::sys::{self, SIGCHLD, SIGPIPE};
use super::wire::end::{Refusal, Stage};
use super::wire::frame::{Frame, Kind, SLOTS, VERSION, hello, version_of};
use super::worker::work;

const BUFFER: usize = 64 * 1024;
/// The limit for workers to end their cases after the end of standard input: a number of polls, 10 ms apart.
const LOOKS: u32 = 500;

/// The signal mask for the ends of child processes.
const CHILDREN: u64 = 1 << (SIGCHLD - 1);
/// The signal mask of the requests to terminate: `SIGHUP`, `SIGINT`, `SIGQUIT` and `SIGTERM`. The kernel does not
/// deliver them to a container's main process unless that handles or blocks them.
const ENDS: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 14;
/// The signal mask of all signals. `SIGKILL` and `SIGSTOP` cannot be blocked.
const ALL: u64 = u64::MAX;

static mut INCOMING: [u8; BUFFER] = [0; BUFFER];
static mut SLOTS_USED: Slots = Slots([const { Slot { worker: None, number: 0 } }; SLOTS]);

struct Slot {
    /// The worker's process id, and the socket to it.
    worker: Option<(i32, Fd)>,
    /// The number of the last case.
    number: u32,
}

struct Slots([Slot; SLOTS]);

impl Slots {
    /// Removes the worker with this process id, and returns its slot and the number of its case.
    fn take(&mut self, pid: i32) -> Option<(u8, u32)> {
        let is_its = |slot: &Slot| slot.worker.as_ref().is_some_and(|(worker, _)| *worker == pid);
        let (at, slot) = self.0.iter_mut().enumerate().find(|(_, slot)| is_its(slot))?;
        slot.worker = None;
        Some((at as u8, slot.number))
    }
}

struct Server {
    stdin: Fd,
    children: Fd,
    outbox: Outbox,
    slots: &'static mut Slots,
    environment: Environment,
    /// `true` if the kernel makes orphans of dead workers children of this process.
    adopts: bool,
    /// `true` as a container's main process.
    is_main: bool,
}

/// Serves until the end of standard input; as a main process, until a signal to terminate.
pub(crate) fn serve(environment: Environment, is_main: bool) -> ! {
    // A case may send signals to all processes that it can see, so all signals that can be blocked are.
    process::block_signals(ALL);
    let mask = if is_main { CHILDREN | ENDS } else { CHILDREN };
    process::ignore_signal(SIGPIPE, true);
    let adopts = process::adopt_orphans();
    let Ok(children) = Fd::signals(mask) else {
        fail(b"agent: the kernel lacks signalfd\n", 4);
    };
    // SAFETY: there is one thread, and this is called once.
    let (slots, incoming) = unsafe { (&mut *(&raw mut SLOTS_USED), &mut *(&raw mut INCOMING)) };
    let outbox = Outbox::new(Fd::adopt(1));
    outbox.fd().set_nonblocking();
    let mut server = Server { stdin: Fd::adopt(0), children, outbox, slots, environment, adopts, is_main };
    server.outbox.push(Kind::Hello, 0, 0, &hello());
    let mut length = 0;
    loop {
        server.outbox.flush();
        let is_empty = server.outbox.is_empty();
        let mut polls = [
            Poll::new(&server.stdin, POLLIN),
            Poll::new(&server.children, POLLIN),
            if is_empty { Poll::NONE } else { Poll::new(server.outbox.fd(), POLLOUT) },
        ];
        poll(&mut polls, None);
        if polls[0].is_ready() {
            match server.stdin.read(&mut incoming[length..]) {
                Ok(0) | Err(_) => server.finish(),
                Ok(read) => length += read,
            }
            let taken = server.take(&incoming[..length]);
            incoming.copy_within(taken..length, 0);
            length -= taken;
        }
        if polls[1].is_ready() {
            server.reap_workers();
        }
    }
}

impl Server {
    /// Forwards all whole frames and returns their length in bytes.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        loop {
            match Frame::parse(&bytes[taken..]) {
                Ok(Some((frame, length))) => {
                    self.pass_on(&frame, &bytes[taken..taken + length]);
                    taken += length;
                }
                Ok(None) => return taken,
                Err(_) => {
                    sys::write(2, b"agent: standard input has an invalid frame\n");
                    self.finish();
                }
            }
        }
    }

    fn pass_on(&mut self, frame: &Frame<'_>, bytes: &[u8]) {
        if frame.kind == Kind::Hello {
            if version_of(frame.payload) != Some(VERSION) {
                fail(b"agent: the library has another protocol version\n", 5);
            }
            if self.is_main {
                // No client may have been connected when the first hello was sent.
                self.outbox.push(Kind::Hello, 0, 0, &hello());
            }
            return;
        }
        let at = usize::from(frame.slot);
        if frame.kind == Kind::Run {
            self.slots.0[at].number = frame.number;
            if self.slots.0[at].worker.is_none()
                && let Err(errno) = self.fork_worker(frame.slot)
            {
                let refusal = Refusal { stage: Stage::Resources, errno };
                self.outbox.push(Kind::Refused, frame.slot, frame.number, &refusal.to_bytes());
                return;
            }
        }
        if let Some((_, control)) = &self.slots.0[at].worker {
            // A write to a dead worker fails; its death is handled with `SIGCHLD`.
            control.write(bytes).ok();
        }
    }

    fn fork_worker(&mut self, slot: u8) -> Result<(), i32> {
        let (ours, its) = Fd::pair()?;
        match process::fork()? {
            0 => {
                // Workers detect the death of this process by the end of their sockets, so no worker may inherit
                // this process's ends of them.
                drop(ours);
                self.slots.0.iter_mut().for_each(|slot| slot.worker = None);
                work(slot, its, self.environment)
            }
            pid => {
                self.slots.0[usize::from(slot)].worker = Some((pid, ours));
                Ok(())
            }
        }
    }

    /// Kills the processes that dead workers left, and reports their cases as lost.
    fn reap_workers(&mut self) {
        self.take_signal();
        // A case may have stopped other workers.
        for (worker, _) in self.slots.0.iter().filter_map(|slot| slot.worker.as_ref()) {
            process::continue_stopped(*worker);
        }
        let mut lost: [Option<(u32, i32)>; SLOTS] = [None; SLOTS];
        let mut has_lost = false;
        while let Children::Ended(ended) = process::reap() {
            has_lost |= record_lost(self.slots, &mut lost, &ended);
        }
        if !has_lost {
            return;
        }
        // If a worker dies during a sweep, another sweep follows.
        loop {
            let workers: [i32; SLOTS] =
                core::array::from_fn(|at| self.slots.0[at].worker.as_ref().map_or(0, |(pid, _)| *pid));
            let slots = &mut *self.slots;
            let mut has_more = false;
            let mut left = 0;
            let marks = lost.map(|lost| lost.filter(|_| !self.adopts).map(|(case, pid)| Mark::of(case, pid)));
            let marks = marks.iter().flatten().map(Some);
            for mark in marks.chain(self.adopts.then_some(None)) {
                let outcome = sweep(mark, &|pid| workers.contains(&pid), &mut |ended| {
                    has_more |= record_lost(slots, &mut lost, ended);
                });
                left += outcome.left;
            }
            if has_more {
                continue;
            }
            for (slot, lost) in (0..).zip(lost) {
                if let Some((number, _)) = lost {
                    self.outbox.push(Kind::Lost, slot, number, &left.to_le_bytes());
                }
            }
            return;
        }
    }

    /// Reads a pending signal. One to terminate ends this process, and with a main process its container.
    fn take_signal(&self) {
        // The kernel's `struct signalfd_siginfo`: the first word is the signal's number, the fourth its sender, which
        // is 0 outside of the container.
        let mut signal = [0; 128];
        if self.children.read(&mut signal).is_err() || i32::from(signal[0]) == SIGCHLD {
            return;
        }
        // A container's main process, or the child of its init, accepts signals from outside and from its parent, but
        // not from cases.
        let sender = i32::from_le_bytes([signal[12], signal[13], signal[14], signal[15]]);
        let is_first = sys::pid() == 1 || sys::parent() == 1;
        if !is_first || sender == 0 || sender == sys::parent() {
            sys::exit(128 + signal[0]);
        }
    }

    /// Handles the end of standard input: has the workers end their cases, then exits or, as a main process, stays.
    fn finish(&mut self) -> ! {
        // Workers notice that their sockets are closed.
        let mut count = 0;
        for slot in &mut self.slots.0 {
            if let Some((_, control)) = slot.worker.take() {
                drop(control);
                count += 1;
            }
        }
        let mut looks = 0;
        while count > 0 && looks < LOOKS {
            match process::reap() {
                Children::Ended(_) => {}
                Children::Running => {
                    looks += 1;
                    sys::pause(10);
                }
                Children::None => count = 0,
            }
        }
        if self.is_main {
            self.stay();
        }
        sweep(None, &|_| false, &mut |_| {});
        sys::exit(0)
    }

    /// Keeps the container running, and reaps orphans. Other processes in the container are left alone.
    fn stay(&self) -> ! {
        loop {
            while let Children::Ended(_) = process::reap() {}
            poll(&mut [Poll::new(&self.children, POLLIN)], None);
            self.take_signal();
        }
    }
}

/// Records the case of a worker that ended. Returns `true` if the process was a worker.
fn record_lost(slots: &mut Slots, lost: &mut [Option<(u32, i32)>; SLOTS], ended: &Ended) -> bool {
    let Some((slot, number)) = slots.take(ended.pid) else { return false };
    lost[usize::from(slot)] = Some((number, ended.pid));
    true
}

fn fail(reason: &[u8], code: u8) -> ! {
    sys::write(2, reason);
    sys::exit(code)
}
